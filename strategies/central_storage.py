"""Replicas side by side in one process, variables kept once on the host."""

import tensorflow as tf

from strategies.placement import Placement


def build(placement: Placement) -> tf.distribute.Strategy:
    """One replica on each device of the placement."""
    return tf.distribute.experimental.CentralStorageStrategy(placement.names, "CPU:0")
