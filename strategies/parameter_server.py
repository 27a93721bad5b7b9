"""Variables on parameter servers, updated by workers that don't wait for each other."""

import json
import os
import socket
import time

import tensorflow as tf

from strategies.placement import Placement

_LARGE_BYTES = 64 * 1024
"""Smaller variables are not worth a message to every server."""
_FEWEST_THREADS = 2
"""Of a server, that run operations. With one, as a single core makes it, a worker never took a step
(TensorFlow's guide to parameter servers asks for more as well, "to work properly")."""


def build(placement: Placement) -> tf.distribute.Strategy:
    """Called in the coordinator, reads the cluster from TF_CONFIG, waits for its servers."""
    _wait_for_servers(json.loads(os.environ["TF_CONFIG"])["cluster"])
    partitioner = None
    if placement.ps_shards:
        partitioner = tf.distribute.experimental.partitioners.MinSizePartitioner(
            min_shard_bytes=_LARGE_BYTES, max_shards=placement.ps_shards
        )
    return tf.distribute.ParameterServerStrategy(
        tf.distribute.cluster_resolver.TFConfigClusterResolver(), partitioner
    )


def start_server(role: str, index: int) -> tf.distribute.Server:
    """Serves as a `worker` or a `ps` of the cluster in TF_CONFIG until the process ends."""
    cluster = json.loads(os.environ["TF_CONFIG"])["cluster"]
    return tf.distribute.Server(
        tf.train.ClusterSpec(cluster),
        job_name=role,
        task_index=index,
        protocol="grpc",
        config=tf.compat.v1.ConfigProto(inter_op_parallelism_threads=_inter_op_threads()),
    )


def _inter_op_threads() -> int:
    """0 where TensorFlow's own choice, one a core, is enough."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return 0 if cores is None or cores >= _FEWEST_THREADS else _FEWEST_THREADS


def _wait_for_servers(cluster: dict[str, list[str]]) -> None:
    """TensorFlow's coordinator gives up at the first refused connection, so it must not meet one.

    A server that never comes is the launcher's to notice: its task has then ended.
    """
    for address in [*cluster["ps"], *cluster["worker"]]:
        host, port = address.rsplit(":", 1)
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
