"""A `tf.data.Dataset` as a graph that can be looked at, changed, and made a dataset again.

A dataset is written down by TensorFlow itself (`DatasetToGraphV2`), the GraphDef is edited, and
`DatasetFromGraph` makes a dataset of it: no fork of TensorFlow, no change to what made the dataset.
Runs in tasks only.

What the functions of a pipeline capture comes along: Python functions and iterators as they are;
variables, lookup tables and random generators as copies that hold what the originals held when the
graph was made. A training loop that later assigns to a variable which its pipeline reads does not
change the copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import dataset_options_pb2, graph_pb2

from input_pipelines.graph import caching, parallelism, reordering
from input_pipelines.graph.nodes import (
    RETURNED,
    add_node,
    argument_places,
    copy_of,
    find,
    give_name,
    redirect,
    without_unused,
)
from input_pipelines.graph.stages import (
    Stage,
    dataset_nodes,
    specs_of,
    stages_of,
    unique_names,
)
from results.errors import UserError, nearest

_IGNORE_STATE = 1
"""`ExternalStatePolicy.IGNORE`: what keeps a state is written down too, without a warning."""
_OWN_STATE = {"seed_generator": "DummySeedGenerator", "cache": "DummyMemoryCache"}
"""Arguments that hold the epochs a shuffle has counted and what a cache has kept, and what gives
each new dataset its own: else it would go on with the original's."""


