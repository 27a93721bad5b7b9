"""What every workload with one class per image shares. TensorFlow is imported when called."""

from collections.abc import Mapping
from typing import Any

from benchmarks.workloads.workload import Quality


def image_and_label(example: Mapping[str, Any]) -> tuple[Any, Any]:
    """(image float32 in 0..1 [height, width, channels], label int32 []) of {image, label}.

    Whole-number images are taken as 0..255.
    """
    import tensorflow as tf

    image = example["image"]
    scale = 1 / 255 if image.dtype.is_integer else 1.0
    return tf.cast(image, tf.float32) * scale, tf.cast(example["label"], tf.int32)


def class_loss(y: Any, logits: Any) -> Any:
    """Cross-entropy in nats, float32 [batch], of labels [batch] and logits [batch, classes]."""
    import tensorflow as tf

    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.cast(logits, tf.float32))


def accuracy() -> Quality:
    """The share of examples whose largest logit is the label's."""

    def score(y: Any, logits: Any) -> Any:
        import tensorflow as tf

        hit = tf.equal(tf.argmax(logits, -1, output_type=tf.int32), tf.cast(y, tf.int32))
        return tf.cast(hit, tf.float32)

    return Quality(name="accuracy", score=score, direction="higher")


def flip_crop_brighten(x: Any, y: Any, seed: Any) -> tuple[Any, Any]:
    """The image x flipped left to right or not, moved by up to an eighth, brightened or darkened.

    Stateless: the same for the same `seed`, int64 [2]. What the move uncovers mirrors the edge.
    """
    import tensorflow as tf

    for_flip, for_place, for_brightness = (
        tf.random.experimental.stateless_fold_in(seed, purpose) for purpose in range(3)
    )
    height, width, _ = x.shape
    down, across = height // 8, width // 8
    x = tf.image.stateless_random_flip_left_right(x, for_flip)
    wide = tf.pad(x, [[down, down], [across, across], [0, 0]], mode="REFLECT")
    x = tf.image.stateless_random_crop(wide, x.shape, for_place)
    x = tf.image.stateless_random_brightness(x, 0.1, for_brightness)
    return x, y
