"""Pipelines as people write them, each wrong in one way."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.planted.workloads import CLASSES, SIZE, arrays, burn

EXAMPLES = 4096
_FOLDER = Path(tempfile.gettempdir()) / "distribute-bench-planted"


def _examples() -> tf.data.Dataset:
    made = arrays(EXAMPLES)["train"]
    return tf.data.Dataset.from_tensor_slices((made["image"], made["label"]))


def serial_map(batch: int, turns: int = 15) -> tf.data.Dataset:
    """One example after the other, on one core of several."""
    dataset = _examples().map(lambda image, label: (burn(image, turns), label), name="work")
    return dataset.batch(batch, drop_remainder=True).prefetch(2)


def python_generator(batch: int, turns: int = 300) -> tf.data.Dataset:
    """A generator that does its work in Python, example by example."""
    made = arrays(512)["train"]

    def examples() -> Iterator[tuple[np.ndarray, int]]:
        for image, label in zip(made["image"], made["label"], strict=True):
            total = 0.0
            for number in range(turns):
                total += (number * 7919 % 13) ** 0.5
            yield image + np.float32(1e-9 * total), int(label)

    signature = (
        tf.TensorSpec([SIZE, SIZE, 1], tf.float32),
        tf.TensorSpec([], tf.int64),
    )
    dataset = tf.data.Dataset.from_generator(examples, output_signature=signature)
    return dataset.batch(batch, drop_remainder=True).prefetch(2)


def filter_after_decode(batch: int, turns: int = 3, keep: int = 8) -> tf.data.Dataset:
    """Everything is decoded, then all but one class is thrown away."""
    dataset = _examples().map(
        lambda image, label: (burn(image, turns), label),
        num_parallel_calls=tf.data.AUTOTUNE,
        name="decode",
    )
    dataset = dataset.filter(lambda image, label: label % keep == 0)
    return dataset.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def zipped_records(batch: int) -> tf.data.Dataset:
    """Records that the readers have to decompress, one file after the other."""
    files = _zipped_files()
    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP", name="read")

    def parse(record: Any) -> tuple[Any, Any]:
        image = tf.io.decode_raw(record, tf.float32)[: SIZE * SIZE]
        return tf.reshape(image, [SIZE, SIZE, 1]), tf.strings.to_number(
            tf.strings.substr(record, -1, 1), tf.int64
        )

    dataset = dataset.map(parse, num_parallel_calls=tf.data.AUTOTUNE, name="parse")
    return dataset.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def huge_shuffle(batch: int, copies: int = 48) -> tf.data.Dataset:
    """Decoded examples, far larger than what they were made of, in a shuffle buffer of all."""
    dataset = _examples().map(
        lambda image, label: (tf.tile(image, [1, 1, copies]), label), name="decode"
    )
    dataset = dataset.shuffle(EXAMPLES, seed=1)
    dataset = dataset.batch(batch, drop_remainder=True)
    return dataset.map(lambda image, label: (image[..., :1], label)).prefetch(2)


def _zipped_files(files: int = 4, records: int = 128, values: int = 24_000) -> list[str]:
    """Made once: numbers that compress a little, and so take long to decompress."""
    _FOLDER.mkdir(exist_ok=True)
    paths = [str(_FOLDER / f"zipped-{number}-{values}.tfrecord") for number in range(files)]
    rng = np.random.default_rng(0)
    for path in paths:
        if os.path.exists(path):
            continue
        options = tf.io.TFRecordOptions(compression_type="GZIP")
        with tf.io.TFRecordWriter(f"{path}.writing", options) as writer:
            for _ in range(records):
                label = int(rng.integers(CLASSES))
                numbers = rng.integers(0, 50, values).astype(np.float32)
                writer.write(numbers.tobytes() + b"000" + str(label).encode())
        os.replace(f"{path}.writing", path)
    return paths
