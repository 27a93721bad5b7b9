"""A run as a job of a real Slurm: it outlives its launcher, its time limit and one of its nodes;
what the cluster won't give is refused in one line, with nothing left in the queue."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from launcher.queued.files import AGAIN, ENDED, read_asked, read_starts
from results.run_folder import PLAN, STATUS, RunFolder
from results.sweep_folder import DONE, read_journal
from tests.engines.beds import SlurmBed
from tests.engines.slurm_cluster import SlurmCluster
from tests.faults.commands import Command
from tests.faults.test_restarts import numbers
from tests.launcher.command_line import REPOSITORY, launch

pytestmark = pytest.mark.ci

TWO = ("engine=slurm", "strategy=multiworker", "workers=2")
SECRET = "a-word-that-nobody-may-read"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    with SlurmBed().cluster(tmp_path_factory.mktemp("slurm")) as made:
        yield made


def until(holds: Callable[[], bool], seconds: float = 90) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


def calls(run: RunFolder, task: str) -> int:
    """How often the task has begun to train."""
    return sum(each["event"] == "first_call_done" for each in run.events(task))


def host_of(run: RunFolder, task: str) -> str:
    """The node that the task was placed on, as its agent tells."""
    (number,) = [n for n, each in enumerate(run.read(PLAN)["tasks"]) if each["task"] == task]
    return str(run.read(f".host-{number}.json")["host"])


def test_a_run_outlives_its_launcher_its_time_limit_and_a_node(
    cluster: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWN_TOKEN", SECRET)
    command = Command(
        tmp_path, *TWO, "engine.nodes=2", "until.steps=600", "checkpoint.every_steps=200",
        "restarts=1", "measure.examples=true", "hydra.run.dir=run",
    )  # fmt: skip
    run = command.run
    command.wait_for("worker-0", "first_call_done")
    command.kill()
    job = str(read_asked(run.path).job)

    assert cluster.run("scancel", "--batch", "--signal=USR1", job).returncode == 0
    until(lambda: len(read_starts(run.path)) == 2 and calls(run, "worker-0") == 2)
    first, _ = read_starts(run.path)
    assert (first.then, first.why) == (AGAIN, "its time limit came near")

    lost = host_of(run, "worker-0")
    cluster.kill(lost)
    attached = launch(tmp_path, "attach=run")

    assert attached.returncode == 0, attached.stderr
    assert f"worker-0 was lost with its host {lost}" in attached.stderr
    assert f"job {job} is queued again: {lost} was lost" in attached.stderr
    assert "examples/s" in attached.stdout
    assert "report.html" in attached.stdout
    status = run.read(STATUS)
    assert status["state"] == "done"
    told_to_leave, failed, last = status["attempts"]
    assert told_to_leave["cause"] is None
    assert failed["restored_step"] > 0
    assert failed["cause"]["task"] == "worker-0"
    assert f"was lost with its host {lost}" in failed["cause"]["message"]
    assert last["cause"] is None
    assert last["restored_step"] >= failed["restored_step"]
    assert [each.then for each in read_starts(run.path)] == [AGAIN, AGAIN, ENDED]
    trained_on = Counter(number for step in numbers(run).values() for number in step)
    assert max(trained_on.values()) - min(trained_on.values()) <= 1  # none left out, none twice
    assert lost not in run.read("environment.json")["hosts"]
    assert attached.stdout == launch(tmp_path, "attach=run").stdout
    files = [path for path in run.path.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert command.all_gone(15), command.processes()
    cluster.revive(lost)


def test_jobs_of_a_sweep_go_on_without_it_and_are_each_done_once(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    words = ("-m", "engine=slurm", "seed=1,2", "until.steps=2000", "sweep.at_once=2")
    command = Command(tmp_path, *words, "report=false", "hydra.sweep.dir=sweep")
    sweep = tmp_path / "sweep"
    until(lambda: all(calls(RunFolder(sweep / each), "chief-0") for each in ("0", "1")))
    command.kill()
    resumed = launch(tmp_path, "resume=sweep")
    assert resumed.returncode == 0, resumed.stderr
    assert "run 0 done: " in resumed.stdout
    runs = read_journal(sweep).runs
    assert [(run.state, run.attempts) for run in runs] == [(DONE, 1), (DONE, 1)]
    assert all(run.seconds for run in runs)
    assert command.all_gone(15), command.processes()


@pytest.mark.parametrize(
    ("words", "named", "right"),
    [
        (["engine.partition=nope"], "engine.partition=nope", "no such partition"),
        (["engine.mem=900G"], "engine.mem=900G", "in this partition for the run's 2 tasks"),
        (["engine.time=10:00:00"], "engine.time=10:00:00", "would wait for ever"),
        (["gpus_per_task=1"], "gpus_per_task=1", "no such GPUs"),
        (["devices=gpu"], "devices=gpu", "no such GPUs"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_the_cluster_will_not_give_is_refused_in_a_line(
    cluster: SlurmCluster, tmp_path: Path, words: list[str], named: str, right: str
) -> None:
    ended = launch(tmp_path, *TWO, *words)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {named}: ")
    assert right in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    assert "PENDING" not in cluster.run("squeue", "--noheader", "--format=%T").stdout


def test_a_controller_that_is_down_is_named_before_anything_is_queued(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    cluster.kill("slurmctld")
    try:
        ended = launch(tmp_path, *TWO)
    finally:
        cluster.revive("slurmctld")
    assert ended.returncode == 2
    assert "the cluster's controller doesn't answer (Slurmctld(primary) at ctl" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_on_the_nodes_is_refused_as_it_is_here(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    ended = launch(tmp_path, *TWO, "workload._target_=tests.workloads.broken_module.workload")
    assert ended.returncode == 2, ended.stderr
    assert "error: workload._target_=tests.workloads.broken_module" in ended.stderr
    assert "ZeroDivisionError" in ended.stderr.splitlines()[-1]
    assert not (tmp_path / "outputs").exists()


def test_a_killed_launcher_of_a_job_is_named_and_whoever_attaches_later_hears_it_at_once(
    cluster: SlurmCluster, tmp_path: Path
) -> None:
    folder = "run %j"
    command = Command(tmp_path, *TWO, "until.steps=1000000", f"hydra.run.dir='{folder}'")
    run = RunFolder(tmp_path / folder)
    until(lambda: calls(run, "worker-0") == 1)
    for process in psutil.process_iter():
        words = process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
        if words[-2:] == ["launcher.queued.in_job", str(run.path)]:
            process.kill()
    code, said = command.end(90)
    reason = re.search(r"its launcher on n\d was killed \(signal 9\)", said)
    assert code == 1, said
    assert reason is not None, said
    began = time.monotonic()
    again = launch(tmp_path, f"attach={folder}")
    assert (again.returncode, reason[0] in again.stderr) == (1, True), again.stderr
    assert time.monotonic() - began < 10


def test_a_cluster_leaves_nothing_behind_when_its_owner_is_killed() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-m", "tests.engines.slurm_cluster"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = Path(owner.stdout.readline().strip().partition("=")[2]).parent
    assert folder.is_dir()
    os.kill(owner.pid, signal.SIGKILL)
    owner.communicate()
    until(lambda: not folder.exists(), seconds=20)
    left = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True)
    assert left.stdout == ""
