"""An emulated accelerator waits in place of computing; its gradients look like the model's own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from launcher.session import Session
from results.streams import RESOURCES, STEPS, read_rows
from tests.runs import run


def test_stand_ins_have_shapes_types_and_sparseness_of_the_real_gradients() -> None:
    import tensorflow as tf

    from strategies.emulated_accelerator import emulated, local_wait

    table = tf.Variable(tf.ones([3, 4]))
    weight = tf.Variable(tf.ones([4, 2], tf.float64))
    unused = tf.Variable(1.0)

    def compute(x: Any, y: Any) -> tuple[tf.Tensor, list[Any]]:
        with tf.GradientTape() as tape:
            found = tf.cast(tf.gather(table, x), tf.float64) @ weight
            loss = tf.cast(tf.reduce_sum(found), tf.float32) * tf.reduce_sum(y)
        return loss, tape.gradient(loss, [table, weight, unused])

    x, y = tf.constant([2, 2, 0, 1, 1]), tf.ones([5])
    waiting = emulated(compute, [table, weight, unused], local_wait(0.001))
    loss, (sparse, dense, absent) = tf.function(waiting, autograph=False)(x, y)
    assert float(loss) == 0
    assert (sparse.values.shape, sparse.values.dtype) == ((5, 4), tf.float32)
    assert sparse.indices.numpy().tolist() == [0, 1, 2, 0, 1]
    assert sparse.dense_shape.numpy().tolist() == [3, 4]
    assert (dense.shape, dense.dtype) == ((4, 2), tf.float64)
    assert not np.any(dense)
    assert not np.any(sparse.values)
    assert absent is None


@pytest.mark.alone
@pytest.mark.ci
def test_workers_wait_and_leave_no_loss_no_quality_and_no_model(tmp_path: Path) -> None:
    words = ["strategy=parameter_server", "workers=2", "until.steps=40", "loop.steps_per_call=5"]
    words += ["emulate.accelerator.examples_per_second=1000", "report=true"]
    words += ["emulate.straggler={worker-1: 3}"]
    with Session() as session:
        outcome, folder = run(session, tmp_path / "run", *words)
    assert outcome.state == "done", outcome.reason
    summary = json.loads((folder.path / "summary.json").read_text())
    named = "accelerators of 1,000 examples/s each, worker-1 3 times as slow"
    assert summary["emulated"] == named
    assert "computing was emulated by a wait of 32 ms a step" in summary["notes"]
    for nothing in ("loss_first", "loss_last", "quality", "quality_name"):
        assert summary[nothing] is None
    assert not (folder.path / "model").exists()
    rows = {task: read_rows(folder.task_folder(task), STEPS) for task in ("worker-0", "worker-1")}
    assert all(np.isnan(of["loss"].to_numpy()).all() for of in rows.values())
    for of in rows.values():
        assert (of["pull_seconds"].to_numpy() > 0).all()
    used = [read_rows(folder.task_folder(task), RESOURCES) for task in rows]
    for column in ("sent_bytes", "received_bytes"):  # gradients go, variables come
        carried = sum(of[column].to_numpy()[-1] for of in used)
        assert carried > summary["steps"] * summary["gradient_bytes"]
    usual, slow = (np.median(of["seconds"].to_numpy()) for of in rows.values())
    assert usual < slow


@pytest.mark.alone
@pytest.mark.ci
def test_replicas_of_one_process_wait_side_by_side(tmp_path: Path) -> None:
    words = ["strategy=mirrored", "workers=8", "until.steps=15", "report=false"]
    words += ["emulate.accelerator.examples_per_second=320", "batch.per_replica=32"]
    with Session() as session:
        outcome, folder = run(session, tmp_path / "run", *words)
    assert outcome.state == "done", outcome.reason
    seconds = read_rows(folder.task_folder("chief-0"), STEPS)["seconds"].to_numpy()
    assert np.min(seconds) < 8 * 0.1
