"""Two workers on emulated hosts train over the network that was asked for, and over no other."""

import json
import socket
from pathlib import Path

import numpy as np
import pytest

from launcher.engines import hosts
from launcher.session import Session
from results.streams import RESOURCES, STEPS, read_rows
from tests.runs import run

_MBIT = 50.0
_ABOVE = 1.1
"""What was in a bucket and in queues comes on top of the rate."""


@pytest.mark.alone
@pytest.mark.ci
@pytest.mark.skipif(hosts.why_not() is not None, reason=f"{hosts.why_not()}")
def test_gradients_take_as_long_as_their_bytes_at_that_rate(tmp_path: Path) -> None:
    before = socket.if_nameindex()
    words = ["strategy=multiworker", "workers=2", f"emulate.network.mbit_per_second={_MBIT}"]
    words += ["workload.parameters.hidden=450", "until.steps=14", "measure.warmup_steps=2"]
    words += ["loop.steps_per_call=2", "report=false"]
    with Session() as session:
        outcome, folder = run(session, tmp_path / "run", *words)
    assert outcome.state == "done", outcome.reason
    assert socket.if_nameindex() == before
    summary, plan = folder.read("summary.json"), folder.read("plan.json")
    assert summary["emulated"] == "a network of 50 Mbit/s a task"
    assert [task["host"]["address"] for task in plan["tasks"]] == ["10.77.0.1", "10.77.0.2"]
    told = json.loads(plan["tasks"][0]["environment"]["TF_CONFIG"])["cluster"]
    assert told == {"chief": ["10.77.0.1:10000"], "worker": ["10.77.0.2:10001"]}
    seconds_of_bytes = summary["gradient_bytes"] * 8 / (_MBIT * 1e6)
    for task in ("chief-0", "worker-0"):
        steps = read_rows(folder.task_folder(task), STEPS)["seconds"].to_numpy()
        assert np.median(steps) > seconds_of_bytes / _ABOVE
        used = read_rows(folder.task_folder(task), RESOURCES)
        seconds = np.ptp(used["time"].to_numpy())
        for bytes_so_far in (used["sent_bytes"].to_numpy(), used["received_bytes"].to_numpy()):
            assert 0 < np.ptp(bytes_so_far) * 8 / seconds < _MBIT * 1e6 * _ABOVE
