"""A workload that doesn't fit is told by one line: what was expected and what came."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.workloads.check import check
from input_pipelines.build import Feed
from input_pipelines.settings import PipelineSettings
from input_pipelines.sources.array import ArraySource
from results.errors import UserError


def _model(units: int = 3, features: int = 4) -> tf.keras.Model:
    x = tf.keras.Input((features,))
    return tf.keras.Model(x, tf.keras.layers.Dense(units)(x))


def _loss(y, outputs):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, outputs)


def _raise(*_: Any) -> None:
    raise RuntimeError("no\nway")


FITTING = {
    "model": _model,
    "optimizer": lambda: tf.keras.optimizers.SGD(0.1),
    "loss": _loss,
    "quality": SimpleNamespace(name="q", direction="higher", score=lambda y, o: -_loss(y, o)),
}


def feed_of(workload: Any, fields: tuple[str, ...] = ("x", "label")) -> Feed:
    arrays = {"x": np.ones((10, 4), np.float32), "label": np.zeros(10, np.int64)}
    arrays["other"] = arrays["label"]
    split = {name: arrays[name] for name in fields}
    source = ArraySource({"train": split, "test": split})
    train, test = source.open(None, "train"), source.open(None, "test")
    return Feed(train, test, workload, PipelineSettings(), 0)


def run_check(changes: dict[str, Any], fields: tuple[str, ...] = ("x", "label")) -> None:
    workload = SimpleNamespace(**(FITTING | changes))
    check(workload, feed_of(workload, fields), 6)


def test_fitting_workload_passes() -> None:
    run_check({})


def test_batch_larger_than_the_first_file_passes() -> None:
    workload = SimpleNamespace(**FITTING)
    check(workload, feed_of(workload), 64)


def _quality(**changes: Any) -> dict[str, Any]:
    return {"quality": SimpleNamespace(**(vars(FITTING["quality"]) | changes))}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, r"workload\.model: is missing"),
        ({"loss": 3}, r"workload\.loss: must be a function, not int"),
        ({"quality": None}, r"workload\.quality: is missing"),
        (_quality(direction="up"), r"workload\.quality\.direction=up: must be higher or lower"),
        (_quality(score=None), r"workload\.quality\.score: is missing"),
        (_quality(name=""), r"workload\.quality\.name=''"),
        ({"model": lambda: 3}, r"workload\.model\(\): must return a tf.keras.Model, returned int"),
        ({"model": _raise}, r"workload\.model\(\): raised RuntimeError: no way"),
        ({"model": lambda: _model(3, 5)}, r"model\(\)\(x\) with x float32 \[6, 4\]: raised"),
        ({"optimizer": lambda: "sgd"}, r"workload\.optimizer\(\): must return .* returned str"),
        ({"loss": _raise}, r"workload\.loss\(y, outputs\) .*: raised RuntimeError: no way"),
        (
            {"loss": lambda y, o: tf.reduce_mean(_loss(y, o))},
            r"one number per example, float \[6\], returned float32 \[\]",
        ),
        ({"loss": lambda y, o: o}, r"returned float32 \[6, 3\]"),
        ({"loss": lambda y, o: y}, r"returned int64 \[6\]"),
        ({"loss": lambda y, o: 0.5}, r"must return a tensor, float \[6\], returned float"),
        (_quality(score=lambda y, o: o), r"workload\.quality\.score.*returned float32 \[6, 3\]"),
        ({"features": lambda e: e["nothing"]}, r"raised KeyError: .*nothing"),
        ({"features": lambda e: e["x"]}, r"must return \(x, y\)"),
        ({"features": _raise}, r"taking one batch: raised RuntimeError: no way"),
        ({"augment": lambda x, y, seed: x}, r"augment.* must return \(x, y\)"),
    ],
)
def test_misfit_is_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        run_check(changes)
    assert "\n" not in str(raised.value)


def test_three_fields_need_features() -> None:
    with pytest.raises(UserError, match=r"workload\.features: .* fields label, other, x"):
        run_check({}, fields=("x", "label", "other"))
