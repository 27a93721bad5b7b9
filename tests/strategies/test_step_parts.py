"""A real run of each loop says where its steps went, and what its model is made of."""

import numpy as np
import pytest

from benchmarks.breakdown import PARTS
from results.run_folder import BREAKDOWN
from results.streams import STEPS, read_rows
from tests.strategies.models import STRAGGLING_SECONDS

pytestmark = pytest.mark.ci

SHORT = ("until.steps=60", "measure.warmup_steps=10")
SHORTER = "loop.gradient_dtype=bfloat16"
DIGITS_MLP = {"parameters": 26_122, "variable_bytes": 4 * 26_122}


@pytest.mark.parametrize(
    ("overrides", "tasks"),
    [
        (("strategy=multiworker", "workers=2", SHORTER), ("chief-0", "worker-0")),
        (("strategy=mirrored", "workers=2", "keras=2"), ("chief-0",)),
        (("strategy=parameter_server", "workers=2"), ("worker-0", "worker-1")),
        (("strategy=one_device", "deterministic=true"), ("chief-0",)),
    ],
    ids=lambda value: " ".join(value),
)
def test_parts_of_every_task_add_up_to_its_steps(launch, overrides, tasks):
    outcome, folder = launch(*overrides, *SHORT)
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
    found = folder.read(BREAKDOWN)["tasks"]
    assert tuple(sorted(found)) == tasks
    for task, of in found.items():
        known = [of[part] for part in PARTS if of[part] is not None]
        assert min(known) >= -1e-6
        assert sum(known) == pytest.approx(of["step"])
        table = read_rows(folder.task_folder(task), STEPS).to_pandas()
        assert (table.compute_seconds >= 0).all()  # of some tiny steps of servers' nothing is left
        assert table.compute_seconds.median() > 0
        assert (table.update_seconds > 0).all()
        remote = "parameter_server" in overrides[0]
        assert ((table.pull_seconds > 0) & (table.push_seconds > 0)).all() == remote
        within = (
            *("wait", "pull", "compute", "communicate"),
            *("push", "update", "agree", "queue", "call"),
        )
        told = np.nansum([table[f"{name}_seconds"] for name in within], axis=0)
        assert (told <= table.seconds + 1e-6).all()
    summary = outcome.summary
    mean = np.mean([of["compute"] for of in found.values()])
    assert summary["step_compute_seconds"] == pytest.approx(mean)
    assert (summary["staleness_mean"] is None) == ("parameter_server" not in overrides[0])
    assert {name: summary[name] for name in DIGITS_MLP} == DIGITS_MLP
    assert summary["gradient_bytes"] == (2 if SHORTER in overrides else 4) * 26_122
    assert (summary["input_buffers_mb"] is None) == ("parameter_server" in overrides[0])
    assert summary["step_flops"] > 0
    assert 0 < summary["flop_utilization"] < 1


def test_a_task_that_computes_longer_keeps_the_other_waiting(launch):
    slow = "workload._target_=tests.strategies.models.straggling_in_worker_0"
    outcome, folder = launch("strategy=multiworker", "workers=2", slow, *SHORT)
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
    found = folder.read(BREAKDOWN)["tasks"]
    assert found["worker-0"]["compute"] > STRAGGLING_SECONDS
    assert found["worker-0"]["compute"] > found["chief-0"]["compute"]
    assert found["chief-0"]["straggle"] > found["worker-0"]["straggle"]


@pytest.mark.parametrize(
    ("overrides", "slow", "usual"),
    [
        (("strategy=multiworker", "workers=2"), "worker-0", "chief-0"),
        (("strategy=parameter_server", "workers=2"), "worker-1", "worker-0"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_straggler_learns_and_its_wait_counts_as_its_own_computing(
    launch, overrides, slow, usual
):
    words = (*overrides, f"emulate.straggler={{{slow}: 5}}", "workload.parameters.hidden=1000")
    outcome, folder = launch(*words, *SHORT)
    assert outcome.state == "done", f"{outcome.reason}\n{outcome.log_tail}"
    summary = folder.read("summary.json")
    assert summary["emulated"] == f"{slow} 5 times as slow"
    assert summary["loss_last"] < summary["loss_first"]  # it really learns
    found = folder.read(BREAKDOWN)["tasks"]
    assert found[slow]["compute"] > found[usual]["compute"]
    if "strategy=multiworker" in overrides:
        assert found[usual]["straggle"] > found[slow]["straggle"]
