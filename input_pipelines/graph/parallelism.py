"""How many calls of a stage run at once, and how much is made ahead. Elements and order stay."""

import os
from collections.abc import Mapping

import tensorflow as tf
from tensorflow.core.framework import graph_pb2, node_def_pb2

from input_pipelines.graph.inserting import insert_after
from input_pipelines.graph.nodes import (
    add_constant,
    argument_places,
    change_operation,
    constant_argument,
    copy_of,
    find,
    redirect,
    set_constant,
)
from input_pipelines.graph.stages import Stage, dataset_nodes, output_of
from results.errors import UserError

_AUTOTUNE = tf.data.AUTOTUNE
_PARALLEL = {
    "MapDataset": "ParallelMapDatasetV2",
    "InterleaveDataset": "ParallelInterleaveDatasetV4",
    "BatchDatasetV2": "ParallelBatchDataset",
}
"""A filter stays serial: TensorFlow 2.21 has `ParallelFilterDataset`, but its graph can't be
optimized ("2 inputs specified of 3 inputs")."""
_SERIAL = {parallel: serial for serial, parallel in _PARALLEL.items()}
_USUAL = {"buffer_output_elements": _AUTOTUNE, "prefetch_input_elements": _AUTOTUNE}
"""What `Dataset.interleave` gives for arguments that only the parallel operation has."""
_THREADS_PER_FILE = 3
"""An interleave that chooses how many inputs it mixes (`cycle_length=AUTOTUNE`) takes all cores
where it is serial, a third of them where its parallelism is left to AUTOTUNE too
(tensorflow/core/kernels/data/parallel_interleave_dataset_op.cc, kDefaultCyclePrefetchFactor)."""


def one_call_at_a_time(graph: graph_pb2.GraphDef) -> graph_pb2.GraphDef:
    """See `DatasetGraph.one_call_at_a_time`."""
    changed = copy_of(graph)
    for node in dataset_nodes(changed):
        _keep_cycle_length(changed, node)
        if node.op in _SERIAL:
            change_operation(changed, node, _SERIAL[node.op], {})
        elif "num_parallel_calls" in argument_places(node):
            set_constant(changed, node, "num_parallel_calls", 1)
        elif node.op == "PrefetchDataset":
            redirect(changed, node.name, node.input[0])
    return changed


def with_small_shuffles(graph: graph_pb2.GraphDef, elements: int) -> graph_pb2.GraphDef:
    """See `DatasetGraph.with_small_shuffles`."""
    changed = copy_of(graph)
    for node in dataset_nodes(changed):
        if "Shuffle" in node.op:
            buffer = constant_argument(changed, node, "buffer_size")
            if buffer is None or buffer > elements:
                set_constant(changed, node, "buffer_size", elements)
    return changed


def with_parallelism(graph: graph_pb2.GraphDef, calls: Mapping[Stage, int]) -> graph_pb2.GraphDef:
    """See `DatasetGraph.with_parallelism`."""
    changed = copy_of(graph)
    for stage, number in calls.items():
        node = find(changed, stage.node)
        _keep_cycle_length(changed, node)
        # An interleave can't have more calls at once than inputs that it mixes.
        number = min(number, constant_argument(changed, node, "cycle_length") or number)
        if node.op in _PARALLEL:
            constants = {"num_parallel_calls": number, **_USUAL}
            change_operation(changed, node, _PARALLEL[node.op], constants)
        elif "num_parallel_calls" in argument_places(node):
            set_constant(changed, node, "num_parallel_calls", number)
        else:
            raise UserError(
                f"pipeline.parallel.{stage.name}={number}: a {stage.kind} has no number of calls "
                "that could be set; leave it out"
            )
    return changed


def with_prefetch(graph: graph_pb2.GraphDef, elements: int) -> graph_pb2.GraphDef:
    """See `DatasetGraph.with_prefetch`."""
    changed = copy_of(graph)
    last = find(changed, output_of(changed))
    if last.op == "PrefetchDataset":
        if elements == 0:
            redirect(changed, last.name, last.input[0])
        else:
            set_constant(changed, last, "buffer_size", elements)
    elif elements != 0:
        insert_after(changed, last, "PrefetchDataset", [add_constant(changed, elements)])
    return changed


def _keep_cycle_length(graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef) -> None:
    """Writes down the number of inputs that an interleave has chosen for itself: it chooses by its
    parallelism, and the order of elements follows."""
    if constant_argument(graph, node, "cycle_length") != _AUTOTUNE:
        return
    cores = len(os.sched_getaffinity(0))
    calls = constant_argument(graph, node, "num_parallel_calls")
    if calls is None:
        length = cores
    elif calls == _AUTOTUNE:
        length = -(-cores // _THREADS_PER_FILE)
    else:
        length = min(calls, cores)
    set_constant(graph, node, "cycle_length", length)
