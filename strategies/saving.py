"""The final model, as a SavedModel that loads without the strategy and without this project."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.workloads.conversion import converted
from strategies.model import as_variable

MODEL_FOLDER = "model"
_PART = re.compile(r"/part_(\d+)(:\d+)?$")
"""How TensorFlow names the parts of a ShardedVariable, which are cut along the first axis."""


def read_weights(model: Any) -> list[np.ndarray]:
    """The values of every weight, whole. Every task of a cluster must call it at the same step:
    tf_keras reduces running statistics over replicas when they are read.

    A variable that is cut into parts over parameter servers stands in the list as its parts.
    """
    values: list[np.ndarray] = []
    for weight in model.weights:
        value = np.asarray(tf.convert_to_tensor(weight))
        part = _PART.search(weight.name)
        if part and int(part[1]):
            values[-1] = np.concatenate([values[-1], value])
        else:
            values.append(value)
    return values


def local_copy(workload: Any, weights: list[np.ndarray]) -> Any:
    """The workload's model outside of any strategy, with these weights."""
    model = workload.model()
    model.set_weights(weights)
    return model


def save_model(model: Any, example: Any, folder: Path) -> None:
    """Writes `model` so that `tf.saved_model.load(folder).serve(x)` predicts.

    Args:
      model: built outside of any strategy (`local_copy`).
      example: the structure of x as tensor specifications with their batch dimension.
      folder: made by this call.
    """
    signature = tf.nest.map_structure(
        lambda spec: tf.TensorSpec([None, *spec.shape[1:]], spec.dtype), example
    )
    served = tf.Module()
    served.variables_of_model = [as_variable(weight) for weight in model.weights]
    predict = converted(model)
    served.serve = tf.function(
        lambda x: predict(x, training=False), input_signature=[signature], autograph=False
    )
    tf.saved_model.save(served, str(folder), signatures=None)
