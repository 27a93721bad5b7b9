"""TensorBoard as a person opens it: one line with the address, until Ctrl-C, nothing left."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from results.commands import tensorboard
from results.errors import UserError
from tests.launcher.command_line import REPOSITORY
from tests.results.made_folders import Made, make_run


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two runs with events, one without."""
    import tensorflow as tf

    for number, workers in enumerate((1, 2, 4)):
        run = make_run(tmp_path / str(number), Made(workers=workers, steps=20))
        plan = run.read("plan.json") | {"overrides": [f"workers={workers}"]}
        run.write("plan.json", plan)
        if workers < 4:
            with tf.summary.create_file_writer(str(run.path / "tensorboard")).as_default():
                tf.summary.scalar("loss", 0.5, step=1)
    return tmp_path


@pytest.mark.ci
def test_sweep_is_shown_by_name_until_ctrl_c_and_nothing_stays(sweep: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "results", "tensorboard", f"folder={sweep}"],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(sweep)},
        cwd=sweep,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as served:
        assert served.stdout is not None
        assert served.stderr is not None
        (address,) = re.findall(r"^TensorBoard on 2 runs: (http://\S+)", served.stdout.readline())
        own = [psutil.Process(served.pid)]
        own += own[0].children(recursive=True)
        with urllib.request.urlopen(address, timeout=30) as page:
            assert b"TensorBoard" in page.read()
        with urllib.request.urlopen(f"{address}data/environment", timeout=30) as told:
            assert "data_location" in json.load(told)
        names = [path.name for path in sweep.glob("distribute-bench-*/*")]
        assert sorted(names) == ["0 workers=1", "1 workers=2"]
        served.send_signal(signal.SIGINT)
        assert served.wait(30) == 0
        assert served.stdout.read() == ""
        assert served.stderr.read() == ""
    _, alive = psutil.wait_procs(own, timeout=10)
    assert not alive
    assert not list(sweep.glob("distribute-bench-*"))


@pytest.mark.parametrize("port", ["-1", "x", "65536"])
def test_what_is_no_port_is_refused(port: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"port={port}: no port"):
        tensorboard.run({"folder": str(tmp_path), "port": port})


def test_folder_without_events_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", Made(steps=20))
    shutil.rmtree(run.path / "tensorboard", ignore_errors=True)
    with pytest.raises(UserError, match="no run in it has a folder tensorboard/"):
        tensorboard.run({"folder": str(tmp_path)})
