"""The plan on tables of cases, and what holds for any of them."""

import dataclasses
import io
import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from input_pipelines.settings import ServiceSettings
from launcher.addresses import choose_addresses, host_address
from launcher.cluster_plan import (
    DATA_SERVICE,
    ClusterPlan,
    make_plan,
    nominal_places,
    tf_config,
)
from launcher.engines import Place
from launcher.experiment import Experiment, Strategy
from launcher.plan_table import print_plan
from results.errors import UserError
from tests.runs import experiment

_TOPOLOGIES = ("process", "workers", "servers")
_BASE = experiment("devices=cpu")


def _experiment(
    topology: str, workers: int = 1, ps: int = 1, gpus_per_task: int = 0, data_workers: int = 0
) -> Experiment:
    strategy = Strategy(name="any", build="a.b", loop="any", topology=topology, needs=None)
    gpus = tuple(f"GPU-{index}" for index in range(workers * gpus_per_task))
    service = ServiceSettings(workers=data_workers)
    return dataclasses.replace(
        _BASE,
        strategy=strategy,
        workers=workers,
        ps=ps,
        gpus=gpus,
        gpus_per_task=gpus_per_task,
        pipeline=dataclasses.replace(_BASE.pipeline, service=service),
    )


def _plan(
    *, topology: str, workers: int = 1, ps: int = 1, gpus_per_task: int = 0, data_workers: int = 0
) -> ClusterPlan:
    asked = _experiment(topology, workers, ps, gpus_per_task, data_workers)
    cluster = {"process": 0, "workers": workers, "servers": 1 + workers + ps}[topology]
    listening = cluster + 2 * data_workers
    return make_plan(asked, [f"host:{2000 + index}" for index in range(listening)])


@pytest.mark.parametrize(
    ("topology", "workers", "ps", "names"),
    [
        ("process", 4, 1, ["chief-0"]),
        ("workers", 1, 1, ["chief-0"]),
        ("workers", 3, 1, ["chief-0", "worker-0", "worker-1"]),
        ("servers", 2, 2, ["chief-0", "worker-0", "worker-1", "ps-0", "ps-1"]),
    ],
)
def test_tasks_of_each_topology(topology: str, workers: int, ps: int, names: list[str]) -> None:
    plan = _plan(topology=topology, workers=workers, ps=ps)
    assert [task.name for task in plan.tasks] == names


def test_one_process_has_no_tf_config_and_no_address() -> None:
    (task,) = _plan(topology="process", workers=4).tasks
    assert "TF_CONFIG" not in task.environment
    assert task.address is None


def test_tf_config_of_workers_is_as_tensorflow_documents_it() -> None:
    plan = _plan(topology="workers", workers=3)
    assert [json.loads(task.environment["TF_CONFIG"]) for task in plan.tasks] == [
        {
            "cluster": {"chief": ["host:2000"], "worker": ["host:2001", "host:2002"]},
            "task": {"type": role, "index": index},
        }
        for role, index in (("chief", 0), ("worker", 0), ("worker", 1))
    ]


def test_tf_config_of_a_parameter_server_names_the_whole_cluster() -> None:
    last = _plan(topology="servers", workers=2, ps=1).tasks[-1]
    assert json.loads(last.environment["TF_CONFIG"]) == {
        "cluster": {
            "chief": ["host:2000"],
            "worker": ["host:2001", "host:2002"],
            "ps": ["host:2003"],
        },
        "task": {"type": "ps", "index": 0},
    }


def test_tf_config_is_json_of_cluster_and_task() -> None:
    config = json.loads(tf_config({"chief": ["a:1"]}, "chief", 0))
    assert config == {"cluster": {"chief": ["a:1"]}, "task": {"type": "chief", "index": 0}}


