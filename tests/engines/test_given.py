"""`engine=given` as platforms use it: every task's launcher a process that somebody else starts."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.addresses import choose_addresses
from results.run_folder import STATUS, SUMMARY, RunFolder
from tests.faults.running import until
from tests.launcher.command_line import REPOSITORY

pytestmark = pytest.mark.ci

SECONDS = 120
STEPS = 200


def start(folder: Path, words: Sequence[str], **environment: str) -> subprocess.Popen[str]:
    """One container's process."""
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def tf_config(addresses: Sequence[str], index: int) -> str:
    return json.dumps(
        {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": index}}
    )


def refused(process: subprocess.Popen[str]) -> str:
    """The one line of a process that was refused; others say what it waited for."""
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 2, said
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    return line


def manifest() -> dict[str, Any]:
    whole: dict[str, Any] = yaml.safe_load((REPOSITORY / "docs" / "jobset.yaml").read_text())
    return whole


def test_jobset_of_the_readme_runs_and_goes_on_after_the_loss_of_a_pod(tmp_path: Path) -> None:
    job = manifest()["spec"]["replicatedJobs"][0]["template"]["spec"]
    program, *words = job["template"]["spec"]["containers"][0]["command"]
    assert program == "python"
    port = int(choose_addresses(1)[0].rpartition(":")[2]) // 10
    here = [re.sub(r"=train-workers-0-%d.train:2222$", f"=127.0.0.1:{port}%d", w) for w in words]
    assert here != words
    here = [word.replace("/shared", str(tmp_path)) for word in here]
    run = RunFolder(tmp_path / "runs" / "train-1")

    def pod(index: int) -> subprocess.Popen[str]:
        return start(tmp_path, [*here, f"until.steps={STEPS}"], JOB_COMPLETION_INDEX=str(index))

    chief, lost = (pod(index) for index in range(job["completions"]))
    until(lambda: any(each["event"] == "first_call_done" for each in run.events("chief-0")))
    lost.kill()
    lost.communicate()
    again = pod(1)
    said = [process.communicate(timeout=SECONDS) for process in (chief, again)]
    assert [chief.returncode, again.returncode] == [0, 0], said
    assert "worker-0: the run is done" in said[1][1]
    first, last = run.read(STATUS)["attempts"]
    assert first["cause"]["task"] == "worker-0"
    assert f"its launcher on {socket.gethostname()}" in first["cause"]["message"]
    assert last["cause"] is None
    summary = run.read(SUMMARY)
    assert summary["state"] == "done"
    assert summary["steps"] == STEPS
    assert run.tasks() == ["chief-0", "worker-0"]
    for task in run.tasks():
        assert (run.task_folder(task) / "steps.parquet").is_file()
        assert run.events(task)[-1]["event"] == "finished"
    assert not list(run.path.rglob("temporary"))


def test_launchers_that_were_asked_for_different_runs_name_what_differs_and_end(
    tmp_path: Path,
) -> None:
    words = ["-m", "launcher", "strategy=multiworker", "workers=2", "engine=given"]
    words += [f"hydra.run.dir={tmp_path / 'run'}", "launch.method=spawn"]
    addresses = choose_addresses(2)
    chief = start(tmp_path, words, TF_CONFIG=tf_config(addresses, 0))
    other = start(tmp_path, [*words, "seed=1"], TF_CONFIG=tf_config(addresses, 1))
    lines = [refused(process) for process in (chief, other)]
    host = socket.gethostname()
    assert lines[0] == lines[1]
    assert f"seed 1 on {host}, 0 on {host}" in lines[0]


def test_launcher_whose_folder_is_not_the_chief_s_names_host_and_folder(tmp_path: Path) -> None:
    words = ["-m", "launcher", "strategy=multiworker", "workers=2", "engine=given"]
    words += ["launch.method=spawn", "watch.start_seconds=2"]
    addresses = choose_addresses(2)
    both = [
        start(
            tmp_path,
            [*words, f"hydra.run.dir={tmp_path / str(index)}"],
            TF_CONFIG=tf_config(addresses, index),
        )
        for index in range(2)
    ]
    for index, (process, absent) in enumerate(zip(both, ("worker-0", "chief-0"), strict=True)):
        line = refused(process)
        assert f"hydra.run.dir={tmp_path / str(index)}" in line
        assert f"{absent} ({addresses[1 - index]})" in line
        assert socket.gethostname() in line
