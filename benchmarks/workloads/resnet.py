"""`resnet`: residual blocks with group normalization on small images. Leans on compute."""

from typing import Any

from benchmarks.workloads.classification import accuracy, class_loss, image_and_label
from benchmarks.workloads.workload import Workload


def workload(
    size: int = 64,
    channels: int = 3,
    classes: int = 8,
    width: int = 16,
    blocks: int = 2,
    learning_rate: float = 0.004,
    warmup_steps: int = 200,
) -> Workload:
    """Three stages of `blocks` blocks, `width`, 2·`width` and 4·`width` channels wide.

    The stem makes the images of `size` pixels a side small: it halves them. Batch normalization
    would average over a replica's examples only; group normalization treats each by itself.
    """

    def model() -> Any:
        import tensorflow as tf

        layers = tf.keras.layers

        def normalized(deep):
            return layers.GroupNormalization(groups=8)(deep)

        def block(deep, filters, stride):
            shortcut = deep
            if stride > 1 or deep.shape[-1] != filters:
                shortcut = layers.Conv2D(filters, 1, strides=stride, use_bias=False)(deep)
            deep = layers.Activation("relu")(normalized(deep))
            deep = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(deep)
            deep = layers.Activation("relu")(normalized(deep))
            deep = layers.Conv2D(filters, 3, padding="same", use_bias=False)(deep)
            return layers.Add()([shortcut, deep])

        image = tf.keras.Input((size, size, channels), name="image")
        deep = layers.Conv2D(width, 5, strides=2, padding="same", use_bias=False)(image)
        for stage in range(3):
            for index in range(blocks):
                deep = block(deep, width * 2**stage, 2 if stage and not index else 1)
        deep = layers.Activation("relu")(normalized(deep))
        deep = layers.GlobalAveragePooling2D()(deep)
        logits = layers.Dense(classes, dtype="float32", name="logits")(deep)
        return tf.keras.Model(image, logits, name="resnet")

    def optimizer() -> Any:
        import tensorflow as tf

        # A rate that grows from next to nothing, and an epsilon that a gradient's rounding errors
        # don't outweigh: otherwise they grow a thousandfold within ten steps, and strategies that
        # add up the same numbers in another order drift apart.
        rate = tf.keras.optimizers.schedules.PolynomialDecay(
            learning_rate / 100, warmup_steps, learning_rate
        )
        return tf.keras.optimizers.Adam(rate, epsilon=0.01)

    return Workload(
        model=model,
        optimizer=optimizer,
        loss=class_loss,
        quality=accuracy(),
        features=image_and_label,
    )