def test_data_service_adds_a_dispatcher_and_data_workers_and_leaves_tf_config_alone() -> None:
    without, plan = (_plan(topology="workers", workers=2, data_workers=n) for n in (0, 2))
    service = plan.tasks[2:]
    assert [task.name for task in service] == ["dispatcher-0", "data_worker-0", "data_worker-1"]
    assert [task.addresses for task in service] == [
        ("host:2002", "host:2003"),
        ("host:2004",),
        ("host:2005",),
    ]
    assert not any("TF_CONFIG" in task.environment or task.gpus for task in service)
    configs = [[task.environment["TF_CONFIG"] for task in of.tasks[:2]] for of in (without, plan)]
    assert configs[0] == configs[1]
    assert DATA_SERVICE not in without.tasks[0].environment
    for task in plan.tasks:
        assert json.loads(task.environment[DATA_SERVICE]) == {
            "dispatcher": ["host:2002", "host:2003"],
            "data_worker": ["host:2004", "host:2005"],
        }


@pytest.mark.parametrize(
    ("cores", "shares"),
    [
        (2, [(0,), (1,), (), (), ()]),
        (4, [(0,), (1,), (), (2,), (3,)]),
        (9, [(0, 1), (2, 3), (), (4, 5), (6, 7)]),
    ],
)
def test_data_workers_have_cores_of_their_own_where_there_are_enough(
    cores: int, shares: list[tuple[int, ...]]
) -> None:
    plan = make_plan(_experiment("workers", workers=2, data_workers=2), cores=range(cores))
    assert [task.cores for task in plan.tasks] == shares


_PLANS = st.builds(
    _plan,
    topology=st.sampled_from(_TOPOLOGIES),
    workers=st.integers(1, 8),
    ps=st.integers(1, 4),
    gpus_per_task=st.integers(0, 1),
    data_workers=st.integers(0, 3),
)


@given(_PLANS)
def test_addresses_and_names_are_distinct(plan: ClusterPlan) -> None:
    addresses = [address for task in plan.tasks for address in task.addresses]
    assert len(set(addresses)) == len(addresses)
    assert len({task.name for task in plan.tasks}) == len(plan.tasks)


@given(_PLANS)
def test_each_task_finds_its_own_address_in_its_tf_config(plan: ClusterPlan) -> None:
    for task in plan.tasks:
        if "TF_CONFIG" in task.environment:
            told: dict[str, Any] = json.loads(task.environment["TF_CONFIG"])
            own = told["task"]
            assert told["cluster"][own["type"]][own["index"]] == task.address
            assert (own["type"], own["index"]) == (task.role, task.index)


@given(_PLANS)
def test_no_gpu_belongs_to_two_tasks(plan: ClusterPlan) -> None:
    given_away = [gpu for task in plan.tasks for gpu in task.gpus]
    assert len(set(given_away)) == len(given_away)
    seen = [task.environment["CUDA_VISIBLE_DEVICES"] for task in plan.tasks if task.gpus]
    assert len(set(seen)) == len(seen)


@given(st.integers(1, 8), st.integers(1, 4))
def test_coordinator_and_servers_get_no_gpu(workers: int, ps: int) -> None:
    plan = _plan(topology="servers", workers=workers, ps=ps, gpus_per_task=1)
    assert {task.role for task in plan.tasks if task.gpus} == {"worker"}
    for task in plan.tasks:
        if not task.gpus:
            assert task.environment["CUDA_VISIBLE_DEVICES"] == "-1"


@given(st.integers(1, 4), st.integers(1, 4))
def test_chief_and_workers_share_the_gpus_in_order(workers: int, each: int) -> None:
    plan = _plan(topology="workers", workers=workers, gpus_per_task=each)
    assert [gpu for task in plan.tasks for gpu in task.gpus] == list(range(workers * each))
    assert all(len(task.gpus) == each for task in plan.tasks)


@given(_PLANS)
def test_the_same_experiment_and_addresses_give_the_same_plan(plan: ClusterPlan) -> None:
    assert plan == dataclasses.replace(plan)
    environments = [task.environment["TF_USE_LEGACY_KERAS"] for task in plan.tasks]
    assert set(environments) == {"0"}


def test_keras_2_is_told_to_every_task() -> None:
    asked = dataclasses.replace(_experiment("servers", 2), keras=2)
    assert all(task.environment["TF_USE_LEGACY_KERAS"] == "1" for task in make_plan(asked).tasks)


@given(st.integers(0, 12))
def test_free_addresses_are_distinct(count: int) -> None:
    addresses = choose_addresses(count)
    assert len(set(addresses)) == count


