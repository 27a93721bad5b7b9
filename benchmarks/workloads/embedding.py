"""`embedding`: click prediction with wide embedding tables. Leans on memory and on its servers."""

from collections.abc import Mapping
from typing import Any

from benchmarks.workloads.workload import Quality, Workload


def workload(
    dense: int = 4,
    categorical: int = 8,
    vocabulary: int = 10_000,
    width: int = 16,
    hidden: int = 64,
    learning_rate: float = 0.1,
) -> Workload:
    """A table of `vocabulary` rows of `width` for each of `categorical` columns, then two layers.

    x is a dict: `dense` float32 [batch, dense], and `c0`, `c1`, … int32 [batch]. Adagrad, the usual
    optimizer of such tables, gives rare categories larger steps than frequent ones.
    """

    def model() -> Any:
        import tensorflow as tf

        layers = tf.keras.layers
        inputs = {"dense": tf.keras.Input((dense,), name="dense")}
        parts = [inputs["dense"]]
        for column in range(categorical):
            name = f"c{column}"
            inputs[name] = tf.keras.Input((), dtype="int32", name=name)
            parts.append(layers.Embedding(vocabulary, width, name=f"table_{column}")(inputs[name]))
        deep = layers.Concatenate()(parts)
        deep = layers.Dense(hidden, activation="relu", name="hidden_0")(deep)
        deep = layers.Dense(hidden, activation="relu", name="hidden_1")(deep)
        logit = layers.Dense(1, dtype="float32", name="logit")(deep)
        return tf.keras.Model(inputs, logit, name="embedding")

    def optimizer() -> Any:
        import tensorflow as tf

        return tf.keras.optimizers.Adagrad(learning_rate)

    return Workload(
        model=model,
        optimizer=optimizer,
        loss=_click_loss,
        quality=Quality(name="accuracy", score=_hit, direction="higher"),
        features=_columns,
    )


def _columns(example: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    import tensorflow as tf

    columns = tf.unstack(example["categorical"])
    x = {"dense": example["dense"]} | {f"c{i}": column for i, column in enumerate(columns)}
    return x, tf.cast(example["label"], tf.float32)


def _click_loss(y: Any, logits: Any) -> Any:
    """Cross-entropy in nats, float32 [batch]."""
    import tensorflow as tf

    logits = tf.cast(tf.squeeze(logits, -1), tf.float32)
    return tf.nn.sigmoid_cross_entropy_with_logits(y, logits)


def _hit(y: Any, logits: Any) -> Any:
    import tensorflow as tf

    said = tf.cast(tf.squeeze(logits, -1), tf.float32) > 0
    return tf.cast(tf.equal(said, y > 0.5), tf.float32)
