"""Tasks on emulated hosts get the CPU time that was asked for, and are named where memory ends."""

from pathlib import Path

import numpy as np
import pytest

from launcher.engines import hosts
from launcher.session import Session
from results.run_folder import STATUS
from results.streams import RESOURCES, read_rows
from tests.engines.test_cgroups import groups_there, needs_groups
from tests.runs import run

_CORES = 0.5
_OFF = 0.1
"""What was left of a period, and of a tick of the scheduler."""


@pytest.mark.alone
@needs_groups
@pytest.mark.ci
def test_task_gets_its_share_until_it_is_ended_for_its_hosts_memory(tmp_path: Path) -> None:
    before = groups_there()
    words = ["strategy=multiworker", "workers=2", "until.steps=100000", "report=false"]
    words += [f"emulate.hosts.cores={_CORES}", "emulate.hosts.memory_mb=1500"]
    words += ["workload._target_=tests.faults.workloads.takes_memory"]
    with Session() as session:
        outcome, folder = run(session, tmp_path / "run", *words)
    assert outcome.state == "failed"
    cause = folder.read(STATUS)["cause"]
    assert (cause["task"], cause["kind"]) == ("worker-0", "memory"), cause
    assert "emulate.hosts.memory_mb=1500" in cause["message"]
    summary, plan = folder.read("summary.json"), folder.read("plan.json")
    assert summary["emulated"] == "hosts of 0.5 cores and 1,500 MB each"
    hosts = [task["host"] for task in plan["tasks"]]
    assert {(host["cores"], host["memory_mb"]) for host in hosts} == {(_CORES, 1500)}
    assert len({host["address"] for host in hosts}) == 2
    for task in ("chief-0", "worker-0"):
        used = read_rows(folder.task_folder(task), RESOURCES)
        seconds = np.ptp(used["time"].to_numpy())
        assert 0 < np.ptp(used["cpu_seconds"].to_numpy()) < _CORES * seconds * (1 + _OFF) + _OFF
    assert groups_there() <= before


@needs_groups
@pytest.mark.ci
@pytest.mark.skipif(hosts.why_not() is not None, reason=f"{hosts.why_not()}")
@pytest.mark.parametrize("strategy", ["parameter_server", "multiworker"])
def test_hosts_of_one_core_train_over_an_emulated_network(tmp_path: Path, strategy: str) -> None:
    words = [f"strategy={strategy}", "workers=2", "until.steps=20", "report=false"]
    words += ["emulate.hosts.cores=1", "emulate.network.mbit_per_second=500"]
    words += ["emulate.accelerator.examples_per_second=1000"]
    with Session() as session:
        outcome, folder = run(session, tmp_path / "run", *words)
    assert outcome.state == "done", outcome.reason
    said = folder.read("summary.json")["emulated"]
    assert "hosts of 1 core each, a network of 500 Mbit/s a task" in said
