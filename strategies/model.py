"""The model, its optimizer, and one replica's step: the same under every strategy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from benchmarks.workloads.conversion import converted
from strategies import crossing
from strategies.emulated_accelerator import Compute, emulated
from strategies.settings import LoopSettings
from strategies.stamps import Clock, stamped
from strategies.straggler import Straggler
from strategies.waiting import Wait


@dataclass(frozen=True)
class Training:
    """What a step reads and writes; made inside the strategy's scope."""

    model: Any
    optimizer: Any
    keras_2: bool


def is_keras_2() -> bool:
    """Whether `tf.keras` is tf_keras in this process."""
    return tf.keras.Model.__module__.startswith("tf_keras")


def as_variable(weight: Any) -> tf.Variable:
    """The TensorFlow variable of a weight: Keras 3 wraps it, tf_keras doesn't."""
    return weight if isinstance(weight, tf.Variable) else weight.value


def build_training(workload: Any, loop: LoopSettings, seed: int) -> Training:
    """Builds the model and every variable of its optimizer, so that no step has to make one."""
    seed_everything(seed)
    if loop.mixed_precision:
        tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = workload.model()
    optimizer = workload.optimizer()
    optimizer.build(model.trainable_variables)
    if is_keras_2() and hasattr(optimizer, "_current_learning_rate"):
        # A rate that follows a schedule is assigned in every replica, which CentralStorage allows
        # only where it knows what to do with several values; tf_keras doesn't say.
        optimizer._current_learning_rate = tf.Variable(
            optimizer._current_learning_rate,
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
    if not is_keras_2():
        # The step reduces gradients itself, in the type that loop.gradient_dtype names. Keras 3 has
        # no public way to say so (tf_keras: skip_gradients_aggregation).
        optimizer._all_reduce_sum_gradients = list
    return Training(model=model, optimizer=optimizer, keras_2=is_keras_2())


def seed_everything(seed: int) -> None:
    """What Python, NumPy and TensorFlow draw from here on follows from the run's seed."""
    # With a global seed of 0, tf.data compares a seed that is a tensor with 0 and can't.
    tf.keras.utils.set_random_seed(seed + 1)


def make_step(
    training: Training,
    workload: Any,
    loop: LoopSettings,
    *,
    examples_per_update: int,
    replicas: int,
    reduce: bool,
    clock: Clock,
    told: Callable[[list[Any]], None],
    wait: Wait | None = None,
    straggler: Straggler | None = None,
    remote: bool = False,
) -> Callable[[Any, Any], tuple[tf.Tensor, list[tf.Tensor]]]:
    """The function of one replica: gradients of its batch, summed over replicas, applied.

    It takes (x, y) of one batch and returns this replica's share of the mean loss, a float32
    scalar (the shares of all replicas add up to the mean over `examples_per_update` examples), and
    when it had read the variables, when its gradients were ready and when they were reduced or on
    the parameter servers, by `clock`, three of float64 []; NaN is not known. `told` is called with
    its gradients, tensors or IndexedSlices, whenever it is traced. With a `wait`, that is all it
    computes; gradients and loss are then zeros. A `straggler` waits once they are computed, before
    they count as ready. `remote`: parameter servers hold the variables.
    """

    apply_gradients = converted(training.optimizer.apply_gradients)
    gradients = replica_gradients(
        training,
        workload,
        examples_per_update=examples_per_update,
        copies=replicas * loop.accumulate,
    )

    def accumulated(x: Any, y: Any) -> tuple[tf.Tensor, list[Any]]:
        share, total = _dense(gradients(*_part((x, y), 0, loop.accumulate)))
        for part in range(1, loop.accumulate):
            more, found = _dense(gradients(*_part((x, y), part, loop.accumulate)))
            share, total = share + more, _added(total, found)
        return share, total

    compute: Compute = gradients if loop.accumulate == 1 else accumulated
    if wait is not None:
        compute = emulated(compute, training.model.trainable_variables, wait, remote=remote)
    if loop.jit_compile:
        compute = tf.function(compute, jit_compile=True, autograph=False)

    def step(x: Any, y: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
        if straggler is not None:
            began, (x, y) = stamped(clock, (x, y))
        first = operation_count()
        share, found = compute(x, y)
        pulled = tf.constant(float("nan"), tf.float64)
        if remote:
            fed = tf.nest.flatten(x)[0]
            pulled = crossing.pulled(operations_since(first), fed, clock)
        pairs = [
            (gradient, variable)
            for gradient, variable in zip(found, training.model.trainable_variables, strict=True)
            if gradient is not None
        ]
        ready, (share, values) = stamped(clock, (share, [gradient for gradient, _ in pairs]))
        if straggler is not None:
            # What is read of remote variables comes over the network, and is no computing.
            began = tf.where(tf.math.is_nan(pulled), began, pulled)
            ready, (share, values) = straggler.slowed(began, ready, (share, values), clock)
        given = ready
        told(values)
        if reduce:
            summed = _summed_over_replicas(values, tf.as_dtype(loop.gradient_dtype))
            given, values = stamped(clock, summed)
        pairs = list(zip(values, (variable for _, variable in pairs), strict=True))
        first = operation_count()
        if training.keras_2:
            apply_gradients(pairs, skip_gradients_aggregation=True)
        else:
            apply_gradients(pairs)
        if remote:
            given = crossing.pushed(operations_since(first), clock)
        return share, [pulled, ready, given]

    return step


def replica_gradients(
    training: Training, workload: Any, *, examples_per_update: int, copies: int
) -> Compute:
    """What computes the gradients of a batch, and its share of the mean loss over
    `examples_per_update` examples, to which so many `copies` add."""
    model, loss = converted(training.model), converted(workload.loss)

    def share_of_loss(x: Any, y: Any) -> tf.Tensor:
        outputs = model(x, training=True)
        losses = tf.cast(loss(y, _in_float32(outputs)), tf.float32)
        total = tf.reduce_sum(losses) / examples_per_update
        if training.model.losses:
            total += tf.add_n(training.model.losses) / copies
        return total

    def gradients(x: Any, y: Any) -> tuple[tf.Tensor, list[Any]]:
        with tf.GradientTape() as tape:
            share = share_of_loss(x, y)
        return share, tape.gradient(share, training.model.trainable_variables)

    return gradients


def updates_since(first: int) -> list[tf.Operation]:
    """The operations that write state among those added to the current graph since `first`.

    A time stamp taken after a step must wait for them: one that didn't showed 0.04 ms for an
    update of several (facts on TensorFlow 2.21).
    """
    return [operation for operation in operations_since(first) if operation.op_def.is_stateful]


def operations_since(first: int) -> list[tf.Operation]:
    """Those added to the current graph when it had `first` of them, and after."""
    operations: list[tf.Operation] = tf.compat.v1.get_default_graph().get_operations()
    return operations[first:]


def operation_count() -> int:
    """How many operations the current graph has."""
    return len(tf.compat.v1.get_default_graph().get_operations())


def _summed_over_replicas(gradients: list[Any], dtype: tf.DType) -> list[Any]:
    context = tf.distribute.get_replica_context()
    sent = [_cast(gradient, dtype) for gradient in gradients]
    received = context.all_reduce(tf.distribute.ReduceOp.SUM, sent)
    return [_cast(got, own.dtype) for got, own in zip(received, gradients, strict=True)]


def _cast(gradient: Any, dtype: tf.DType) -> Any:
    if gradient.dtype == dtype or not gradient.dtype.is_floating:
        return gradient
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(
            tf.cast(gradient.values, dtype), gradient.indices, gradient.dense_shape
        )
    return tf.cast(gradient, dtype)


def _part(batch: Any, part: int, parts: int) -> Any:
    def cut(value: tf.Tensor) -> tf.Tensor:
        size = value.shape[0] // parts
        return value[part * size : (part + 1) * size]

    return tf.nest.map_structure(cut, batch)


def _dense(found: tuple[tf.Tensor, list[Any]]) -> tuple[tf.Tensor, list[Any]]:
    share, gradients = found
    return share, [None if g is None else tf.convert_to_tensor(g) for g in gradients]


def _added(left: list[Any], right: list[Any]) -> list[Any]:
    return [a if b is None else a + b for a, b in zip(left, right, strict=True)]


def _in_float32(outputs: Any) -> Any:
    return tf.nest.map_structure(
        lambda t: tf.cast(t, tf.float32) if t.dtype == tf.bfloat16 else t, outputs
    )
