"""The recorder in real processes, with real files."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.recorder import Recorder
from benchmarks.resources import Sampler
from results.run_folder import RunFolder
from results.streams import EXAMPLES, RESOURCES, STEPS, read_rows

WRITER = """
import sys, time
import numpy as np
from benchmarks.recorder import Recorder
from results.run_folder import RunFolder

with Recorder(RunFolder(sys.argv[1]), "chief-0") as recorder:
    recorder.event("imported")
    print("ready", flush=True)
    for call in range(10_000):
        begun = time.time()
        time.sleep(0.01)
        seconds = np.full(5, (time.time() - begun) / 5)
        starts = begun + np.arange(5) * seconds[0]
        recorder.steps(1 + 5 * call, starts, seconds, np.zeros(5), 32, 1.0)
"""


def call(steps: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return time.time() + np.arange(steps) * 0.01, np.full(steps, 0.01), np.full(steps, 0.001)


def test_rows_events_and_progress_are_there_after_a_clean_end(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with Recorder(folder, "chief-0") as recorder:
        recorder.event("imported", version="2.21")
        recorder.state("training")
        for number in range(5):
            recorder.steps(1 + 10 * number, *call(), 32, 1.0 / (number + 1))
    task = folder.task_folder("chief-0")
    steps = read_rows(task, STEPS)
    assert steps["step"].to_pylist() == list(range(1, 51))
    assert steps["loss"].to_pylist()[9::10] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert steps["loss"].null_count == 45
    assert read_rows(task, RESOURCES).num_rows >= 1
    assert {"steps.parquet", "resources.parquet"} < {path.name for path in task.iterdir()}
    assert folder.events("chief-0")[0]["version"] == "2.21"
    progress = folder.progress()["chief-0"]
    assert (progress["state"], progress["step"], progress["examples"]) == ("training", 50, 1600)
    assert progress["examples_per_second"] == pytest.approx(3200)
    assert progress["rss_mb"] > 1


def test_an_exception_leaves_the_stream_without_parquet(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)

    def train() -> None:
        with Recorder(folder, "chief-0") as recorder:
            recorder.steps(1, *call(), 32, 0.5)
            raise KeyError("the user's code")

    with pytest.raises(KeyError):
        train()
    assert read_rows(folder.task_folder("chief-0"), STEPS).num_rows == 10
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_coordinator_writes_rows_of_its_workers(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with Recorder(folder, "chief-0") as recorder:
        recorder.steps(1, *call(), 32, 0.5, task="worker-0")
        recorder.steps(11, *call(), 32, 0.4, task="worker-1")
    assert read_rows(folder.task_folder("worker-1"), STEPS)["step"].to_pylist() == [*range(11, 21)]
    assert read_rows(folder.task_folder("chief-0"), STEPS).num_rows == 0
    progress = folder.progress()
    assert progress["worker-1"]["step"] == 20
    assert (progress["chief-0"]["step"], progress["chief-0"]["examples"]) == (20, 640)
    assert progress["chief-0"]["examples_per_second"] == pytest.approx(6400)


def test_calls_from_several_threads_are_all_kept(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with Recorder(folder, "chief-0") as recorder:

        def add(task: str) -> None:
            for number in range(500):
                recorder.steps(1 + number, *call(1), 8, None, task=task)
                if number % 100 == 0:
                    recorder.flush()

        names = [f"worker-{index}" for index in range(4)]
        threads = [threading.Thread(target=add, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in names:
        assert read_rows(folder.task_folder(name), STEPS)["step"].to_pylist() == [*range(1, 501)]


def test_no_example_is_written_before_its_step(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    ended = threading.Event()
    with Recorder(folder, "chief-0") as recorder:

        def train() -> None:
            step = 0
            while not ended.wait(0.0001):
                step += 1
                recorder.steps(step, *call(1), 32, None)
                recorder.examples(step, np.arange(32).reshape(1, 32))

        training = threading.Thread(target=train)
        training.start()
        try:
            task = folder.task_folder("chief-0")
            for _ in range(40):
                recorder.flush()
                trained_on = set(read_rows(task, EXAMPLES)["step"].to_pylist())
                assert trained_on <= set(read_rows(task, STEPS)["step"].to_pylist())
        finally:
            ended.set()
            training.join()


def test_kill_9_loses_no_more_than_the_last_second(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    time.sleep(2.6)
    killed = time.time()
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    task = RunFolder(tmp_path).task_folder("chief-0")
    steps = read_rows(task, STEPS)
    starts, seconds = steps["start"].to_numpy(), steps["seconds"].to_numpy()
    assert steps["step"].to_pylist() == list(range(1, steps.num_rows + 1))
    # one second between flushes, and what a loaded machine adds to it
    assert killed - (starts[-1] + seconds[-1]) < 1.7
    assert read_rows(task, RESOURCES).num_rows >= 3
    assert not list(task.glob("*.parquet"))
    json.loads((task / "progress.json").read_text())


def test_a_disk_that_refuses_ends_the_training_loop(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: both come as OSError from a write."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
    ended = subprocess.run(
        [sys.executable, "-c", limited + WRITER, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert ended.returncode == 1
    assert "File too large" in ended.stderr
    assert read_rows(RunFolder(tmp_path).task_folder("chief-0"), STEPS).num_rows > 0


def test_a_sample_sees_cpu_memory_and_sockets_of_this_process() -> None:
    sampler = Sampler()
    before = sampler.sample()
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
        with sender, receiver:
            sender.sendall(b"x" * 100_000)
            left = 100_000
            while left:
                left -= len(receiver.recv(left))
            until = time.process_time() + 0.05
            while time.process_time() < until:
                pass
            time.sleep(0.1)  # the last bytes are acknowledged
            during = sampler.sample()
    after = sampler.sample()
    assert during.cpu_seconds >= before.cpu_seconds + 0.05
    assert during.time > before.time
    if during.sent_bytes is not None and before.sent_bytes is not None:
        assert during.sent_bytes - before.sent_bytes >= 100_000
        assert after.sent_bytes is not None
        assert after.sent_bytes >= during.sent_bytes
    if sys.platform == "linux":
        assert during.rss_bytes is not None
        assert during.peak_rss_bytes is not None
        assert during.peak_rss_bytes >= during.rss_bytes > 1_000_000
        assert during.threads is not None
