"""What an experiment comes to, and what makes no sense."""

import json
from pathlib import Path

import pytest

from launcher import groups, hardware, placing
from launcher.errors import NotApplicable
from launcher.experiment import Experiment
from results.errors import UserError
from tests.runs import experiment


@pytest.mark.parametrize("strategy", [each for each in groups.members("strategy") if each != "tpu"])
@pytest.mark.parametrize("workload", groups.members("workload"))
def test_json_gives_an_equal_experiment_back(strategy: str, workload: str) -> None:
    asked = experiment(f"strategy={strategy}", f"workload={workload}", "until.seconds=5")
    assert Experiment.from_dict(json.loads(json.dumps(asked.to_dict()))) == asked


@pytest.mark.parametrize("source", groups.members("source"))
def test_every_source_resolves_for_a_workload_that_takes_anything(source: str) -> None:
    needed = {"tfds": ["source.parameters.name=mnist"], "stored": ["source.parameters.path=there"]}
    own = "workload._target_=results.errors.nearest"
    assert experiment(own, f"source={source}", *needed.get(source, [])).source.name == source


def test_parameter_that_has_no_value_is_asked_for() -> None:
    with pytest.raises(UserError, match=r"source\.parameters\.name=: .* give one"):
        experiment("source=tfds")


@pytest.mark.parametrize(
    ("words", "batch"),
    [
        ("strategy=mirrored workers=4 batch.per_replica=8", (8, 32, 4)),
        ("strategy=mirrored workers=4 batch.total=64", (16, 64, 4)),
        ("strategy=multiworker workers=2 batch.total=64", (32, 64, 2)),
        ("strategy=parameter_server workers=2 ps=3 batch.per_replica=5", (5, 10, 2)),
        ("batch.total=7", (7, 7, 1)),
    ],
)
def test_one_batch_size_gives_the_other(words: str, batch: tuple[int, int, int]) -> None:
    found = experiment(*words.split()).batch
    assert (found.per_replica, found.total, found.replicas) == batch


def test_workload_says_what_is_usual_until_the_command_line_does() -> None:
    usual = experiment()
    assert usual.batch.per_replica == 32
    assert usual.until.steps is not None
    assert experiment("until.seconds=5").until.steps is None


def test_servers_are_counted_only_where_the_strategy_has_them() -> None:
    assert experiment("strategy=parameter_server").ps == 1
    assert experiment("strategy=mirrored").ps == 0


def test_own_target_keeps_only_the_parameters_that_were_given_with_it() -> None:
    asked = experiment(
        "workload._target_=results.errors.nearest",
        "workload.parameters.hidden=7",
        "+workload.parameters.mine=3",
    )
    assert asked.workload.parameters == {"hidden": 7, "mine": 3}
    assert asked.workload.kind == "any"
    assert asked.workload.name == "results.errors.nearest"


def test_own_target_among_functions_of_a_module_below_a_package() -> None:
    assert experiment("workload._target_=results.statistics.batch_means.anything").workload.kind


@pytest.mark.parametrize(
    "words",
    [
        "strategy=one_device workers=2",
        "strategy=mirrored workers=3 batch.total=64",
        "source=text_bytes",
        "strategy=mirrored ps=2",
        "strategy=mirrored communication=ring",
        "strategy=multiworker communication=nccl devices=cpu",
        "strategy=parameter_server ps=2 ps_shards=2",
        "strategy=parameter_server ps=1 ps_shards=2 keras=2",
        "strategy=parameter_server deterministic=true",
        "strategy=parameter_server loop.jit_compile=true",
        "strategy=central_storage workers=2 loop.jit_compile=true",
        "strategy=parameter_server pipeline.cache=memory",
        "strategy=parameter_server pipeline.sharding=file",
        "strategy=parameter_server pipeline.service.workers=1",
        "strategy=mirrored devices=cpu gpus_per_task=1",
        "loop.accumulate=3",
        "deterministic=true pipeline.deterministic=false",
    ],
)
def test_values_that_make_no_sense_together_do_not_apply(words: str) -> None:
    with pytest.raises(NotApplicable):
        experiment(*words.split())


@pytest.mark.parametrize("words", ["workers=0", "until.steps=3", "keras=1", "seed=-1"])
def test_values_that_are_wrong_by_themselves_are_errors_in_a_sweep_too(words: str) -> None:
    with pytest.raises(UserError) as caught:
        experiment(*words.split())
    assert not isinstance(caught.value, NotApplicable)


def test_cache_folder_follows_the_user_unless_it_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert experiment().cache_folder == str(tmp_path / "distribute-bench")
    assert experiment("cache_folder=mine").cache_folder == str(Path.cwd() / "mine")


def test_restored_checkpoint_is_an_absolute_folder(tmp_path: Path) -> None:
    assert experiment(f"checkpoint.restore={tmp_path}").checkpoint.restore == str(tmp_path)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "visible_gpus", lambda: ("0", "1"))
    monkeypatch.setattr(placing, "has_cuda_libraries", lambda: True)


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("words", "devices", "gpus", "each"),
    [
        ("strategy=one_device", "gpu", ("0",), 1),
        ("strategy=mirrored workers=2", "gpu", ("0", "1"), 2),
        ("strategy=mirrored workers=4", "cpu", (), 0),
        ("strategy=multiworker workers=2", "gpu", ("0", "1"), 1),
        ("strategy=multiworker gpus_per_task=2", "gpu", ("0", "1"), 2),
        ("strategy=parameter_server workers=2", "gpu", ("0", "1"), 1),
        ("strategy=mirrored workers=2 devices=cpu", "cpu", (), 0),
    ],
)
def test_gpus_are_taken_where_there_are_enough(
    words: str, devices: str, gpus: tuple[str, ...], each: int
) -> None:
    asked = experiment(*words.split())
    assert (asked.devices, asked.gpus, asked.gpus_per_task) == (devices, gpus, each)


@pytest.mark.usefixtures("two_gpus")
def test_tasks_with_several_gpus_hold_as_many_replicas() -> None:
    assert experiment("strategy=multiworker", "gpus_per_task=2").batch.replicas == 2


@pytest.mark.usefixtures("two_gpus")
def test_gpus_that_are_asked_for_and_missing_are_refused() -> None:
    with pytest.raises(NotApplicable, match="4 GPUs are needed, 2 found"):
        experiment("strategy=mirrored", "workers=4", "devices=gpu")


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [(None, ("0", "1")), ("1", ("1",)), ("", ()), ("-1", ()), ("0,-1,1", ("0",))],
)
def test_gpus_hidden_by_the_user_are_not_seen(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None, seen: tuple[str, ...]
) -> None:
    monkeypatch.setattr(hardware, "_gpu_count", lambda: 2)
    if chosen is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert hardware.visible_gpus() == seen
