"""Whether a workload fits its data, told before any cluster starts. Runs in a task only."""

from collections.abc import Callable
from typing import Any, Protocol

from benchmarks.workloads.loading import guarded
from results.errors import UserError

DIRECTIONS = ("higher", "lower")


class Batches(Protocol):
    """What the check needs of a feed."""

    @property
    def training_key(self) -> str:
        """The key, with its value, that training batches come from."""

    def first_batch(self, batch: int, split: str = "train") -> tuple[Any, Any]:
        """(x, y) of the first examples of a split."""


def check(workload: Any, feed: Batches, batch: int) -> None:
    """Calls everything that the workload has on one batch of `batch` examples.

    Raises `UserError`, in one line what was expected and what came, where an attribute is missing,
    something of the workload raises, shapes don't meet, or loss and score are not float [batch].
    """
    judge_attributes(workload)
    x, y = guarded("workload and source: taking one batch", feed.first_batch, batch)
    held_out = guarded(
        "workload and source: taking one held-out batch", feed.first_batch, batch, split="test"
    )
    _judge_same_shapes(feed.training_key, (x, y), held_out)
    model = guarded("workload.model()", workload.model)
    _judge_model(model)
    outputs = guarded(
        f"workload.model()(x) with x {_described(x)}", lambda: model(x, training=True)
    )
    _judge_optimizer(guarded("workload.optimizer()", workload.optimizer))
    for name, function in (
        ("workload.loss(y, outputs)", workload.loss),
        ("workload.quality.score(y, outputs)", workload.quality.score),
    ):
        _judge_per_example(name, function, y, outputs, batch)


def judge_attributes(workload: Any) -> None:
    """Raises `UserError` where an attribute is missing or of the wrong kind. Free of TensorFlow."""
    needed = "model, optimizer, loss and quality (name, score, direction)"
    for name in ("model", "optimizer", "loss"):
        _judge_callable("workload", workload, name, needed)
    quality = getattr(workload, "quality", None)
    if quality is None:
        raise UserError(f"workload.quality: is missing; a workload has {needed}")
    _judge_callable("workload.quality", quality, "score", "name, score and direction")
    direction = getattr(quality, "direction", None)
    if direction not in DIRECTIONS:
        raise UserError(f"workload.quality.direction={direction}: must be higher or lower")
    quality_name = getattr(quality, "name", None)
    if not isinstance(quality_name, str) or not quality_name:
        raise UserError(f"workload.quality.name={quality_name!r}: must be a word, as accuracy")
    for name in ("features", "augment"):
        if getattr(workload, name, None) is not None:
            _judge_callable("workload", workload, name, "it only as a function")


def _judge_callable(key: str, thing: Any, name: str, needed: str) -> None:
    found = getattr(thing, name, None)
    if found is None:
        raise UserError(
            f"{key}.{name}: is missing from the {type(thing).__name__} that came; "
            f"{key.rpartition('.')[2]} has {needed}"
        )
    if not callable(found):
        raise UserError(f"{key}.{name}: must be a function, not {type(found).__name__}")


def _judge_model(model: Any) -> None:
    import tensorflow as tf

    if not isinstance(model, tf.keras.Model):
        raise UserError(
            f"workload.model(): must return a tf.keras.Model, returned {_kind(model)}; for a model "
            "of the other Keras use keras=2 or keras=3"
        )


def _judge_optimizer(optimizer: Any) -> None:
    import tensorflow as tf

    if not isinstance(optimizer, tf.keras.optimizers.Optimizer):
        raise UserError(
            "workload.optimizer(): must return a tf.keras.optimizers.Optimizer, returned "
            f"{_kind(optimizer)}; for one of the other Keras use keras=2 or keras=3"
        )


def _judge_per_example(
    name: str, function: Callable[[Any, Any], Any], y: Any, outputs: Any, batch: int
) -> None:
    import tensorflow as tf

    what = f"{name} with y {_described(y)}, outputs {_described(outputs)}"
    value = guarded(what, function, y, outputs)
    if not tf.is_tensor(value):
        raise UserError(f"{what}: must return a tensor, float [{batch}], returned {_kind(value)}")
    if not value.dtype.is_floating or value.shape.as_list() != [batch]:
        raise UserError(
            f"{what}: must return one number per example, float [{batch}], returned "
            f"{_described(value)}"
        )


def _judge_same_shapes(key: str, train: Any, test: Any) -> None:
    if _described(train) != _described(test):
        raise UserError(
            f"{key}: a training batch is {_described(train)}, a held-out one of the source "
            f"{_described(test)}; they must be alike"
        )


def _described(structure: Any) -> str:
    """Types and shapes of a structure of tensors, as `float32 [32, 8, 8, 1]`."""
    import tensorflow as tf

    def one(tensor: Any) -> str:
        if not tf.is_tensor(tensor):
            return _kind(tensor)
        return f"{tensor.dtype.name} {tensor.shape.as_list()}"

    described = tf.nest.map_structure(one, structure)
    return described if isinstance(described, str) else str(described).replace("'", "")


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
