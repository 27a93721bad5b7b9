"""Synchronous strategies are the same mathematics, however many replicas share the work."""

import numpy as np
import pytest
import tensorflow as tf

from results.streams import STEPS, read_rows

pytestmark = pytest.mark.ci

TEN_STEPS = (
    "batch.total=48",
    "until.steps=10",
    "measure.warmup_steps=2",
    "loop.steps_per_call=1",
    "pipeline.augment=false",
)
STRATEGIES = {
    "one_device": ("strategy=one_device",),
    "mirrored": ("strategy=mirrored", "workers=2"),
    "multiworker": ("strategy=multiworker", "workers=2"),
}


def trained(launch, *overrides):
    outcome, folder = launch(*overrides)
    assert outcome.state == "done", outcome.log_tail
    table = read_rows(folder.task_folder("chief-0"), STEPS).to_pandas()
    served = tf.saved_model.load(str(folder.path / "model"))
    return table.loss.to_numpy(), [variable.numpy() for variable in served.variables_of_model]


def assert_same(one, other, tolerance=1e-5):
    losses, variables = zip(one, other, strict=True)
    np.testing.assert_allclose(losses[0], losses[1], atol=tolerance, rtol=tolerance)
    for left, right in zip(*variables, strict=True):
        np.testing.assert_allclose(left, right, atol=tolerance)


@pytest.mark.parametrize("workload", ["digits_mlp", "embedding"])
def test_ten_steps_give_the_same_losses_and_variables(launch, workload):
    results = {
        name: trained(launch, f"workload={workload}", *TEN_STEPS, *overrides)
        for name, overrides in STRATEGIES.items()
    }
    assert_same(results["one_device"], results["mirrored"])
    assert_same(results["one_device"], results["multiworker"])


def test_a_batch_in_parts_gives_the_same_update(launch):
    whole = trained(launch, *TEN_STEPS)
    assert_same(whole, trained(launch, *TEN_STEPS, "loop.accumulate=4"))


def test_steps_in_one_call_are_the_steps_one_by_one(launch):
    together = trained(launch, *TEN_STEPS, "loop.steps_per_call=5")[1]
    for one, other in zip(trained(launch, *TEN_STEPS)[1], together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_compiled_by_xla_is_close(launch):
    assert_same(trained(launch, *TEN_STEPS), trained(launch, *TEN_STEPS, "loop.jit_compile=true"))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_gradients_on_the_wire_stay_close(launch, dtype):
    exact = trained(launch, *TEN_STEPS, "strategy=multiworker", "workers=2")
    short = trained(
        launch, *TEN_STEPS, "strategy=multiworker", "workers=2", f"loop.gradient_dtype={dtype}"
    )
    assert_same(exact, short, tolerance=0.05)
    assert any((a != b).any() for a, b in zip(exact[1], short[1], strict=True))


def test_deterministic_runs_repeat_bit_for_bit(launch):
    words = (*TEN_STEPS, "deterministic=true", "strategy=multiworker", "workers=2")
    for one, other in zip(trained(launch, *words)[1], trained(launch, *words)[1], strict=True):
        np.testing.assert_array_equal(one, other)
