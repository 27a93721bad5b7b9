"""A real Ray cluster of several nodes of one CPU on this machine, for tests."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_NOTED = Path("/tmp/ray")
"""Where Ray notes the address of a `Cluster`, and fails where the folder isn't there."""


@contextmanager
def ray_cluster(nodes: int = 3) -> Iterator[Any]:
    """A `ray.cluster_utils.Cluster` for as long as the context lasts; its first node is the head.

    Its folder goes with it.
    """
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # below it are sockets: short
    _NOTED.mkdir(exist_ok=True)
    head = {"num_cpus": 1, "include_dashboard": False, "temp_dir": folder}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(nodes - 1):
            made.add_node(num_cpus=1)
        yield made
    finally:
        made.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # another cluster is noted there
            _NOTED.rmdir()
