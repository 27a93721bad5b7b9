"""A convolutional network of 0.7 million parameters on random images, to compare loops on."""

import numpy as np

SIDE, CLASSES, EXAMPLES = 28, 10, 4096
BATCH_PER_WORKER = 64


def arrays():
    """Images float32 [4096, 28, 28, 1] and labels int64 [4096], for training and as held-out."""
    random = np.random.default_rng(0)
    images = random.normal(size=(EXAMPLES, SIDE, SIDE, 1)).astype(np.float32)
    labels = random.integers(0, CLASSES, EXAMPLES)
    split = {"image": images, "label": labels}
    return {"train": split, "test": {name: values[:640] for name, values in split.items()}}


def layers(keras):
    """The same layers under Keras 3 and tf_keras."""
    return [
        keras.layers.Conv2D(16, 5, strides=2, padding="same", activation="relu"),
        keras.layers.Conv2D(32, 5, strides=2, padding="same", activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(440, activation="relu"),
        keras.layers.Dense(CLASSES),
    ]


def model():
    import tensorflow as tf

    return tf.keras.Sequential([tf.keras.layers.InputLayer((SIDE, SIDE, 1)), *layers(tf.keras)])


def workload():
    """The network as a workload of the launcher's."""
    import tensorflow as tf

    def loss(y, outputs):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(y, outputs)

    def correct(y, outputs):
        return tf.cast(tf.equal(tf.argmax(outputs, -1), tf.cast(y, tf.int64)), tf.float32)

    return {
        "model": model,
        "optimizer": lambda: tf.keras.optimizers.SGD(0.01),
        "loss": loss,
        "quality": {"name": "accuracy", "direction": "higher", "score": correct},
    }
