"""A straggler waits in proportion to what it computed, in whatever place the graph runs."""

import pytest


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_computing_lasts_at_least_the_factor_and_its_values_come_after_it(factor: float) -> None:
    import tensorflow as tf

    from strategies.stamps import stamped
    from strategies.straggler import Straggler
    from strategies.waiting import overshoot_of_sleep_us, sleep_once

    straggler = Straggler(factor, overshoot_of_sleep_us())

    @tf.function(autograph=False)
    def step(x: tf.Tensor) -> tf.Tensor:
        began, x = stamped(tf.timestamp, x)
        with tf.control_dependencies([x]):
            computed = sleep_once(tf.constant(30_000, tf.int64))
        with tf.control_dependencies([computed]):
            values = [x + 1.0, tf.IndexedSlices(tf.ones([1, 2]), tf.constant([0]))]
        ready, values = stamped(tf.timestamp, values)
        slowed, values = straggler.slowed(began, ready, values, tf.timestamp)
        used, _ = stamped(tf.timestamp, values)
        return tf.stack([began, ready, slowed, used])

    began, ready, slowed, used = step(tf.constant(1.0)).numpy().tolist()
    assert ready - began >= 0.03
    # The least that waking up took is taken off, so no wait ends more than its spread too early.
    assert slowed - began >= factor * (ready - began) - 0.002
    assert ready <= slowed <= used
