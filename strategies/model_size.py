"""What a model holds: parameters, bytes of its variables, of its optimizer's, of its gradients."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from strategies.model import Training, as_variable


@dataclass(frozen=True)
class ModelSize:
    """One copy of a model and its optimizer."""

    parameters: int
    variable_bytes: int
    optimizer_bytes: int
    copies: int
    """How many of them lie in this process: none of those that parameter servers hold."""


def model_size(training: Training, *, remote: bool) -> ModelSize:
    """Counts what was built.

    Args:
      remote: whether parameter servers hold the variables.
    """
    weights = training.model.weights
    return ModelSize(
        parameters=int(training.model.count_params()),
        variable_bytes=_bytes_of(weights),
        optimizer_bytes=_bytes_of(_optimizer_variables(training.optimizer)),
        copies=0 if remote else _copies(weights),
    )


def gradient_bytes(gradients: list[Any], wire: tf.DType) -> int | None:
    """Bytes of one replica's gradients where real numbers travel as `wire`; of a sparse one its
    rows and their indices. None where a shape is not known before it runs."""
    found = [_sent_bytes(gradient, wire) for gradient in gradients]
    known = [size for size in found if size is not None]
    return sum(known) if len(known) == len(found) else None


def _sent_bytes(gradient: Any, wire: tf.DType) -> int | None:
    if isinstance(gradient, tf.IndexedSlices):
        values, indices = _sent_bytes(gradient.values, wire), _sent_bytes(gradient.indices, wire)
        return None if values is None or indices is None else values + indices
    count = gradient.shape.num_elements()
    kind = wire if gradient.dtype.is_floating else gradient.dtype
    return None if count is None else int(count * kind.size)


def _optimizer_variables(optimizer: Any) -> Iterable[Any]:
    """tf_keras's older optimizers have a method where others have a property."""
    variables = optimizer.variables
    return variables() if callable(variables) else variables


def _bytes_of(weights: Iterable[Any]) -> int:
    variables = [part for weight in weights for part in _parts(weight)]
    sizes = [variable.shape.num_elements() * variable.dtype.size for variable in variables]
    return int(sum(sizes))


def _parts(weight: Any) -> list[tf.Variable]:
    """The variables of a weight: several where it is cut over parameter servers."""
    cut: list[tf.Variable] | None = getattr(weight, "variables", None)
    return [as_variable(weight)] if cut is None else list(cut)


def _copies(weights: list[Any]) -> int:
    if not weights:
        return 1
    return len(getattr(as_variable(weights[0]), "values", [None]))
