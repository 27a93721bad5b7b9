"""What `engine=given` asks of a configuration: refused in one line, or resolved."""

import json
import os
from pathlib import Path

import pytest

from launcher.engines.given import KEPT_TF_CONFIG, TF_CONFIG
from results.errors import UserError
from tests.launcher.command_line import launch
from tests.runs import experiment

USUAL = ("strategy=multiworker", "workers=2", "engine=given")
TOLD = json.dumps({"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}})

WRONG = {
    "nothing said": ((), None, "TF_CONFIG isn't set", "engine.addresses"),
    "another shape": (("workers=3",), TOLD, "workers=3", "workers=2"),
    "two tellers": (
        ("engine.addresses=a%d:1", "engine.index=0"),
        TOLD,
        "engine.addresses=a%d:1",
        "leave one of them out",
    ),
    "number alone": (("engine.index=0",), None, "engine.index=0", "engine.addresses"),
    "no number": (("engine.addresses=a%d:1",), None, "engine.index=null", "JOB_COMPLETION_INDEX"),
    "ports chosen": (("engine.first_port=2222",), TOLD, "engine.first_port=2222", "leave it out"),
    "namespaces": (("isolation=namespace",), TOLD, "isolation=namespace", "isolation=none"),
    "data workers": (
        ("pipeline.service.workers=1",),
        TOLD,
        "pipeline.service.workers=1",
        "leave it out",
    ),
    "emulated network": (
        ("emulate.network.mbit_per_second=100",),
        TOLD,
        "emulate.network.mbit_per_second=100",
        "leave it out",
    ),
    "another engine": (("engine=local", "engine.index=0"), None, "engine.index=0", "given"),
}


@pytest.mark.parametrize(("words", "told", "named", "right"), WRONG.values(), ids=WRONG)
def test_what_no_process_of_a_given_cluster_can_do_is_refused(
    words: tuple[str, ...],
    told: str | None,
    named: str,
    right: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(KEPT_TF_CONFIG, raising=False)
    if told is not None:
        monkeypatch.setenv(KEPT_TF_CONFIG, told)
    with pytest.raises(UserError) as refused:
        experiment(*USUAL, *words)
    assert named in str(refused.value)
    assert right in str(refused.value)


def test_number_of_a_process_comes_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEPT_TF_CONFIG, raising=False)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    index = "engine.index=${oc.env:JOB_COMPLETION_INDEX}"
    given = experiment(*USUAL, "engine.addresses=train-%d.train:2222", index).engine.given
    assert given is not None
    assert given.task == "worker-0"
    assert given.addresses == ("train-0.train:2222", "train-1.train:2222")


@pytest.mark.ci
@pytest.mark.parametrize(
    ("words", "named", "right"),
    [
        ((), "hydra.run.dir", "the same everywhere"),
        (("-m",), "engine=given", "leave -m out"),
    ],
    ids=["a folder of its own", "a sweep"],
)
def test_command_that_gives_each_process_a_run_of_its_own_is_refused(
    words: tuple[str, ...], named: str, right: str, tmp_path: Path
) -> None:
    ended = launch(tmp_path, *USUAL, "launch.method=spawn", *words, TF_CONFIG=TOLD)
    assert ended.returncode == 2, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert named in line
    assert right in line
    assert os.listdir(tmp_path) == []


@pytest.mark.ci
def test_plan_of_a_given_cluster_has_the_names_that_its_tasks_have_here(tmp_path: Path) -> None:
    ended = launch(tmp_path, *USUAL, "dry_run=true", **{TF_CONFIG: TOLD})
    assert ended.returncode == 0, ended.stderr
    rows = [line.split()[:2] for line in ended.stdout.splitlines()]
    assert ["chief-0", "a:1"] in rows
    assert ["worker-0", "b:1"] in rows
