"""Which task a process is, by what a platform tells it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.engines.given.cluster import GivenCluster, check_fits, from_addresses, from_tf_config
from results.errors import UserError


def told(cluster: object, role: str = "worker", index: object = 0, **more: object) -> str:
    return json.dumps({"cluster": cluster, "task": {"type": role, "index": index}, **more})


# As platforms set it: TFJob v1 names services, and no chief where the job has none; Vertex AI adds
# what it knows of the job; SageMaker numbers its hosts from 1.
PLATFORMS = {
    "TFJob of workers": (
        told(
            {"worker": ["train-worker-0.ns.svc:2222", "train-worker-1.ns.svc:2222"]},
            index=1,
            environment="cloud",
        ),
        GivenCluster(
            "worker-0",
            ("chief-0", "worker-0"),
            ("train-worker-0.ns.svc:2222", "train-worker-1.ns.svc:2222"),
        ),
    ),
    "TFJob with servers": (
        told(
            {"ps": ["p:1"], "worker": ["w:1", "w:2"], "chief": ["c:1"], "evaluator": []},
            "ps",
        ),
        GivenCluster(
            "ps-0", ("chief-0", "worker-0", "worker-1", "ps-0"), ("c:1", "w:1", "w:2", "p:1")
        ),
    ),
    "Vertex AI": (
        told(
            {
                "chief": ["cmle-training-chief-1-0:2222"],
                "worker": ["cmle-training-worker-1-0:2222"],
            },
            environment="cloud",
            job={"python_version": "3.11"},
        ),
        GivenCluster(
            "worker-0",
            ("chief-0", "worker-0"),
            ("cmle-training-chief-1-0:2222", "cmle-training-worker-1-0:2222"),
        ),
    ),
    "a master": (
        told({"master": ["algo-1:2222"], "worker": ["algo-2:2222"]}, "master"),
        GivenCluster("chief-0", ("chief-0", "worker-0"), ("algo-1:2222", "algo-2:2222")),
    ),
    "SageMaker": (
        told({"worker": ["algo-1:8890", "algo-2:8890"]}, environment="cloud"),
        GivenCluster("chief-0", ("chief-0", "worker-0"), ("algo-1:8890", "algo-2:8890")),
    ),
}


@pytest.mark.parametrize(("text", "place"), PLATFORMS.values(), ids=PLATFORMS)
def test_platform_s_task_gets_the_name_that_it_has_here(text: str, place: GivenCluster) -> None:
    assert from_tf_config(text) == place


WRONG = {
    "not JSON": ("{cluster", "not JSON", "is needed"),
    "no object": ("[1]", "TF_CONFIG=[1]", "is needed"),
    "no cluster": (json.dumps({"task": {"type": "worker", "index": 0}}), "no cluster", "host:port"),
    "empty cluster": (told({"worker": []}), "no cluster", "host:port"),
    "no task": (json.dumps({"cluster": {"worker": ["a:1"]}}), "task is {}", '"index": 0'),
    "number as text": (told({"worker": ["a:1"]}, index="0"), '"index": "0"', "an index from 0"),
    "negative": (told({"worker": ["a:1"]}, index=-1), '"index": -1', "an index from 0"),
    "other role": (told({"worker": ["a:1"]}, "boss"), '"boss"', "chief, master, worker, ps"),
    "evaluator": (told({"worker": ["a:1"]}, "evaluator"), "evaluator", "leave evaluators out"),
    "evaluator in it": (
        told({"worker": ["a:1"], "evaluator": ["b:1"]}),
        "evaluator",
        "leave evaluators out",
    ),
    "not in it": (told({"worker": ["a:1", "b:1"]}, index=2), "worker 2", "worker 0 to 1"),
    "role not in it": (told({"worker": ["a:1"]}, "ps"), "ps 0", "worker 0 to 0"),
    "two chiefs": (told({"chief": ["a:1", "b:1"]}, "chief"), "a:1, b:1", "one is needed"),
    "chief and master": (
        told({"chief": ["a:1"], "master": ["b:1"]}, "chief"),
        "a:1, b:1",
        "one is needed",
    ),
    "servers alone": (told({"ps": ["a:1"]}, "ps"), "only ps", "add a chief"),
    "sparse": (told({"worker": {"1": "a:1"}}, index=1), '{"1": "a:1"}', "a list"),
    "no port": (told({"worker": ["a", "b:1"]}), "a isn't host:port", "as in"),
    "no host": (told({"worker": [":1"]}), ":1 isn't host:port", "as in"),
    "two words": (told({"worker": ["my host:1"]}), "my host:1 isn't host:port", "as in"),
    "other digits": (told({"worker": ["a:１２"]}), "a:１２ isn't host:port", "as in"),
    "high port": (told({"worker": ["a:65536"]}), "a:65536", "as in"),
    "twice": (told({"worker": ["a:1", "a:1"]}), "a:1 is there twice", "of its own"),
}


@pytest.mark.parametrize(("text", "named", "right"), WRONG.values(), ids=WRONG)
def test_what_is_no_place_is_refused_in_one_line(text: str, named: str, right: str) -> None:
    with pytest.raises(UserError) as refused:
        from_tf_config(text)
    line = str(refused.value)
    assert line.startswith("TF_CONFIG")
    assert named in line
    assert right in line
    assert "\n" not in line


def test_pattern_stands_for_the_addresses_of_all_tasks() -> None:
    place = from_addresses("train-workers-0-%d.train:2222", 1, ["chief-0", "worker-0"])
    listed = ["train-workers-0-0.train:2222", "train-workers-0-1.train:2222"]
    assert place == GivenCluster("worker-0", ("chief-0", "worker-0"), tuple(listed))
    assert place == from_addresses(listed, 1, ["chief-0", "worker-0"])


@pytest.mark.parametrize(
    ("addresses", "index", "named", "right"),
    [
        ("train:2222", 0, "engine.addresses=train:2222", "%d is needed once"),
        ("%d:%d", 0, "engine.addresses=%d:%d", "%d is needed once"),
        ("a%d", 0, "a0 isn't host:port", "as in"),
        (7, 0, "engine.addresses=7", "a list of host:port"),
        (["a:1"], 0, "1 address for 1 chief and 1 worker", "give 2"),
        (["a:1", "b:1"], None, "engine.index=null", "JOB_COMPLETION_INDEX"),
        (["a:1", "b:1"], 2, "engine.index=2", "at most 1"),
    ],
)
def test_addresses_or_a_number_that_fit_no_task_are_refused(
    addresses: object, index: int | None, named: str, right: str
) -> None:
    with pytest.raises(UserError) as refused:
        from_addresses(addresses, index, ["chief-0", "worker-0"])
    assert named in str(refused.value)
    assert right in str(refused.value)


@pytest.mark.parametrize(
    ("cluster", "right"),
    [
        ({"worker": ["a:1", "b:1", "c:1"]}, "strategy=multiworker workers=3"),
        ({"chief": ["a:1"]}, "strategy=multiworker workers=1"),
        (
            {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"]},
            "strategy=parameter_server workers=2 ps=1",
        ),
    ],
)
def test_cluster_of_another_shape_is_refused_with_the_words_that_ask_for_it(
    cluster: dict[str, list[str]], right: str
) -> None:
    place = from_tf_config(told(cluster, next(iter(cluster))))
    with pytest.raises(UserError) as refused:
        check_fits(place, ["chief-0", "worker-0"], "strategy=multiworker workers=2")
    asked = "strategy=multiworker workers=2: this needs 1 chief and 1 worker, and"
    assert str(refused.value).startswith(asked)
    assert f"give {right}, or" in str(refused.value)
    check_fits(place, place.tasks, right)


def test_one_task_is_asked_for_in_the_singular() -> None:
    place = from_tf_config(told({"worker": ["a:1", "b:1"]}))
    with pytest.raises(UserError, match=r"this needs 1 chief, and the cluster that .* has 1 chief"):
        check_fits(place, ["chief-0"], "strategy=mirrored workers=2")


@given(workers=st.integers(1, 6), servers=st.integers(0, 3), chief=st.booleans())
def test_every_process_of_a_cluster_sees_the_same_one_and_is_another_task_of_it(
    workers: int, servers: int, chief: bool
) -> None:
    cluster = {"worker": [f"w{number}:1" for number in range(workers)]}
    if servers:
        cluster["ps"] = [f"p{number}:1" for number in range(servers)]
    if chief:
        cluster["chief"] = ["c:1"]
    places = [
        from_tf_config(told(cluster, role, index))
        for role, addresses in cluster.items()
        for index in range(len(addresses))
    ]
    own = [cluster[role][index] for role in cluster for index in range(len(cluster[role]))]
    assert len({(place.tasks, place.addresses) for place in places}) == 1
    assert sorted(place.task for place in places) == sorted(places[0].tasks)
    assert places[0].tasks[0] == "chief-0"
    for place, address in zip(places, own, strict=True):
        assert place.addresses[place.tasks.index(place.task)] == address
