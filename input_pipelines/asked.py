"""Keys that a study can't follow, told before anything starts. Free of TensorFlow.

Each function returns lines about keys that have no effect and do no harm, and raises UserError for
those that would change what a person gets.
"""

from collections.abc import Set
from dataclasses import dataclass

from input_pipelines.formats.manifest import FILES, RAW, TFRECORD
from input_pipelines.settings import ConvertSettings, PipelineSettings, StorageSettings
from results.errors import UserError


@dataclass(frozen=True)
class Asked:
    """What a command line asks of a study."""

    pipeline: PipelineSettings
    storage: StorageSettings
    convert: ConvertSettings
    given: Set[str]
    """Keys that the command line names, without `+`."""


def check_measuring(asked: Asked) -> tuple[str, ...]:
    """Of a study that takes batches from the pipeline."""
    _check_service(asked)
    target = asked.pipeline._target_
    sources = [key for key in sorted(asked.given) if key.split(".")[0] == "source"]
    if target is None or not sources:
        return ()
    return (f"{', '.join(sources)}: not measured, pipeline._target_={target} gives the examples",)


def check_storing(asked: Asked) -> tuple[str, ...]:
    """Of a study that stores the examples of a source in another way."""
    _check_service(asked)
    if asked.pipeline._target_ is not None:
        raise UserError(
            f"pipeline._target_={asked.pipeline._target_}: only a source's examples can be stored "
            "in another way; give source=…"
        )
    if asked.storage.emulated:
        raise UserError(
            f"{asked.storage.typed}: formats are written to and read from the storage that there "
            "is; leave it out"
        )
    return ()


def check_converting(asked: Asked) -> tuple[str, ...]:
    """Of a study that stores them as `convert.*` says."""
    settings = asked.convert
    if settings.size is not None and settings.format != RAW:
        raise UserError(
            f"convert.size={settings.size}: only convert.format=raw resizes; leave it out"
        )
    if settings.compression != ConvertSettings().compression and settings.format != TFRECORD:
        raise UserError(
            f"convert.compression={settings.compression}: only convert.format=tfrecord compresses; "
            "leave it out"
        )
    if "convert.shards" in asked.given and settings.format == FILES:
        raise UserError(
            f"convert.shards={settings.shards}: convert.format=files has one file for each "
            "example; leave it out"
        )
    return check_storing(asked)


def _check_service(asked: Asked) -> None:
    workers = asked.pipeline.service.workers
    if workers:
        raise UserError(
            f"pipeline.service.workers={workers}: a study prepares its batches in one process; "
            "leave it out, or compare runs of python -m launcher"
        )
