"""Workloads that tests name by `workload._target_`."""

from dataclasses import replace

import tensorflow as tf

from benchmarks.workloads.digits_mlp import workload as digits_mlp


def with_batch_normalization():
    """digits_mlp with running statistics."""

    def model():
        layers = tf.keras.layers
        return tf.keras.Sequential(
            [
                layers.InputLayer((8, 8, 1)),
                layers.Flatten(),
                layers.Dense(32),
                layers.BatchNormalization(),
                layers.Dense(10),
            ]
        )

    return replace(digits_mlp(), model=model)


def nan_after_some_steps():
    """A loss that is NaN as soon as a certain example comes by."""
    ours = digits_mlp()

    def loss(y, outputs):
        found = ours.loss(y, outputs)
        poison = tf.where(tf.reduce_mean(found) < 2.0, float("nan"), 0.0)
        return found + poison

    return replace(ours, loss=loss)


def exploding_optimizer():
    """Takes another name for the same: an optimizer that raises when it is used in training."""

    class Broken(tf.keras.optimizers.SGD):
        def apply_gradients(self, *args, **kwargs):
            raise ZeroDivisionError("planted in the optimizer")

    return replace(digits_mlp(), optimizer=lambda: Broken(0.1))


def with_a_random_state_of_its_own():
    """digits_mlp with an augmentation that tf.data can't save: it keeps a state of its own."""

    def augment(x, y, seed):
        return x + tf.random.uniform(tf.shape(x), maxval=0.01), y

    return replace(digits_mlp(), augment=augment)
