"""One replica on one device: what every other strategy is compared with."""

import tensorflow as tf

from strategies.placement import Placement


def build(placement: Placement) -> tf.distribute.Strategy:
    """The one replica, on the first device of the placement."""
    return tf.distribute.OneDeviceStrategy(placement.names[0])
