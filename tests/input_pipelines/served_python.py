"""Pipelines that call Python, through the service: a process that ends at once.

TensorFlow stops a server under Python's lock, for which a pipeline of its own may be waiting.
"""

import os
import sys
import traceback
from pathlib import Path

import numpy as np
import tensorflow as tf

from input_pipelines.build import training_dataset
from tests.input_pipelines.made_splits import feed_of, record_files, same, take
from tests.input_pipelines.served import served
from tests.input_pipelines.test_own_pipeline import BATCH, own


def numpy_function(folder: Path) -> None:
    def doubled(example):
        x = tf.numpy_function(lambda value: 2 * value, [example["value"]], tf.int64)
        return tf.ensure_shape(x, []), example["label"]

    plain = feed_of(record_files(folder, (17, 9)))
    plain.workload.features = doubled
    with served(plain, replicas=1, batch=4, data_workers=1) as feed:
        batches = take(iter(training_dataset(feed, 0, 1, 4)), 20)
        assert all(np.array_equal(x, 2 * (1000 + y)) for _, x, y in batches)
        _leave(0)


def generator(folder: Path) -> None:
    plain = own("from_generator")
    expected = take(iter(training_dataset(plain, 0, 1, BATCH)), 9)
    with served(plain, replicas=1, batch=BATCH, data_workers=2) as feed:
        assert same(expected, take(iter(training_dataset(feed, 0, 1, BATCH)), 9))
        _leave(0)


def _leave(code: int) -> None:
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        {"numpy_function": numpy_function, "generator": generator}[sys.argv[1]](Path(sys.argv[2]))
    except BaseException:
        traceback.print_exc()
        _leave(1)
