"""A real Ray cluster of three nodes in this machine, with one CPU each; the first is its head."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def ray_cluster() -> Iterator[Any]:
    """The cluster, a `ray.cluster_utils.Cluster`; it ends with the block, its folder with it."""
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # below it are sockets: short
    head = {"num_cpus": 1, "include_dashboard": False, "temp_dir": folder}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(2):
            made.add_node(num_cpus=1)
        yield made
    finally:
        made.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
