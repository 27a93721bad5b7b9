"""`pipeline._target_`: a person's own function that returns the training dataset, in batches.

Runs in tasks only.
"""

import inspect
import os
import time
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.python.autograph.core.ag_ctx import ControlStatusCtx, Status

from benchmarks.workloads.loading import find_callable, load_component, one_line
from input_pipelines.cache_folder import temporary_folder
from input_pipelines.failing import stage_that_raises
from input_pipelines.graph import DatasetGraph
from input_pipelines.graph_settings import changes_anything, configured
from input_pipelines.own_stages import FULL, NUMBER, POSITION, REPEAT, SHARD
from results.errors import UserError

if TYPE_CHECKING:
    from input_pipelines.feed import Feed

_LABEL = "label"
_LONGEST_PASS_SECONDS = 10.0
"""Longer than that nobody waits for the number of a pipeline's examples."""


def own_dataset(feed: "Feed", replica: int, replicas: int, batch: int) -> tf.data.Dataset:
    """Endless (number int64 [batch], x, y) of what the function `pipeline._target_` returns.

    The function is called with `pipeline.parameters` and with those of `batch`, `seed`, `replica`
    and `replicas` that it names as parameters. It returns a `tf.data.Dataset`, finite or not, of
    batches of `batch` examples as the model takes them: tuples (x, y), or dicts whose `label` is y
    and whose other field or fields are x. Neither the workload's features nor its augmentation are
    applied to them.

    A finite dataset is repeated; a last batch that is not full is left out. With several replicas
    and a function that takes no `replica`, every replica runs the same pipeline and keeps each
    `replicas`-th batch, so what the others take is prepared in vain: a function that takes
    `replica` and `replicas` can do better, and gives the replica's own batches. `number` counts the
    positions in the stream of all replicas' batches.

    What else `pipeline.*` says is done to its graph (`graph_settings`); without any of it the
    dataset runs as it was written. `pipeline.prefetch` lies behind everything, so that the next
    epoch is prepared while this one ends; without it, a prefetch of theirs stays where it is.

    Its iterator can be saved unless a function of the dataset is random, calls Python or reads a
    variable. Restored, it goes on with the very next batch, with one exception that is
    TensorFlow's (2.21): where a batch or a prefetch lies between a shuffle and the end of the
    epoch, and the epoch's end was waiting there when it was saved, the epochs after that come
    in another order, though whole. `shuffle(…).repeat().batch(…).prefetch(…)` has no such place.

    Raises:
      UserError: what it returned can't be trained on.
    """
    dataset, own_part = _configured(feed, replica, replicas, batch, fill=True)
    dataset = _endless(_full(dataset, batch))
    dataset = _numbered(dataset, replica, replicas, batch, own_part)
    ahead = feed.pipeline.prefetch
    return dataset.prefetch(ahead, name="prefetch") if ahead else dataset


def first_own_batch(feed: "Feed", batch: int) -> tuple[Any, Any]:
    """(x, y) of the first batch, with everything checked that can be.

    Raises:
      UserError: the dataset is empty, its batches have another size, or taking one fails.
    """
    dataset, _ = _configured(feed, 0, 1, batch, fill=False)
    what = feed.training_key
    try:
        element = next(iter(dataset), None)
    except tf.errors.OpError as error:
        stage = stage_that_raises(dataset, elements=batch)
        where = f"stage {stage}" if stage else "first batch"
        raise UserError(f"{what}: its {where} raised {one_line(error)}") from error
    if element is None:
        raise UserError(f"{what}: its dataset is empty; at least one batch is needed")
    for tensor in tf.nest.flatten(element):
        _check_size(what, int(tensor.shape[0]), batch)
    return _pair(element)


def own_epoch_examples(
    feed: "Feed", batch: int, longest_seconds: float = _LONGEST_PASS_SECONDS
) -> int | None:
    """Examples in the full batches of one pass over what the function returns for a single replica.

    Where tf.data doesn't know the number, a pass counts it. None where the dataset never ends, or
    where the pass hadn't ended after `longest_seconds`: of a Python generator nobody knows.
    """
    dataset, _ = _returned(feed, {"replica": 0, "replicas": 1, "batch": batch})
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        return None  # What leaves out small batches no longer knows it.
    batches = _full(dataset, batch)
    known = int(batches.cardinality())
    if known != tf.data.UNKNOWN_CARDINALITY:
        return known * batch
    give_up, count = time.perf_counter() + longest_seconds, 0
    for _ in batches:
        count += 1
        if time.perf_counter() > give_up:
            return None
    return count * batch


def _configured(
    feed: "Feed", replica: int, replicas: int, batch: int, fill: bool
) -> tuple[tf.data.Dataset, bool]:
    """The checked dataset, and whether it holds this replica's part alone."""
    pipeline = feed.pipeline
    dataset, own_part = _returned(feed, {"replica": replica, "replicas": replicas, "batch": batch})
    if replicas > 1 and not own_part and not pipeline.deterministic:
        raise UserError(
            f"pipeline.deterministic=false: {replicas} replicas share out the batches of one order;"
            f" let {pipeline._target_} take `replica` and `replicas` and give each its own"
        )
    _check_elements(feed.training_key, dataset.element_spec, batch)
    if changes_anything(pipeline):
        dataset = _through_graph(feed, dataset, replica, fill)
    return dataset, own_part


