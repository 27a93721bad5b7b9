"""A TPU slice as TensorFlow's resolver finds it (TPU_NAME, or the host's own cores)."""

import tensorflow as tf

from results.errors import UserError
from strategies.placement import Placement


def build(placement: Placement) -> tf.distribute.Strategy:
    """Connects to the slice.

    Raises:
      UserError: no TPU answers.
    """
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect()
    except (ValueError, tf.errors.OpError) as error:
        raise UserError(
            "strategy=tpu: no TPU is found here "
            f"({str(error).splitlines()[0]}); set TPU_NAME, or take another strategy"
        ) from error
    strategy = tf.distribute.TPUStrategy(resolver)
    if strategy.num_replicas_in_sync != placement.replicas:
        raise UserError(
            f"workers={placement.replicas}: this TPU slice holds "
            f"{strategy.num_replicas_in_sync} cores; give that number"
        )
    return strategy
