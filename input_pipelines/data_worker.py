"""The two ends of tf.data service: its dispatchers, and a data worker with what it prepares.

Runs in tasks only.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf

from input_pipelines.feed import Feed
from input_pipelines.service import BATCHES_AHEAD, dataset_name
from input_pipelines.settings import StorageSettings
from input_pipelines.training import training_part


def start_dispatchers(addresses: Sequence[str]) -> list[Any]:
    """A dispatch server at each address; they serve for as long as they are held."""
    service = tf.data.experimental.service
    return [
        service.DispatchServer(service.DispatcherConfig(port=_port(address), protocol="grpc"))
        for address in addresses
    ]


def start_data_worker(address: str, dispatcher: str) -> Any:
    """A server at `address` that works for that dispatcher; it serves for as long as it is held.

    Waits until the dispatcher is there.
    """
    service = tf.data.experimental.service
    return service.WorkerServer(
        service.WorkerConfig(
            dispatcher_address=dispatcher,
            worker_address=address,
            port=_port(address),
            protocol="grpc",
        )
    )


def register_parts(
    feed: Feed, dispatcher: str, replicas: int, batch: int, part: int, parts: int
) -> None:
    """Has data worker `part` of `parts` prepare its batches of every replica, on request.

    With emulated storage also the same without it, which a diagnosis compares with.
    """
    feed = replace(feed, pipeline=replace(feed.pipeline, prefetch=BATCHES_AHEAD))
    feeds = [feed, replace(feed, storage=StorageSettings())] if feed.storage.emulated else [feed]
    for each in feeds:
        for replica in range(replicas):
            tf.data.experimental.service.register_dataset(
                f"grpc://{dispatcher}",
                training_part(each, replica, replicas, batch, part, parts),
                # All of it is on one machine or a fast network: there is nothing to gain.
                compression=None,
                dataset_id=dataset_name(each, replica),
            )


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