def _returned(feed: "Feed", offered: dict[str, int]) -> tuple[tf.data.Dataset, bool]:
    """What the function returned, and whether it knows its replica."""
    target = feed.pipeline._target_
    assert target is not None
    function = find_callable("pipeline._target_", target)
    try:
        names = set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # Some builtins have none.
        names = set()
    offered = {**offered, "seed": feed.seed}
    given = {name: value for name, value in offered.items() if name in names}
    # Ours runs without AutoGraph; theirs is to run as it would anywhere else.
    with ControlStatusCtx(Status.UNSPECIFIED):
        dataset = load_component("pipeline", target, {**given, **feed.pipeline.parameters})
    if not isinstance(dataset, tf.data.Dataset):
        raise UserError(
            f"{feed.training_key}: must return a tf.data.Dataset of batches, returned "
            f"{type(dataset).__module__}.{type(dataset).__qualname__}"
        )
    return dataset, "replica" in names


def _through_graph(
    feed: "Feed", dataset: tf.data.Dataset, replica: int, fill: bool
) -> tf.data.Dataset:
    graph = DatasetGraph.of(dataset)
    if feed.pipeline.cache != "disk":
        return configured(graph, feed.pipeline).dataset()
    folder = feed.cache_folder or temporary_folder()
    file = os.path.join(folder, f"own-{replica}")
    changed = configured(graph, feed.pipeline, file)
    if fill and not os.path.exists(f"{file}.index"):
        _fill(changed, file)
    return changed.dataset()


def _fill(graph: DatasetGraph, file: str) -> None:
    """Writes a cache's files before training begins: an iterator that is saved while they are being
    written can't be restored (see `disk_cache`)."""
    cache = next(stage.name for stage in graph.stages if stage.cache_file == file)
    for _ in graph.up_to(cache):
        pass


def _full(dataset: tf.data.Dataset, batch: int) -> tf.data.Dataset:
    """Without a last batch that is smaller."""
    sizes = {spec.shape[0] for spec in tf.nest.flatten(dataset.element_spec)}
    if sizes == {batch}:
        return dataset
    return dataset.filter(
        lambda *element: tf.shape(tf.nest.flatten(element)[0])[0] == batch, name=FULL
    )


def _endless(dataset: tf.data.Dataset) -> tf.data.Dataset:
    if dataset.cardinality() != tf.data.INFINITE_CARDINALITY:
        return dataset.repeat(name=REPEAT)
    return dataset


def _numbered(
    dataset: tf.data.Dataset, replica: int, replicas: int, batch: int, own_part: bool
) -> tf.data.Dataset:
    """(number, x, y) of the batches that are this replica's."""
    dataset = dataset.enumerate(name=NUMBER)
    if not own_part and replicas > 1:
        dataset = dataset.shard(replicas, replica, name=SHARD)
    stride, offset = (replicas, replica) if own_part else (1, 0)

    def positions(at: tf.Tensor, element: Any) -> tuple[Any, Any, Any]:
        first = (at * stride + offset) * batch
        x, y = tf.nest.map_structure(
            lambda t: tf.ensure_shape(t, tf.TensorShape([batch]).concatenate(t.shape[1:])),
            _pair(element),
        )
        return first + tf.range(batch, dtype=tf.int64), x, y

    return dataset.map(positions, name=POSITION)


def _pair(element: Any) -> tuple[Any, Any]:
    """(x, y) of an element that `_check_elements` has let pass."""
    if isinstance(element, tuple):
        return element[0], element[1]
    others = {name: value for name, value in element.items() if name != _LABEL}
    return next(iter(others.values())) if len(others) == 1 else others, element[_LABEL]


def _check_elements(what: str, spec: Any, batch: int) -> None:
    """Raises `UserError` where elements are not (x, y) or a dict, dense and in batches."""
    pair = isinstance(spec, tuple) and len(spec) == 2
    fields = isinstance(spec, dict) and _LABEL in spec and len(spec) > 1
    if not pair and not fields:
        kind = f"dicts of {', '.join(spec)}" if isinstance(spec, dict) else _shape_of(spec)
        raise UserError(
            f"{what}: gives {kind}; tuples (x, y) are needed, or dicts with `{_LABEL}` and x"
        )
    tensors = tf.nest.flatten(spec)
    for tensor in tensors:
        if not isinstance(tensor, tf.TensorSpec):
            kind = type(tensor).__name__.removesuffix("Spec").removesuffix("Tensor").lower()
            raise UserError(
                f"{what}: gives {kind} elements ({tensor}); training needs dense ones: use "
                "to_tensor(), tf.sparse.to_dense or padded_batch"
            )
        if tensor.shape.rank == 0:
            raise UserError(
                f"{what}: its dataset is not batched (an element holds a {tensor.dtype.name} "
                f"without dimensions); end it with .batch({batch}, drop_remainder=True)"
            )
    for tensor in tensors:
        if tensor.shape.rank is not None and tensor.shape[0] is not None:
            _check_size(what, tensor.shape[0], batch)


def _check_size(what: str, size: int, batch: int) -> None:
    if size != batch:
        raise UserError(
            f"batch.per_replica={batch}: {what} gives batches of {size}; give "
            f"batch.per_replica={size}, or let the function take `batch`"
        )


def _shape_of(spec: Any) -> str:
    if isinstance(spec, (tuple, list)):
        return f"{type(spec).__name__}s of {len(spec)}"
    return f"one {type(spec).__name__.removesuffix('Spec')} an element"
