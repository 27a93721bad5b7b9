"""How many elements of each stage become one example of the final batches."""

import time
from collections.abc import Mapping, Sequence

import tensorflow as tf

from input_pipelines.graph import DatasetGraph, Stage
from input_pipelines.profiling.model_nodes import Running, running_stages, snapshot

_ONE_FOR_ONE = {"map", "shuffle", "repeat", "cache", "prefetch", "assert_cardinality", "zip"}
"""Kinds of stages that take as many elements as they give."""
_LONGEST_COUNT_SECONDS = 1.0
_MOST_COUNTED = 64


def elements_per_example(graph: DatasetGraph, serial: DatasetGraph, batch: int) -> dict[str, float]:
    """By the stage's name; `batch` examples are one element of the last stage.

    What a stage takes for one element that it gives is known by its kind or by the number of
    elements before and behind it; else it is counted while `serial`, the same whose stages work one
    call at a time, gives a few elements. A stage for which neither is possible is left out, and
    those before it with it. A prefetch, which `serial` doesn't have, hands on what it is given.
    """
    sizes = _sizes(graph)
    counted = running_stages(serial.stages, _counted(serial))
    found = {serial.stages[-1].name: 1 / batch}
    for stage in reversed(serial.stages):
        if stage.name not in found:
            continue
        for name in stage.inputs:
            taken = _taken(stage, name, sizes, counted)
            if taken is not None:
                found[name] = found[stage.name] * taken
    for stage in graph.stages:
        if stage.kind == "prefetch" and stage.inputs[0] in found:
            found[stage.name] = found[stage.inputs[0]]
    return found


def known_size(graph: DatasetGraph, name: str) -> int | None:
    """How many elements the stage gives before it ends; None where it is unknown or endless."""
    return _sizes(graph).get(name)


def _taken(
    stage: Stage, name: str, sizes: Mapping[str, int], counted: Mapping[str, Running]
) -> float | None:
    """Elements of the stage `name` that become one element of `stage`."""
    if stage.kind in _ONE_FOR_ONE:
        return 1.0
    if stage.batch_size:
        return float(stage.batch_size)
    if sizes.get(name) and sizes.get(stage.name):
        return sizes[name] / sizes[stage.name]
    before = counted[name].elements if name in counted else None
    given = counted[stage.name].elements if stage.name in counted else None
    return before / given if before and given else None


def _sizes(graph: DatasetGraph) -> dict[str, int]:
    """Elements of the stages that are known to end; what one that gives as many as it takes says
    holds for what is before it too."""
    found: dict[str, int] = {}
    for stage in reversed(graph.stages):
        size = int(graph.up_to(stage.name).cardinality())
        if size >= 0:
            found[stage.name] = size
        if stage.kind in _ONE_FOR_ONE - {"repeat", "zip"} and stage.name in found:
            found.setdefault(stage.inputs[0], found[stage.name])
    return found


def _counted(graph: DatasetGraph) -> object:
    """The model of an iterator that has given a few elements, as the stages were written."""
    iterator = iter(without_rewriting(graph.dataset(), autotune=True))
    model, began = None, time.perf_counter()
    for _ in range(_MOST_COUNTED):
        try:
            next(iterator)
        except StopIteration:
            break
        model = snapshot(iterator)
        if time.perf_counter() - began > _LONGEST_COUNT_SECONDS:
            break
    return model


def without_rewriting(dataset: tf.data.Dataset, autotune: bool) -> tf.data.Dataset:
    """The same dataset, whose stages run as they were written, each by itself; without `autotune`
    they have no model, and no thread that works on one: to leave such an iterator takes until that
    thread wakes up, seconds."""
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = autotune
    return dataset.with_options(options)


def upstream(stages: Sequence[Stage], name: str) -> list[Stage]:
    """The stage `name` and all before it, in the order of flow."""
    by_name = {stage.name: stage for stage in stages}
    wanted, waiting = set(), [name]
    while waiting:
        at = waiting.pop()
        wanted.add(at)
        waiting += by_name[at].inputs
    return [stage for stage in stages if stage.name in wanted]
