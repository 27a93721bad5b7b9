"""A task made slower: after each step's real computing, a wait in proportion to it."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from strategies.stamps import Clock, stamped, waiting_for
from strategies.waiting import MICROSECONDS, sleep_once


@dataclass(frozen=True)
class Straggler:
    """How much longer the computing of whoever runs the graph takes."""

    factor: tf.Tensor | float
    """How many times as long, at least 1; float64 []."""
    overshoot_us: tf.Tensor
    """By how much a wait there lasts longer than asked; int64 []."""

    def slowed(
        self, began: tf.Tensor, ready: tf.Tensor, values: Any, clock: Clock
    ) -> tuple[tf.Tensor, Any]:
        """`ready` and `values` of computing that lasted from `began` (unix seconds), both of them
        after the wait. What is shorter than waking up takes is not waited."""
        asked = (tf.cast(self.factor, tf.float64) - 1) * (ready - began) * MICROSECONDS
        left = tf.cast(asked, tf.int64) - self.overshoot_us
        nothing = tf.constant(0, tf.int64)
        done = tf.cond(left > 0, lambda: sleep_once(left), lambda: nothing)
        return stamped(clock, waiting_for(done, values))
