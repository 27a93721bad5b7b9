"""Synchronous strategies are the same mathematics, however many replicas share the work."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from results.streams import STEPS, read_rows
from tests.runs import run

pytestmark = pytest.mark.ci

TEN_STEPS = (
    "batch.total=48",
    "until.steps=10",
    "measure.warmup_steps=2",
    "loop.steps_per_call=1",
    "pipeline.augment=false",
)
MIRRORED = ("strategy=mirrored", "workers=2")
MULTIWORKER = ("strategy=multiworker", "workers=2")


def losses_and_variables(session, folder, *overrides):
    outcome, folder = run(session, folder, *TEN_STEPS, *overrides)
    assert outcome.state == "done", outcome.log_tail
    table = read_rows(folder.task_folder("chief-0"), STEPS).to_pandas()
    served = tf.saved_model.load(str(folder.path / "model"))
    return table.loss.to_numpy(), [variable.numpy() for variable in served.variables_of_model]


@pytest.fixture(scope="module")
def trained(session, tmp_path_factory):
    """trained("strategy=mirrored", …) are the losses and variables of ten such steps, which are
    made once, however many tests compare with them."""

    @functools.cache
    def once(*overrides):
        folder = tmp_path_factory.mktemp("trained") / "run"
        return losses_and_variables(session, folder, *overrides)

    return once


def assert_same(one, other, tolerance=1e-5):
    losses, variables = zip(one, other, strict=True)
    np.testing.assert_allclose(losses[0], losses[1], atol=tolerance, rtol=tolerance)
    for left, right in zip(*variables, strict=True):
        np.testing.assert_allclose(left, right, atol=tolerance)


@pytest.mark.parametrize("workload", [(), ("workload=embedding",)], ids=["digits_mlp", "embedding"])
def test_ten_steps_give_the_same_losses_and_variables(trained, workload):
    alone = trained(*workload)
    assert_same(alone, trained(*MIRRORED, *workload))
    assert_same(alone, trained(*MULTIWORKER, *workload))


def test_a_batch_in_parts_gives_the_same_update(trained):
    assert_same(trained(), trained("loop.accumulate=4"))


def test_steps_in_one_call_are_the_steps_one_by_one(trained):
    together = trained("loop.steps_per_call=5")[1]
    for one, other in zip(trained()[1], together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_compiled_by_xla_is_close(trained):
    assert_same(trained(), trained("loop.jit_compile=true"))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_gradients_on_the_wire_stay_close(trained, dtype):
    exact, short = trained(*MULTIWORKER), trained(*MULTIWORKER, f"loop.gradient_dtype={dtype}")
    assert_same(exact, short, tolerance=0.05)
    assert any((a != b).any() for a, b in zip(exact[1], short[1], strict=True))


def test_deterministic_runs_repeat_bit_for_bit(session, tmp_path):
    (_, first), (_, second) = (
        losses_and_variables(session, tmp_path / name, "deterministic=true", *MULTIWORKER)
        for name in ("first", "second")
    )
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
