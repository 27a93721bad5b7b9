"""`byte_lm`: a small transformer that predicts the next byte. Leans on the network.

All its gradients are dense, and there are many for each example's compute.
"""

import math
from collections.abc import Mapping
from typing import Any

from benchmarks.workloads.workload import Quality, Workload

BYTES = 256


def workload(
    length: int = 64,
    width: int = 128,
    heads: int = 4,
    layers: int = 2,
    learning_rate: float = 0.002,
) -> Workload:
    """`layers` blocks of attention over `length` bytes and a network of 4·`width` units.

    A causal convolution tells a byte's neighbourhood, so no table of positions is needed. No
    dropout: it would break the equality of strategies.
    """

    def model() -> Any:
        import tensorflow as tf

        of_keras = tf.keras.layers
        text = tf.keras.Input((length,), dtype="int32", name="text")
        deep = of_keras.Embedding(BYTES, width)(text)
        deep = of_keras.Conv1D(width, 4, padding="causal")(deep)
        for _ in range(layers):
            calm = of_keras.LayerNormalization(epsilon=1e-5)(deep)
            attention = of_keras.MultiHeadAttention(heads, width // heads)
            seen = attention(calm, calm, use_causal_mask=True)
            deep = of_keras.Add()([deep, seen])
            calm = of_keras.LayerNormalization(epsilon=1e-5)(deep)
            wide = of_keras.Dense(4 * width, activation="gelu")(calm)
            deep = of_keras.Add()([deep, of_keras.Dense(width)(wide)])
        calm = of_keras.LayerNormalization(epsilon=1e-5)(deep)
        logits = of_keras.Dense(BYTES, dtype="float32", name="logits")(calm)
        return tf.keras.Model(text, logits, name="byte_lm")

    def optimizer() -> Any:
        import tensorflow as tf

        return tf.keras.optimizers.Adam(learning_rate, beta_2=0.98, epsilon=1e-5)

    return Workload(
        model=model,
        optimizer=optimizer,
        loss=_nats_per_byte,
        quality=Quality(name="bits_per_byte", score=_bits_per_byte, direction="lower"),
        features=_before_and_after,
    )


def _before_and_after(example: Mapping[str, Any]) -> tuple[Any, Any]:
    """(bytes, the same moved by one), both int32 [length]."""
    import tensorflow as tf

    text = tf.cast(example["text"], tf.int32)
    return text[:-1], text[1:]


def _nats_per_byte(y: Any, logits: Any) -> Any:
    """Mean cross-entropy over a window's bytes, float32 [batch]."""
    import tensorflow as tf

    logits = tf.cast(logits, tf.float32)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits), -1)


def _bits_per_byte(y: Any, logits: Any) -> Any:
    return _nats_per_byte(y, logits) / math.log(2)
