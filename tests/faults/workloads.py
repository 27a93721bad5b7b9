"""Workloads that go wrong in a planted way, in one task of two."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.workloads.digits_mlp import workload as digits_mlp

CULPRIT = "worker-0"


def task():
    """This task's name; `preflight` in the preflight, which has no cluster."""
    if "TF_CONFIG" not in os.environ:
        return "preflight"
    told = json.loads(os.environ["TF_CONFIG"])["task"]
    return f"{told['type']}-{told['index']}"


def in_step(act, after_examples=5_000):
    """digits_mlp whose culprit acts in the input pipeline's graph, some steps after the start."""
    ours = digits_mlp()
    seen = np.zeros([], np.int64)

    def count(label):
        nonlocal seen
        seen += 1
        if seen > after_examples:
            act()
        return label

    def features(example):
        x, y = example["image"], example["label"]
        x = tf.cast(x, tf.float32) / 16.0
        if task() == CULPRIT:
            label = tf.numpy_function(count, [y], y.dtype)
            y = tf.ensure_shape(label, y.shape)
        return x, y

    return replace(ours, features=features)


def raises_in_the_input():
    def act():
        raise ValueError("planted in the input")

    return in_step(act)


def raises_once_in_the_input():
    """In the first start of a run; the next one finds what it left in the run's own folder."""

    def act():
        mark = Path(tempfile.gettempdir()) / "raised"
        if not mark.exists():
            mark.touch()
            raise ValueError("planted in the input")

    return in_step(act)


def leaves_at_once():
    return in_step(lambda: os._exit(3))


def leaves_as_if_well():
    return in_step(lambda: os._exit(0))


def aborts():
    return in_step(os.abort)


def sleeps():
    return in_step(sleep_for_long)


def sleep_for_long():
    time.sleep(1000)


def takes_memory():
    kept = []
    return in_step(lambda: kept.append(np.ones(4_000_000)))


def starts_processes():
    """The culprit leaves a process in a session of its own behind."""
    if task() == CULPRIT:
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
    return digits_mlp()
