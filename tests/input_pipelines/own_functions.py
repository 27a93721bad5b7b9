"""Functions that return datasets, as people write them: good ones, and ones that can't be used."""

import sys

import numpy as np
import tensorflow as tf

EXAMPLES = 22


def _examples(n):
    return tf.cast(tf.fill([8, 8, 1], n), tf.float32), tf.cast(n % 10, tf.int32)


def doubled(x, y):
    return 2.0 * x, y


def noisy(x, y):
    return x + tf.random.uniform([]), y


def pairs(batch: int = 4, noise: bool = False, stateful: bool = False) -> tf.data.Dataset:
    """Finite, shuffled, with a last batch that isn't full."""
    dataset = tf.data.Dataset.range(EXAMPLES).map(_examples, name="make")
    if stateful:
        dataset = dataset.map(noisy, name="noise")
    dataset = dataset.map(doubled, name="double").shuffle(8, seed=1)
    if noise:
        dataset = dataset.map(noisy, name="noise")
    return dataset.batch(batch).prefetch(2)


def fixed(batch: int) -> tf.data.Dataset:
    """The same epoch each time, without a short batch."""
    return tf.data.Dataset.range(24).map(_examples).batch(batch, drop_remainder=True)


def endless(batch: int) -> tf.data.Dataset:
    return fixed(batch).repeat()


def endless_unfilled(batch: int) -> tf.data.Dataset:
    """Endless too, but whether its batches are full is not told by their shape."""
    return tf.data.Dataset.range(24).map(_examples).repeat().batch(batch)


def endless_generator(batch: int) -> tf.data.Dataset:
    """Endless, which nobody can know."""

    def examples():
        n = 0
        while True:
            yield [[[float(n)]] * 8] * 8, n % 10
            n += 1

    signature = (tf.TensorSpec([8, 8, 1], tf.float32), tf.TensorSpec([], tf.int32))
    return tf.data.Dataset.from_generator(examples, output_signature=signature).batch(batch)


def dicts(batch: int, field: str = "image") -> tf.data.Dataset:
    return fixed(batch).map(lambda x, y: {field: x, "label": y})


def several_fields(batch: int) -> tf.data.Dataset:
    return fixed(batch).map(lambda x, y: {"image": x, "place": y, "label": y})


def repeated(batch: int) -> tf.data.Dataset:
    """As tf.data's guide has it: nothing between shuffle and repeat, the batch behind both."""
    examples = tf.data.Dataset.range(EXAMPLES).map(_examples, name="make").shuffle(8, seed=1)
    return examples.repeat().batch(batch, drop_remainder=True).prefetch(2)


def shuffled_first(batch: int) -> tf.data.Dataset:
    """As for files of images: names are shuffled, then each is read."""
    examples = tf.data.Dataset.range(24).shuffle(24, seed=1).map(_examples, name="decode")
    return examples.batch(batch).prefetch(1)


def cached(batch: int) -> tf.data.Dataset:
    examples = tf.data.Dataset.range(24).map(_examples).cache()
    return examples.shuffle(24, seed=1).batch(batch)


def own_part(replica: int, replicas: int, batch: int) -> tf.data.Dataset:
    examples = tf.data.Dataset.range(24).shard(replicas, replica)
    return examples.map(_examples).batch(batch, drop_remainder=True)


def seeded(seed: int, batch: int) -> tf.data.Dataset:
    return tf.data.Dataset.range(24).shuffle(24, seed=seed).map(_examples).batch(batch)


def slow_map(batch: int) -> tf.data.Dataset:
    """One stage costs most of it; whether a batch is full is not told by its shape."""

    def work(x, y):
        matrix = tf.ones([200, 200]) * x[0, 0, 0]
        for _ in range(3):
            matrix = tf.linalg.matmul(matrix, matrix) * 1e-9
        return x + tf.reduce_sum(matrix), y

    examples = tf.data.Dataset.range(EXAMPLES).map(_examples, name="make").map(work, name="work")
    return examples.batch(batch).prefetch(2, name="pre")


