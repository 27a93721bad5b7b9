"""Workloads that tests name by `workload._target_`."""

import json
import os
import time
from dataclasses import replace

import numpy as np
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


def full_of_ifs():
    """digits_mlp with an `if` on a tensor in each of its functions."""
    ours = digits_mlp()

    def features(example):
        x, y = ours.features(example)
        if tf.reduce_max(x) > 0.5:
            x = x * 1.0
        return x, y

    def augment(x, y, seed):
        if seed[1] % 2 == 0:
            x = tf.image.flip_left_right(x)
            x = tf.image.flip_left_right(x)
        return x, y

    def loss(y, outputs):
        found = ours.loss(y, outputs)
        if tf.reduce_mean(found) > 1.0:
            found = found * 1.0
        return found

    def score(y, outputs):
        hits = ours.quality.score(y, outputs)
        if tf.reduce_sum(hits) > 1.0:
            hits = hits * 1.0
        return hits

    return replace(
        ours,
        features=features,
        augment=augment,
        loss=loss,
        quality=replace(ours.quality, score=score),
    )


def with_an_if_in_a_layer():
    """A layer of a person's as tf_keras converts it; Keras 3 never does."""

    class Careful(tf.keras.layers.Layer):
        def call(self, x):
            if tf.reduce_max(x) > 1e6:
                x = x * 0.0
            return x

    def model():
        layers = tf.keras.layers
        return tf.keras.Sequential(
            [layers.InputLayer((8, 8, 1)), layers.Flatten(), Careful(), layers.Dense(10)]
        )

    return replace(digits_mlp(), model=model)


STRAGGLING_SECONDS = 0.02


def straggling_in_worker_0():
    """Its worker-0 waits in every loss, without using a core."""
    ours = digits_mlp()
    task = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {})
    waits = task == {"type": "worker", "index": 0}

    def wait():
        time.sleep(STRAGGLING_SECONDS)
        return np.float32(0.0)

    def loss(y, outputs):
        found = ours.loss(y, outputs)
        return found + tf.numpy_function(wait, [], tf.float32) if waits else found

    return replace(ours, loss=loss)
