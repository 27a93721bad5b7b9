"""Tasks of tf.data service are watched like the others: a death is named, a restart goes on."""

import os
import signal

import pytest

from results.run_folder import STATUS
from tests.faults.test_restarts import COMMON, numbers

pytestmark = pytest.mark.ci

SERVED = ("strategy=multiworker", "workers=2", "pipeline.service.workers=2")


def test_killed_data_worker_is_named_and_the_run_goes_on_without_missing_an_example(start):
    run = start(*SERVED, *COMMON, "restarts=2")
    run.wait_for("chief-0", "checkpoint")
    os.kill(run.pid("data_worker-1"), signal.SIGKILL)
    run.wait_for("dispatcher-0", "cluster_joined", 2)
    run.wait_for("chief-0", "restored")
    os.kill(run.pid("dispatcher-0"), signal.SIGKILL)
    outcome = run.end()
    assert outcome.state == "done", outcome.log_tail
    causes = [each["cause"] for each in run.folder.read(STATUS)["attempts"]]
    assert [cause and cause["task"] for cause in causes] == ["data_worker-1", "dispatcher-0", None]
    assert {cause["signal_name"] for cause in causes[:2]} == {"SIGKILL"}
    steps = numbers(run.folder)
    assert sorted(steps) == list(range(1, 401))
    stream = sorted(number for of in steps.values() for number in of)
    epoch = run.folder.read(STATUS)["train_examples"]
    whole = len(stream) // epoch * epoch
    assert stream[:whole] == list(range(whole))
    assert len(set(stream)) == len(stream) == 400 * 32
    assert run.left_behind() == []
