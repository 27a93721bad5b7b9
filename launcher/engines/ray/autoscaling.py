"""Whether a cluster gets more nodes when more is asked for than it has.

Ray's monitor runs in every cluster, and without an autoscaler's configuration it only reports: then
it makes up a type for each node, `node_<id>` (`format_readonly_node_type` in Ray's
`autoscaler/_private/util.py`). So a cluster autoscales where nodes have types of any other name.
"""

import json
from collections.abc import Collection

import ray
from ray.autoscaler.v2.sdk import get_cluster_status
from ray.autoscaler.v2.utils import is_autoscaler_v2
from ray.experimental.internal_kv import _internal_kv_get

_REPORT = "__autoscaling_status"
"""Where the monitor of the first autoscaler keeps its report (`DEBUG_AUTOSCALING_STATUS`)."""
_MADE_UP = "node_"


def autoscales() -> bool | None:
    """Of the cluster that this process is connected to; None where it hasn't told yet, which takes
    a new one some seconds. One without a monitor never tells."""
    return among(_node_types())


def among(node_types: Collection[str]) -> bool | None:
    """Whether these types of nodes are an autoscaler's; None where there are none."""
    if not node_types:
        return None
    return not all(name.startswith(_MADE_UP) for name in node_types)


def _node_types() -> set[str]:
    if is_autoscaler_v2():
        status = get_cluster_status(ray.get_runtime_context().gcs_address)
        nodes = [*status.active_nodes, *status.idle_nodes, *status.pending_nodes]
        return {node.ray_node_type_name for node in nodes if node.ray_node_type_name}
    report = json.loads(_internal_kv_get(_REPORT) or "{}").get("autoscaler_report") or {}
    return {*(report.get("active_nodes") or ()), *(report.get("pending_launches") or ())}
