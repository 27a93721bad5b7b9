"""What a person got wrong is one line, exit code 2, and nothing is left on disk."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from launcher.command import main
from tests.launcher.command_line import launch, launch_here

# The words of the command line, and what the line must name: the key, the value, what is right.
_WRONG = {
    "unknown key": ("batch.totl=3", "batch.totl=3", "batch.total"),
    "unknown group": ("strateg=mirrored", "strateg=mirrored", "strategy"),
    "unknown member": ("strategy=miror", "strategy=miror", "mirrored"),
    "wrong type": ("workers=x", "workers=x", "an integer"),
    "no workers": ("workers=0", "workers=0", "at least 1"),
    "too many workers": ("strategy=one_device workers=2", "workers=2", "workers=1"),
    "indivisible": ("strategy=mirrored workers=4 batch.total=50", "batch.total=50", "48 or 52"),
    "both batches": ("batch.total=8 batch.per_replica=3", "batch.per_replica=3", "one of them"),
    "other data": ("source=text_bytes", "source=text_bytes", "workload=digits_mlp takes images"),
    "only warm-up": ("until.steps=10", "until.steps=10", "at least 11"),
    "no TPU": ("strategy=tpu", "strategy=tpu", "TPU"),
    "no module": ("workload._target_=mi.f", "workload._target_=mi.f", "no module mi"),
    "needs Keras 2": (
        "strategy=parameter_server ps=2 ps_shards=2",
        "ps_shards=2",
        "keras=2",
    ),
    "folder below a file": ("hydra.run.dir=a_file/x", "hydra.run.dir=", "can't be written"),
    "several values": ("workers=1,2", "workers=1,2", "add -m"),
    "resumed nowhere": ("resume=nowhere", "resume=nowhere", "sweep's"),
    "attached to nothing": ("attach=", "attach=", "the folder of a run"),
    "attached to no folder": ("attach=gone", "/gone: ", "there is no such folder"),
    "variable not set": (
        "seed=${oc.env:JOB_COMPLETION_INDX}",
        "seed=${oc.env:JOB_COMPLETION_INDX}: the environment variable JOB_COMPLETION_INDX isn't",
        "JOB_COMPLETION_INDEX?",
    ),
    "repeats of one run": ("repeat=5", "repeat=5", "add -m"),
}
_ALSO_WRONG = {
    "unknown workload": ("workload=digits", "workload=digits", "digits_mlp"),
    "unknown source": ("source=zzz", "source=zzz", "text_bytes"),
    "unknown study": ("experiment=overnigt", "experiment=overnigt", "overnight"),
    "not whole": ("workers=1.5", "workers=1.5", "an integer"),
    "empty": ("workers=", "workers=", "an integer"),
    "not a number": ("until.seconds=abc", "until.seconds=abc", "a number"),
    "not a truth": ("deterministic=maybe", "deterministic=maybe", "true or false"),
    "no end": (
        "emulate.accelerator.examples_per_second=inf",
        "emulate.accelerator.examples_per_second=inf",
        "a number that ends",
    ),
    "no end above a least": ("quiet.seconds=inf", "quiet.seconds=inf", "a number that ends"),
    "no time": ("until.seconds=0", "until.seconds=0", "more than 0"),
    "few examples": ("until.examples=100", "until.examples=100", "321"),
    "long warm-up": ("measure.warmup_steps=5000", "measure.warmup_steps=5000", "until.steps"),
    "no devices": ("devices=gqu", "devices=gqu", "gpu"),
    "no module in ours": ("workload._target_=launcher.exprment.f", "exprment", "experiment"),
    "no dotted name": ("workload._target_=f", "workload._target_=f", "dotted name"),
    "key of another": ("ps=2", "ps=2", "parameter_server"),
    "not sent": ("strategy=mirrored communication=ring", "communication=ring", "multiworker"),
    "misspelled": ("strategy=multiworker communication=rong", "communication=rong", "ring"),
    "null source": ("source=null", "source=null", "leave it out"),
    "numbered strategy": ("strategy=3", "strategy=3", "mirrored"),
    "key with plus": ("+workers=2", "+workers", "without +"),
    "no value": ("workers", "workers", "workers=…"),
    "no key": ("foo", "foo", "key=value"),
    "unknown flag": ("--multi-run", "--multi-run", "--multirun"),
    "unknown short flag": ("-x", "-x", "no such flag"),
    "open bracket": ("seed=[1", "seed=[1", "quote"),
    "group of keys": ("batch=3", "batch=3", "batch.per_replica=…"),
    "taken away": ("~workers", "~workers", "give it a value"),
    "key of a strategy": ("strategy.communication=ring", "strategy.communication=ring", "did you"),
    "unknown parameter": (
        "workload.parameters.hiden=3",
        "workload.parameters.hiden=3",
        "+workload.parameters.hiden=3",
    ),
    "nothing to restore": ("checkpoint.restore=nowhere", "checkpoint.restore=nowhere", "folder"),
    "cache in a file": ("cache_folder=a_file/x", "cache_folder=a_file/x", "folder"),
    "port too high": ("engine.first_port=70000", "engine.first_port=70000", "65535"),
    "one step to trace": ("profile.steps=20", "profile.steps=20", "[…,…]"),
    "no step to trace": ("profile.steps=[a,b]", "profile.steps=[a,b]", "an integer"),
    "trace after the end": ("profile.steps=[20,9999]", "profile.steps=[20,9999]", "give a last"),
    "too few ports": (
        "engine.first_port=65535 strategy=multiworker workers=4",
        "engine.first_port=65535",
        "65532",
    ),
    "unequal parts": ("loop.accumulate=5", "loop.accumulate=5", "divisor of"),
    "keras 4": ("keras=4", "keras=4", "2, 3"),
    "wrong in a sweep": ("-m workers=0,1", "workers=0", "at least 1"),
    "unknown in a sweep": ("-m strategy=one_device,nope", "strategy=nope", "mirrored"),
    "sweep below a file": ("-m workers=1 hydra.sweep.dir=a_file/x", "hydra.sweep.dir", "written"),
    "resumed file": ("resume=a_file", "resume=a_file", "folder of a sweep"),
    "resumed elsewhere": ("resume=. hydra.sweep.dir=x", "resume=.", "no sweep.json"),
    "no repeats": ("-m repeat=0", "repeat=0", "at least 1"),
    "several repeats": ("-m repeat=1,2", "repeat=1,2", "one value"),
    "several budgets": ("-m workers=1 sweep.hours=1,2", "sweep.hours=1,2", "one value"),
    "no hours": ("-m workers=1 sweep.hours=0", "sweep.hours=0", "more than 0"),
    "no minutes": (
        "-m workers=1 sweep.timeout_minutes=-1",
        "sweep.timeout_minutes=-1",
        "more than",
    ),
    "fewer than no retries": ("-m workers=1 sweep.retries=-1", "sweep.retries=-1", "at least 0"),
    "retries of one run": ("sweep.retries=2", "sweep.retries=2", "add -m"),
    "no money yet": ("-m workers=1 sweep.usd=20", "sweep.usd=20", "no such key"),
    "less than no quiet": ("quiet.seconds=-1", "quiet.seconds=-1", "at least 0"),
    "folders of their own": (
        "-m workers=1 hydra.sweep.subdir=x",
        "hydra.sweep.subdir=x",
        "its number",
    ),
    "another sweeper": ("-m workers=1 hydra/sweeper=basic", "hydra/sweeper=basic", "leave it out"),
    "unknown configuration": ("--config-name nope", "--config-name nope", "no such"),
    "no configuration folder": ("--config-dir nope", "--config-dir", "no such folder"),
}


@pytest.fixture(autouse=True)
def _no_tpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPU_NAME", "")


_NO_GPU = not list(Path("/dev").glob("nvidia[0-9]*")) and not Path("/dev/dxg").exists()


@pytest.mark.parametrize(("words", "named", "right"), _WRONG.values(), ids=_WRONG)
def test_error_is_one_line_that_names_key_value_and_what_is_right(
    words: str, named: str, right: str, tmp_path: Path
) -> None:
    _check(words, named, right, tmp_path)


@pytest.mark.ci
@pytest.mark.parametrize(("words", "named", "right"), _ALSO_WRONG.values(), ids=_ALSO_WRONG)
def test_rarer_error_is_one_line_too(words: str, named: str, right: str, tmp_path: Path) -> None:
    _check(words, named, right, tmp_path, launch_here)


@pytest.mark.skipif(not _NO_GPU, reason="this machine has a GPU")
def test_gpu_where_there_is_none_is_refused(tmp_path: Path) -> None:
    _check("devices=gpu", "devices=gpu", "devices=cpu", tmp_path)


def test_traceback_is_shown_to_who_asks_for_it(tmp_path: Path) -> None:
    ended = launch(tmp_path, "workers=0", HYDRA_FULL_ERROR="1")
    assert ended.returncode == 2
    assert "Traceback" in ended.stderr
    assert ended.stderr.rstrip().endswith("error: workers=0: at least 1 is needed")


def test_what_is_started_after_a_command_inherits_nothing_of_it(tmp_path: Path) -> None:
    words = ["workers=0", "launch.method=spawn", f"hydra.run.dir={tmp_path / 'run'}"]
    with mock.patch.dict(os.environ), mock.patch.object(sys, "argv", ["launcher"]):
        before = dict(os.environ)
        with pytest.raises(SystemExit):
            main(words)
        assert dict(os.environ) == before


def test_error_is_told_without_importing_what_is_slow(tmp_path: Path) -> None:
    ended = launch(tmp_path, "strategy=mirrored", "workers=0", PYTHONPROFILEIMPORTTIME="1")
    assert ended.returncode == 2
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "launcher.experiment" in imported
    assert not imported & {"tensorflow", "keras", "pandas", "matplotlib", "scipy", "numpy"}


def test_workload_module_is_looked_for_but_not_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('imported')\n")
    ended = launch(tmp_path, "workload._target_=mine.f", "dry_run=true")
    assert ended.returncode == 0, ended.stderr
    assert "workload=mine.f" in ended.stdout


def _check(
    words: str, named: str, right: str, folder: Path, started: Callable[..., Any] = launch
) -> None:
    (folder / "a_file").write_text("")
    ended = started(folder, *words.split())
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert named in line
    assert right in line
    assert os.listdir(folder) == ["a_file"]
