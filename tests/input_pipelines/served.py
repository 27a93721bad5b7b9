"""Dispatchers and data workers in the process of a test."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from input_pipelines.build import Feed
from input_pipelines.data_worker import register_parts, start_data_worker, start_dispatchers
from launcher.addresses import choose_addresses


@contextmanager
def served(feed: Feed, replicas: int, batch: int, data_workers: int) -> Iterator[Feed]:
    """The feed of a task that reads from so many data workers."""
    addresses = choose_addresses(2 * data_workers)
    dispatchers = addresses[:data_workers]
    held = start_dispatchers(dispatchers)
    for part, (address, dispatcher) in enumerate(
        zip(addresses[data_workers:], dispatchers, strict=True)
    ):
        held.append(start_data_worker(address, dispatcher))
        register_parts(feed, dispatcher, replicas, batch, part, data_workers)
    yield dataclasses.replace(feed, service=dispatchers)
    del held
