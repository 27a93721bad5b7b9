"""AutoGraph for what others wrote, and for nothing else. Runs in tasks only.

AutoGraph turns `if`, `for` and `while` over tensors into operations by rewriting a function's
source, some 40 ms a function. Our own code does without it (`autograph=False`, `do_not_convert`):
that is half of the time between a task's start and its first step. A person's functions get it
back here.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.core.ag_ctx import ControlStatusCtx, Status

_DO_WITHOUT = (
    "benchmarks.workloads.",
    "input_pipelines.sources.",
    "keras.src.optimizers.",
    "tf_keras.src.optimizers.",
)
"""Modules that leave no tensor to an `if`. Keras's optimizers would be rewritten needlessly:
`tf.distribute` hands their functions to AutoGraph as if they were a person's."""


def converted(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as code that AutoGraph leaves alone has to call it.

    It and what it calls are converted as in a plain `tf.function`, or run as they are where the
    source can't be had. A library's function (a Keras model's, say) isn't converted itself, but it
    runs where AutoGraph is on: tf_keras then converts the layers that a person wrote.
    """
    if (getattr(function, "__module__", None) or "").startswith(_DO_WITHOUT):
        return function
    enabled = ControlStatusCtx(Status.ENABLED)
    # What TensorFlow keeps for libraries that call others' functions, as tf_keras does.
    return tf.__internal__.autograph.tf_convert(function, enabled, user_requested=False)
