"""One replica in each task, variables copied to each, gradients reduced over the network."""

import tensorflow as tf

from strategies.placement import Placement

_COMMUNICATION = {
    "auto": tf.distribute.experimental.CommunicationImplementation.AUTO,
    "ring": tf.distribute.experimental.CommunicationImplementation.RING,
    "nccl": tf.distribute.experimental.CommunicationImplementation.NCCL,
}


def build(placement: Placement) -> tf.distribute.Strategy:
    """Reads the cluster from TF_CONFIG; returns once every task has joined."""
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=_COMMUNICATION[placement.communication]
    )
    return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
