"""Replicas side by side in one process, variables copied to each, gradients reduced among them."""

import tensorflow as tf

from strategies.placement import Placement


def build(placement: Placement) -> tf.distribute.Strategy:
    """One replica on each device of the placement."""
    return tf.distribute.MirroredStrategy(placement.names)
