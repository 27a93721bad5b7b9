"""`synthetic`: examples made on the fly from their number, any count of them, nothing on disk.

What there is to learn depends on `seed` alone, so that the held-out split can be learnt from the
training split: images are their class's pattern under noise, clicks follow weights of their
categories, text repeats one of a few sentences from a random place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from input_pipelines.pieces import Piece, Split, span
from results.errors import UserError, nearest

TEST_OFFSET = 2**40
"""Numbers of held-out examples begin here."""
PIECES = 16
"""As files: the order of pieces changes each epoch."""
NOISE = 0.5
"""Standard deviation of an image's noise; its pattern's is 1."""
SHARPNESS = 3.0
"""Factor of a click's logit, whose standard deviation is 1 before it."""
SENTENCES = 16


def source(
    kind: str = "images",
    examples: int = 8192,
    test_examples: int = 1024,
    seed: int = 0,
    shape: Sequence[int] = (8, 8, 1),
    classes: int = 10,
    dense: int = 4,
    categorical: int = 8,
    vocabulary: int = 10_000,
    length: int = 64,
) -> "Synthetic":
    """Examples of one kind.

    images: {image float32 `shape`, label} of `classes`; clicks: {dense float32 [`dense`],
    categorical int32 [`categorical`] below `vocabulary`, label 0 or 1}; text: {text uint8
    [`length` + 1]}.
    """
    makers = {
        "images": lambda number: _image(seed, number, tuple(shape), classes),
        "clicks": lambda number: _click(seed, number, dense, categorical, vocabulary),
        "text": lambda number: _text(seed, number, length),
    }
    if kind not in makers:
        near = nearest(kind, makers)
        raise UserError(
            f"source.parameters.kind={kind}: "
            + (f"did you mean {near}?" if near else "give images, clicks or text")
        )
    for name, count in {"examples": examples, "test_examples": test_examples}.items():
        if count < 1:
            raise UserError(f"source.parameters.{name}={count}: at least 1 is needed")
    return Synthetic(makers[kind], {"train": examples, "test": test_examples})


@dataclass(frozen=True)
class Synthetic:
    """Examples by number."""

    make: Callable[[Any], dict[str, Any]]
    examples: dict[str, int]

    identity = None

    def prepare(self, folder: Path) -> None:
        """Nothing: examples are made when asked for."""

    def open(self, folder: Path | None, split: str) -> Split:
        """The split; a raw element is an example's number, int64 []."""
        offset = 0 if split == "train" else TEST_OFFSET
        count = self.examples[split]
        parts = min(PIECES, count)
        spans = [span(count, part, parts) for part in range(parts)]
        pieces = tuple(
            Piece(f"synthetic:{split}", offset + first, end - first) for first, end in spans
        )
        return Split(pieces, _read, self.make)


def _read(path: Any, first: Any, count: Any) -> Any:
    import tensorflow as tf

    first = tf.cast(first, tf.int64)
    return tf.data.Dataset.range(first, first + tf.cast(count, tf.int64), name="numbers")


def _seeds(seed: int, number: Any) -> list[Any]:
    """Seeds [3] of int64 [2] for what differs in each example."""
    import tensorflow as tf

    number = tf.cast(number, tf.int64)
    key = tf.stack([tf.constant(seed, tf.int64), number])
    return [tf.random.experimental.stateless_fold_in(key, purpose) for purpose in range(3)]


def _image(seed: int, number: Any, shape: tuple[int, ...], classes: int) -> dict[str, Any]:
    import tensorflow as tf

    for_label, for_noise, _ = _seeds(seed, number)
    label = tf.random.stateless_uniform([], for_label, 0, classes, tf.int64)
    # The pattern is made anew each time: a table of all classes would lie in the graph.
    pattern = tf.random.stateless_normal(shape, tf.stack([tf.constant(-seed - 1, tf.int64), label]))
    image = pattern + NOISE * tf.random.stateless_normal(shape, for_noise)
    return {"image": image, "label": label}


def _click(seed: int, number: Any, dense: int, categorical: int, vocabulary: int) -> dict[str, Any]:
    import tensorflow as tf

    for_dense, for_categories, for_label = _seeds(seed, number)
    numbers = tf.random.stateless_normal([dense], for_dense)
    uniform = tf.random.stateless_uniform([categorical], for_categories)
    categories = tf.cast(uniform**3 * vocabulary, tf.int64)
    keys = tf.range(categorical, dtype=tf.int64) * vocabulary + categories
    # A category's weight is a wave over its own number, multiplied into disorder: a cheap hash.
    weights = tf.sin(tf.cast(keys * 7919 % 10_007 + seed, tf.float32)) * 2**0.5
    scale = SHARPNESS / (dense + categorical) ** 0.5
    logit = scale * (tf.reduce_sum(numbers) + tf.reduce_sum(weights))
    label = tf.random.stateless_uniform([], for_label) < tf.sigmoid(logit)
    return {
        "dense": numbers,
        "categorical": tf.cast(categories, tf.int32),
        "label": tf.cast(label, tf.int64),
    }


def _text(seed: int, number: Any, length: int) -> dict[str, Any]:
    import tensorflow as tf

    for_sentence, for_place, _ = _seeds(seed, number)
    sentence = tf.random.stateless_uniform([], for_sentence, 0, SENTENCES, tf.int64)
    letters = tf.random.stateless_uniform(
        [length + 1], tf.stack([tf.constant(-seed - 1, tf.int64), sentence]), 97, 123, tf.int32
    )
    place = tf.random.stateless_uniform([], for_place, 0, length + 1, tf.int32)
    return {"text": tf.cast(tf.roll(letters, place, 0), tf.uint8)}