@dataclass(frozen=True, eq=False)
class DatasetGraph:
    """A pipeline's graph. Nothing changes one: each rewrite gives a new one."""

    definition: graph_pb2.GraphDef = field(repr=False)
    element_spec: Any
    options: tf.data.Options = field(repr=False)
    """All options of the pipeline, merged as tf.data does; the graph itself holds none."""
    origin: tf.data.Dataset = field(repr=False)
    """The dataset as it was written, which keeps what the graph refers to."""

    @classmethod
    def of(cls, dataset: tf.data.Dataset) -> "DatasetGraph":
        """The graph of a dataset.

        Raises:
          UserError: TensorFlow can't write the dataset down.
        """
        try:
            written = tf.raw_ops.DatasetToGraphV2(
                input_dataset=tf.data.experimental.to_variant(dataset),
                external_state_policy=_IGNORE_STATE,
            )
        except tf.errors.OpError as error:
            raise UserError(
                "pipeline._target_: TensorFlow can't write this dataset down as a graph "
                f"({str(error.message).splitlines()[0][:200]}), so its stages can't be seen or "
                "changed"
            ) from error
        graph = graph_pb2.GraphDef.FromString(written.numpy())
        options = _take_out_options(graph)
        _give_own_state(graph)
        names = unique_names(graph)
        for node in graph.node:
            if node.name in names:
                give_name(node, names[node.name])
        return cls(without_unused(graph), dataset.element_spec, options, dataset)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """All stages in the order of flow, sources first."""
        return stages_of(self.definition)

    def stage(self, name: str) -> Stage:
        """The stage `name`; raises `UserError` that lists those there are."""
        names = [stage.name for stage in self.stages]
        if name not in names:
            near = nearest(name, names)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(names)}"
            raise UserError(f"pipeline: has no stage {name}; {hint}")
        return self.stages[names.index(name)]

    def dataset(self) -> tf.data.Dataset:
        """A dataset that runs the graph, with state of its own: each begins with the first epoch of
        its shuffles and with empty caches."""
        variant = tf.raw_ops.DatasetFromGraph(graph_def=self.definition.SerializeToString())
        made = _FromGraph(variant, self.element_spec, self.origin)
        return made.with_options(self.options)

    def up_to(self, name: str) -> tf.data.Dataset:
        """The pipeline's beginning, up to and including the stage `name`.

        Of any stage but the last the elements are a tensor or a flat tuple of tensors: a graph
        doesn't know the names that Python gave them.
        """
        return self.cut_after(name).dataset()

    def cut_after(self, name: str) -> "DatasetGraph":
        """The graph of `up_to`."""
        stage = self.stage(name)
        if stage == self.stages[-1]:
            return self
        graph = copy_of(self.definition)
        returned = next(node for node in graph.node if node.op == RETURNED)
        returned.input[:] = [stage.node]
        specs = specs_of(find(graph, stage.node))
        spec = specs[0] if len(specs) == 1 else specs
        return replace(self, definition=without_unused(graph), element_spec=spec)

    def with_definition(self, graph: graph_pb2.GraphDef) -> "DatasetGraph":
        """The same with another definition, which gives elements of the same kind."""
        return replace(self, definition=without_unused(graph))

    def with_options(self, options: tf.data.Options) -> "DatasetGraph":
        """The same with options; what they set replaces what was set before."""
        return replace(self, options=self.options.merge(options))

    def one_call_at_a_time(self) -> "DatasetGraph":
        """The same elements, every stage working only while it is asked and in one thread.

        Parallel stages are made serial and prefetches are left out, so that the time spent in one
        stage is that stage's own. Datasets inside a stage's function (of an interleave) stay as
        they are.
        """
        return self.with_definition(parallelism.one_call_at_a_time(self.definition))

    def with_small_shuffles(self, elements: int) -> "DatasetGraph":
        """The same elements in another order: no shuffle buffer holds more than so many, and none
        takes long to fill."""
        return self.with_definition(parallelism.with_small_shuffles(self.definition, elements))

    def with_parallelism(self, calls: Mapping[str, int]) -> "DatasetGraph":
        """As many calls at once as given for stages by name; -1 leaves it to AUTOTUNE.

        The order of elements stays, for which an interleave takes no more calls at once than
        inputs that it mixes. A stage that is random may give others: which call draws which number
        then depends on timing (`Stage.random`).

        Raises:
          UserError: there is no such stage, or it can't run in parallel.
        """
        stages = {self.stage(name): number for name, number in calls.items()}
        return self.with_definition(parallelism.with_parallelism(self.definition, stages))

    def with_prefetch(self, elements: int) -> "DatasetGraph":
        """As many elements made ahead by the last stage; -1 leaves it to AUTOTUNE, 0 none."""
        return self.with_definition(parallelism.with_prefetch(self.definition, elements))

    def with_cache(self, after: str, file: str = "") -> "DatasetGraph":
        """A cache behind the stage `after`: in memory, or in files that begin with `file`.

        Whether a second epoch is the same at that place is for the caller to know: `cache_place`.
        """
        return self.with_definition(caching.with_cache(self.definition, self.stage(after), file))

    def with_shuffle_before(self, name: str) -> "reordering.Rewrite":
        """The shuffle behind the map `name` moved to before it, where elements may be smaller.

        The elements and, for a seeded shuffle, their order stay: shuffling doesn't look at them.
        """
        return reordering.with_shuffle_before(self, self.stage(name))

    def with_shuffle_after(self, name: str) -> "reordering.Rewrite":
        """The shuffle before the map `name` moved to behind it, so that a cache can lie between."""
        return reordering.with_shuffle_after(self, self.stage(name))

    def with_shuffles_late(self) -> "reordering.Rewrite":
        """Each shuffle moved behind the pure maps that follow it, in the same order: what lies
        before it is the same in each epoch then, and can be kept. Its buffer holds what the maps
        made, which costs no memory of its own where a cache in memory holds that too."""
        return reordering.with_shuffles_late(self)

    def with_batch_before_map(self) -> "reordering.Rewrite":
        """The map in front of the batch computed on whole batches, where it can be vectorized."""
        return reordering.with_batch_before_map(self)


class _FromGraph(tf.data.Dataset):
    """A dataset of a graph; holds on to the one that the graph was made from."""

    def __init__(self, variant: tf.Tensor, element_spec: Any, origin: tf.data.Dataset) -> None:
        self._spec, self._origin = element_spec, origin
        super().__init__(variant)

    def _inputs(self) -> list[tf.data.Dataset]:
        return []

    @property
    def element_spec(self) -> Any:
        return self._spec


def _take_out_options(graph: graph_pb2.GraphDef) -> tf.data.Options:
    """Removes the datasets that only carry options; returns the options, later ones before."""
    merged = dataset_options_pb2.Options()
    for node in dataset_nodes(graph):
        if node.op == "OptionsDataset":
            merged.MergeFromString(node.attr["serialized_options"].s)
            redirect(graph, node.name, node.input[0])
    options = tf.data.Options()
    options._from_proto(merged)
    return options


def _give_own_state(graph: graph_pb2.GraphDef) -> None:
    for node in dataset_nodes(graph):
        places = argument_places(node)
        for argument, op in _OWN_STATE.items():
            if argument in places:
                node.input[places[argument][0]] = add_node(graph, op).name
