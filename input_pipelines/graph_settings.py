"""What `pipeline.*` means for a dataset that somebody else wrote: set through its graph.

Runs in tasks only.
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from input_pipelines.graph import CachePlace, DatasetGraph, Stage, cache_place
from input_pipelines.settings import PipelineSettings
from results.errors import UserError, nearest


def changes_anything(pipeline: PipelineSettings) -> bool:
    """Whether the settings ask for anything that the dataset may not have by itself."""
    usual = PipelineSettings()
    names = ("parallel_calls", "parallel", "parallel_reads", "prefetch", "cache", "deterministic")
    return any(
        getattr(pipeline, name) != getattr(usual, name)
        for name in (*names, "batch_first", "threads")
    )


def configured(
    graph: DatasetGraph, pipeline: PipelineSettings, cache_file: str = ""
) -> DatasetGraph:
    """The graph as the settings ask for it; what they leave open stays as it was written.

    `parallel_calls` goes to every map (a serial one that is random or stateful stays serial: its
    elements would depend on timing), `parallel_reads` to every interleave, whose order stays,
    `parallel` to the stages that it names. `cache` is put in the latest place where a second epoch
    is the same as the first (`graph.cache_place`), for which a shuffle may move behind the maps
    that follow it; its files begin with `cache_file`, if that is given. `deterministic=false` frees
    the order of all parallel stages but those whose source says `deterministic=True` itself. Where
    `prefetch` is given, one at the end is taken out: it is for the caller to put one behind
    everything.

    Raises:
      UserError: there is no such stage, no place for a cache, or no map that could run on batches.
    """
    if pipeline.batch_first:
        graph = _batch_first(graph)
    if pipeline.cache != "none":
        graph = _cached(graph, pipeline.cache, cache_file)
    graph = graph.with_parallelism(_calls(graph.stages, pipeline))
    if pipeline.prefetch is not None:
        graph = graph.with_prefetch(0)
    return graph.with_options(options_of(pipeline))


def rearranged(dataset: tf.data.Dataset, pipeline: PipelineSettings) -> tf.data.Dataset:
    """A dataset of ours with what only its graph can be given: batches before maps, and numbers of
    calls for stages that are no maps.

    Raises:
      UserError: there is no such stage, or no map that could run on batches.
    """
    if not pipeline.batch_first and not pipeline.parallel:
        return dataset
    graph = DatasetGraph.of(dataset)
    if pipeline.batch_first:
        graph = _batch_first(graph)
    check_stages(pipeline.parallel, [stage.name for stage in graph.stages])
    return graph.with_parallelism(pipeline.parallel).dataset()


def _cached(graph: DatasetGraph, where: str, file: str) -> DatasetGraph:
    """With a cache as late as one can lie, the shuffles moved out of its way where that helps."""
    late = graph.with_shuffles_late().graph
    place, late_place = cache_place(graph), cache_place(late)
    if late_place.after is not None and _passed(late, late_place) > _passed(graph, place):
        graph, place = late, late_place
    if place.after is None:
        raise UserError(
            f"pipeline.cache={where}: {place.reason}, and a cache must lie before that; use "
            "pipeline.cache=none"
        )
    kept_already = any(
        stage.kind == "cache" and place.after.name in stage.inputs for stage in graph.stages
    )
    return graph if kept_already and not file else graph.with_cache(place.after.name, file)


def _passed(graph: DatasetGraph, place: CachePlace) -> int:
    """How many stages lie before a place."""
    return 0 if place.after is None else 1 + graph.stages.index(place.after)


def _batch_first(graph: DatasetGraph) -> DatasetGraph:
    rewrite = graph.with_batch_before_map()
    if not rewrite.moved:
        raise UserError(f"pipeline.batch_first=true: {rewrite.reason}")
    return rewrite.graph


def options_of(pipeline: PipelineSettings) -> tf.data.Options:
    """What the settings say to tf.data as a whole."""
    options = tf.data.Options()
    if not pipeline.deterministic:
        options.deterministic = False
    if pipeline.threads is not None:
        options.threading.private_threadpool_size = pipeline.threads
    return options


def check_stages(parallel: Mapping[str, int], known: Sequence[str]) -> None:
    """Raises `UserError` for the first of `pipeline.parallel` that is no stage's, or no number of
    calls."""
    for name, calls in parallel.items():
        if calls < 1 and calls != tf.data.AUTOTUNE:
            raise UserError(f"pipeline.parallel.{name}={calls}: at least 1 is needed")
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
            raise UserError(f"pipeline.parallel.{name}: there is no such stage; {hint}")


def _calls(stages: tuple[Stage, ...], pipeline: PipelineSettings) -> dict[str, int]:
    calls: dict[str, int] = {}
    for stage in stages:
        ordered = stage.parallelism is None and stage.random is not None
        if stage.kind == "map" and pipeline.parallel_calls is not None and not ordered:
            calls[stage.name] = pipeline.parallel_calls
        if stage.kind == "interleave" and pipeline.parallel_reads is not None:
            calls[stage.name] = pipeline.parallel_reads
    check_stages(pipeline.parallel, [stage.name for stage in stages])
    return calls | pipeline.parallel
