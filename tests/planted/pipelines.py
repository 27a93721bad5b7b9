"""Pipelines as people write them, each with its fault: for `pipeline._target_`. Batches (x, y)."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from results.run_folder import replace_file
from tests.planted.workloads import worked

SIZE = 32
CLASSES = 8
COMPRESSED_RECORDS = 1024
COMPRESSED_BYTES = 128 * 1024
"""Of a record when it is read: a thousandth of it lies in the file."""


def python_generator(batch: int) -> tf.data.Dataset:
    """Examples that Python makes one by one, under its lock: about 0.5 ms each."""

    def examples():
        rng = np.random.default_rng(0)
        while True:
            image = sum(rng.random((SIZE, SIZE, 3), np.float32) for _ in range(40)) / 40
            yield image.astype(np.float32), np.int32(rng.integers(CLASSES))

    signature = (
        tf.TensorSpec((SIZE, SIZE, 3), tf.float32),
        tf.TensorSpec((), tf.int32),
    )
    made = tf.data.Dataset.from_generator(examples, output_signature=signature)
    return made.batch(batch, drop_remainder=True)


def filter_after_decode(batch: int, kept: int = 8, work: int = 4000) -> tf.data.Dataset:
    """All examples are prepared at length, then one of `kept` is kept: by its number, which was
    known before."""
    numbers = tf.data.Dataset.range(65_536)
    prepared = numbers.map(lambda number: (number, *_drawn(number, work)), num_parallel_calls=2)
    wanted = prepared.filter(lambda number, x, y: number % kept == 0)
    return wanted.map(lambda number, x, y: (x, y)).batch(batch, drop_remainder=True)


def shuffle_decoded(batch: int, buffer: int = 2048, size: int = 128) -> tf.data.Dataset:
    """Decoded images wait in the shuffle buffer, `buffer` · 12 · `size`² bytes (403 MB), where
    their numbers would have done."""
    numbers = tf.data.Dataset.range(4 * buffer)
    images = numbers.map(lambda number: _drawn(number, 0, size), num_parallel_calls=2)
    return images.repeat().shuffle(buffer, seed=0).batch(batch, drop_remainder=True)


def compressed_reader(
    batch: int, folder: str = "~/.cache/distribute-bench/planted"
) -> tf.data.Dataset:
    """GZIP'ed records that decompress a thousandfold: the reader's core is busy, the disk isn't."""
    path = Path(folder).expanduser() / f"zeros-{COMPRESSED_RECORDS}x{COMPRESSED_BYTES}.tfrecord.gz"
    if not path.exists():
        _write_compressed(path)
    records = tf.data.TFRecordDataset(str(path), compression_type="GZIP").repeat()
    return records.map(_first_image).batch(batch, drop_remainder=True)


def _drawn(number: tf.Tensor, work: int, size: int = SIZE) -> tuple[tf.Tensor, tf.Tensor]:
    seed = tf.stack([tf.constant(0, tf.int64), number])
    image = tf.random.stateless_uniform([size, size, 3], seed)
    return worked(image, work, seed), tf.cast(number % CLASSES, tf.int32)


def _first_image(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    pixels = tf.io.decode_raw(tf.strings.substr(record, 0, SIZE * SIZE * 3), tf.uint8)
    image = tf.cast(tf.reshape(pixels, [SIZE, SIZE, 3]), tf.float32) / 255
    return image, tf.cast(tf.reduce_sum(tf.cast(pixels[:8], tf.int32)) % CLASSES, tf.int32)


def _write_compressed(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".writing")
    with tf.io.TFRecordWriter(str(temporary), "GZIP") as writer:
        for number in range(COMPRESSED_RECORDS):
            writer.write(bytes([number % 256]) * COMPRESSED_BYTES)
    replace_file(path, temporary.read_bytes())
    temporary.unlink()