def unseeded(batch: int, seed: int | None = None) -> tf.data.Dataset:
    """As most people write it: which examples the last batch leaves out changes with each epoch."""
    examples = tf.data.Dataset.range(EXAMPLES).map(_examples, name="make")
    return examples.shuffle(EXAMPLES, seed=seed).batch(batch)


def unrepeatable(batch: int) -> tf.data.Dataset:
    def work(x, y):
        drawn = tf.numpy_function(lambda: np.random.default_rng().random(), [], tf.float64)
        return x + tf.cast(tf.ensure_shape(drawn, []), tf.float32), y

    return tf.data.Dataset.range(24).map(_examples).map(work, name="dice").batch(batch)


def with_python(batch: int) -> tf.data.Dataset:
    def plus_one(x):
        return x + 1

    def work(x, y):
        x = tf.ensure_shape(tf.numpy_function(plus_one, [x], tf.float32), [8, 8, 1])
        return x, y

    return tf.data.Dataset.range(24).map(_examples).map(work, name="python").batch(batch)


def from_generator(batch: int) -> tf.data.Dataset:
    def examples():
        for n in range(24):
            yield [[[float(n)]] * 8] * 8, n % 10

    signature = (tf.TensorSpec([8, 8, 1], tf.float32), tf.TensorSpec([], tf.int32))
    return tf.data.Dataset.from_generator(examples, output_signature=signature).batch(batch)


def random_source(batch: int) -> tf.data.Dataset:
    return tf.data.Dataset.random(seed=1).take(24).map(_examples).batch(batch)


def no_dataset() -> list[int]:
    return [1, 2]


def empty(batch: int) -> tf.data.Dataset:
    return fixed(batch).take(0)


def unbatched() -> tf.data.Dataset:
    return tf.data.Dataset.range(24).map(_examples)


def of_five() -> tf.data.Dataset:
    return fixed(5)


def of_five_unknown() -> tf.data.Dataset:
    return tf.data.Dataset.range(24).map(_examples).batch(5)


def ragged(batch: int) -> tf.data.Dataset:
    return tf.data.Dataset.range(24).map(lambda n: (tf.range(n), n)).ragged_batch(batch)


def sparse(batch: int) -> tf.data.Dataset:
    def example(n):
        return tf.sparse.from_dense(tf.one_hot(n, 24)), n

    return tf.data.Dataset.range(24).map(example).batch(batch)


def only_x(batch: int) -> tf.data.Dataset:
    return fixed(batch).map(lambda x, y: x)


def without_label(batch: int) -> tf.data.Dataset:
    return dicts(batch).map(lambda fields: {"image": fields["image"], "class": fields["label"]})


def vanished(batch: int, path: str) -> tf.data.Dataset:
    records = tf.data.TFRecordDataset([path])
    return records.map(lambda r: (tf.io.decode_raw(r, tf.float32), 0)).batch(batch)


def raises_in_the_middle(batch: int) -> tf.data.Dataset:
    def work(x, y):
        with tf.control_dependencies([tf.debugging.assert_less(y, tf.constant(1, tf.int32))]):
            return tf.identity(x), y

    return fixed(batch).unbatch().map(work, name="checked").batch(batch)


def raises_in_python(batch: int) -> tf.data.Dataset:
    def look(y):
        if y > 8:
            raise ValueError("planted")
        return y

    def work(x, y):
        return x, tf.ensure_shape(tf.numpy_function(look, [y], tf.int32), [])

    return tf.data.Dataset.range(24).map(_examples).map(work, name="late").batch(batch)


def leaves() -> tf.data.Dataset:
    sys.exit(3)


def raises_at_once() -> tf.data.Dataset:
    raise OSError("planted: no such bucket")
