"""What every workload with one class per image shares. TensorFlow is imported when called."""

from benchmarks.workloads.workload import Quality


def image_and_label(example):
    """(image float32 in 0..1 [height, width, channels], label int32 []) of {image, label}.

    Whole-number images are taken as 0..255.
    """
    import tensorflow as tf

    image = example["image"]
    scale = 1 / 255 if image.dtype.is_integer else 1.0
    return tf.cast(image, tf.float32) * scale, tf.cast(example["label"], tf.int32)


def class_loss(y, logits):
    """Cross-entropy in nats, float32 [batch], of labels [batch] and logits [batch, classes]."""
    import tensorflow as tf

    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.cast(logits, tf.float32))


def accuracy() -> Quality:
    """The share of examples whose largest logit is the label's."""

    def score(y, logits):
        import tensorflow as tf

        hit = tf.equal(tf.argmax(logits, -1, output_type=tf.int32), tf.cast(y, tf.int32))
        return tf.cast(hit, tf.float32)

    return Quality(name="accuracy", score=score, direction="higher")