def test_fixed_ports_count_upwards() -> None:
    assert choose_addresses(3, 9000) == ("127.0.0.1:9000", "127.0.0.1:9001", "127.0.0.1:9002")


def test_fixed_ports_beyond_the_last_are_refused() -> None:
    with pytest.raises(UserError, match=r"engine\.first_port=65535.*65534 at most"):
        choose_addresses(2, 65535)


def test_more_ports_than_there_are_is_told_in_a_line() -> None:
    with pytest.raises(UserError, match=r"workers: 60000 tasks need as many ports"):
        choose_addresses(60_000)


def test_private_ports_are_consecutive_and_none_is_tried() -> None:
    ports = [int(each.rpartition(":")[2]) for each in choose_addresses(3, private=True)]
    assert ports == [10_000, 10_001, 10_002]
    assert choose_addresses(2, first_port=2000, private=True)[1] == "127.0.0.1:2001"


@given(st.integers(0, 60_000))
def test_emulated_hosts_have_the_addresses_of_one_network_in_turn(number: int) -> None:
    assert host_address(number) == str(ipaddress.ip_network("10.77.0.0/16")[number + 1])


def test_of_many_tasks_only_the_first_are_told_the_whole_cluster_again() -> None:
    elsewhere = dataclasses.replace(_BASE.engine, name="slurm", elsewhere=True)
    asked = dataclasses.replace(_experiment("workers", workers=1024), engine=elsewhere)
    shown = io.StringIO()
    console = Console(file=shown, width=80)
    print_plan(asked, make_plan(asked, places=nominal_places(asked)), console)
    text = shown.getvalue()
    assert "host-of-worker-1022:10000" in text
    assert '"task": {"type": "worker", "index": 1022}' in text
    assert "Hosts and ports are known when the run begins" in text
    assert len(text) < 2_000_000


def test_tasks_of_one_host_share_its_cores_and_those_of_others_have_their_own() -> None:
    asked = _experiment("workers", workers=3)
    places = {
        "chief-0": Place("a", "10.0.0.1", (20_000,), (0, 1, 2, 3)),
        "worker-0": Place("a", "10.0.0.1", (20_001,), (0, 1, 2, 3)),
        "worker-1": Place("b", "10.0.0.2", (20_000,), (4, 5)),
    }
    plan = make_plan(asked, places=places)
    assert [task.address for task in plan.tasks] == [
        "10.0.0.1:20000",
        "10.0.0.1:20001",
        "10.0.0.2:20000",
    ]
    assert [task.cores for task in plan.tasks] == [(0, 1), (2, 3), ()]
    assert plan.tasks[0].environment["no_grpc_proxy"] == "127.0.0.1,localhost,10.0.0.1,10.0.0.2"


def test_data_service_is_planned_on_hosts_of_its_own_where_tasks_run_elsewhere() -> None:
    elsewhere = dataclasses.replace(_BASE.engine, name="ray", elsewhere=True)
    asked = dataclasses.replace(_experiment("workers", workers=2, data_workers=2), engine=elsewhere)
    plan = make_plan(asked, places=nominal_places(asked))
    assert [task.addresses for task in plan.tasks[2:]] == [
        ("host-of-dispatcher-0:10000", "host-of-dispatcher-0:10001"),
        ("host-of-data_worker-0:10000",),
        ("host-of-data_worker-1:10000",),
    ]


def test_gpus_of_other_hosts_are_left_to_who_has_told_the_task_of_them() -> None:
    elsewhere = dataclasses.replace(_BASE.engine, elsewhere=True)
    asked = dataclasses.replace(
        _experiment("workers", workers=2, gpus_per_task=2), engine=elsewhere
    )
    plan = make_plan(asked, places=nominal_places(asked))
    assert not any("CUDA_VISIBLE_DEVICES" in task.environment for task in plan.tasks)
    coordinated = dataclasses.replace(
        _experiment("servers", workers=1, gpus_per_task=1), engine=elsewhere
    )
    chief, worker, ps = make_plan(coordinated, places=nominal_places(coordinated)).tasks
    assert "CUDA_VISIBLE_DEVICES" not in worker.environment
    assert {each.environment["CUDA_VISIBLE_DEVICES"] for each in (chief, ps)} == {"-1"}
