"""Running statistics of normalization layers, which each replica keeps of its own batches.

Keras 3 never reduces them over replicas and tf_keras only when it reads them, so an evaluation or
a saved model would otherwise hold one replica's view (facts on TensorFlow 2.21).
"""

from typing import Any

import tensorflow as tf

from strategies.model import as_variable


def average_over_replicas(strategy: tf.distribute.Strategy, model: Any) -> int:
    """Replaces every running statistic by its mean over all replicas; returns how many there are.

    Every task of the cluster must call it at the same step.
    """
    statistics = [
        variable
        for variable in map(as_variable, model.non_trainable_variables)
        if variable.dtype.is_floating
    ]
    if not statistics or strategy.num_replicas_in_sync == 1:
        return len(statistics)

    def assign_mean() -> None:
        context = tf.distribute.get_replica_context()
        for variable in statistics:
            mean = context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.identity(variable))
            variable.assign(mean)

    tf.function(lambda: strategy.run(assign_mean), autograph=False)()
    return len(statistics)
