"""Whether a stage gives the same elements again: what in it is random or keeps a state.

tf.data's own check (`external_state_policy`) knows only yes or no for a whole pipeline; this one
names the stage and the reason.
"""

import re

from tensorflow.core.framework import graph_pb2, node_def_pb2
from tensorflow.python.framework import op_def_registry

from input_pipelines.graph.nodes import functions_of

_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
_RANDOM_SOURCES = {"RandomDataset", "RandomDatasetV2", "SamplingDataset"}
_GENERATOR_STATE = {"StatefulUniform", "RngReadAndSkip", "RngSkip"}
_SHUFFLE = re.compile(r"Shuffle\w*Dataset(V\d+)?")
_HARMLESS = re.compile(
    r"""
    Assert | Print(V2)?
    # They call other functions, which are looked into, or make what lives for one call.
    | StatefulPartitionedCall | If | While | Case | TensorArray.*
    # They read what a rewritten graph holds a copy of.
    | VarHandleOp | ReadVariableOp | ResourceGather(Nd)?
    | (Hash|MutableHash|MutableDenseHash|AnonymousHash)Table.* | LookupTable(Find|Size|Export)(V2)?
    # Datasets inside a function: nothing but a shuffle or a random source is random in them.
    | (?!.*(Shuffle|Random|Sampling|Generator)).*Dataset(V\d+)?
    | DummySeedGenerator | DummyMemoryCache
    """,
    re.VERBOSE,
)
"""Operations that TensorFlow calls stateful and that give the same result each time."""


def why_random(graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef) -> str | None:
    """One phrase why the elements of a dataset's node may differ from one pass to the next, given
    the same elements from before it; None where they can't.

    A shuffle is told apart (`Stage.shuffle`): it changes the order, never the elements.
    """
    if node.op in _RANDOM_SOURCES:
        return "draws random numbers"
    operations = _operations(graph, node)
    if any(op in _PYTHON for op, _ in operations):
        return "calls Python, which may give anything"
    return next((why for op, has_seed in operations if (why := _why(op, has_seed))), None)


def _why(op: str, has_seed: bool) -> str | None:
    if op in _GENERATOR_STATE:
        return f"draws from a tf.random.Generator ({op}), which goes on from call to call"
    if _SHUFFLE.fullmatch(op):
        return "shuffles inside its function"
    definition = op_def_registry.get(op)
    if definition is None or not definition.is_stateful:
        return None
    if has_seed:
        return f"draws random numbers ({op}); tf.random.stateless_… would not"
    if _HARMLESS.fullmatch(op):
        return None
    return f"keeps a state ({op})"


def _operations(graph: graph_pb2.GraphDef, node: node_def_pb2.NodeDef) -> list[tuple[str, bool]]:
    """(operation, whether it takes a seed) of all that the functions of the node call."""
    library = {function.signature.name: function for function in graph.library.function}
    found: list[tuple[str, bool]] = []
    seen: set[str] = set()
    waiting = list(functions_of(node))
    while waiting:
        name = waiting.pop()
        if name in seen or name not in library:
            continue
        seen.add(name)
        for inner in library[name].node_def:
            if inner.op in library:
                waiting.append(inner.op)
            else:
                found.append((inner.op, "seed" in inner.attr))
            waiting += functions_of(inner)
    return sorted(set(found))
