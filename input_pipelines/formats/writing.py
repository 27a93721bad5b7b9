"""Writes the examples of a split in another format. Runs in studies only.

`files` and `tfrecord` keep an example's bytes as its source has them (a JPEG stays one), and beside
them what parses them, as a SavedModel: the source is not needed any more. `raw` keeps what parsing
gives, as records of one length.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import tensorflow as tf

from input_pipelines.formats.manifest import FILES, RAW, SPLITS, Field, Manifest, write_manifest
from input_pipelines.pieces import Split, span
from input_pipelines.settings import ConvertSettings
from results.errors import UserError

PARSE = "parse"
"""Folder of the SavedModel, whose `parse` maps a string [] to a dict of tensors."""
IMAGE_RANK = 3


def write_examples(
    folder: Path, splits: dict[str, Split], settings: ConvertSettings, made_from: str
) -> Manifest:
    """Writes both splits into the empty folder, the manifest last.

    Raises UserError where the examples can't be stored so.
    """
    example = splits["train"]
    if not example.files:
        raise UserError(
            f"convert.format={settings.format}: the examples of {made_from} lie in no files; give "
            "a source of files such as jpeg_records"
        )
    fields = _fields(example, settings) if settings.format == RAW else ()
    if settings.format != RAW:
        _save_parse(folder, example)
    written = {name: _write(folder, name, splits[name], settings, fields) for name in SPLITS}
    manifest = Manifest(settings.format, settings.compression, written, fields, made_from)
    write_manifest(folder, manifest)
    return manifest


def parsed(split: Split, size: int | None) -> tf.data.Dataset:
    """All examples of a split, parsed, images resized to `size` pixels a side."""
    return _raw(split).map(
        lambda raw: _resized(split.parse(raw), size), num_parallel_calls=tf.data.AUTOTUNE
    )


def _raw(split: Split) -> tf.data.Dataset:
    pieces = tf.data.Dataset.from_tensor_slices(
        (
            [piece.path for piece in split.pieces],
            tf.constant([piece.first for piece in split.pieces], tf.int64),
            tf.constant([piece.count for piece in split.pieces], tf.int64),
        )
    )
    return pieces.flat_map(split.read)


def _write(
    folder: Path, name: str, split: Split, settings: ConvertSettings, fields: tuple[Field, ...]
) -> list[tuple[str, int]]:
    if settings.format == RAW:
        records: Iterator[bytes] = (
            b"".join(example[field.name].tobytes() for field in fields)
            for example in parsed(split, settings.size).as_numpy_iterator()
        )
    else:
        records = _raw(split).as_numpy_iterator()
    if settings.format == FILES:
        (folder / name).mkdir()
        files = []
        for number, record in enumerate(records):
            path = f"{name}/{number:07d}"
            (folder / path).write_bytes(record)
            files.append((path, 1))
        return files
    shards = min(settings.shards, split.examples)
    if name == "train" and settings.shards > split.examples:
        raise UserError(
            f"convert.shards={settings.shards}: at most one for each of {split.examples} examples"
        )
    ending = RAW if settings.format == RAW else "tfrecord"
    files = []
    for shard in range(shards):
        first, end = span(split.examples, shard, shards)
        path = f"{name}-{shard:05d}-of-{shards:05d}.{ending}"
        _write_shard(folder / path, islice(records, end - first), settings)
        files.append((path, end - first))
    return files


def _write_shard(path: Path, records: Iterator[bytes], settings: ConvertSettings) -> None:
    if settings.format == RAW:
        with path.open("wb") as file:
            file.writelines(records)
        return
    options = tf.io.TFRecordOptions("GZIP" if settings.compression == "gzip" else "")
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for record in records:
            writer.write(record)


def _fields(split: Split, settings: ConvertSettings) -> tuple[Field, ...]:
    specs = parsed(split, settings.size).element_spec
    images = [name for name, spec in specs.items() if spec.shape.rank == IMAGE_RANK]
    if settings.size is not None and not images:
        raise UserError(f"convert.size={settings.size}: the examples hold no image; leave it out")
    for name, spec in specs.items():
        if not spec.shape.is_fully_defined() or not _is_number(spec.dtype):
            raise UserError(
                f"convert.format=raw: {name} has no fixed size ({spec.dtype.name} {spec.shape}); "
                "take convert.format=tfrecord"
            )
    return tuple(
        Field(name, spec.dtype.name, tuple(spec.shape)) for name, spec in sorted(specs.items())
    )


def _is_number(dtype: tf.DType) -> bool:
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool or dtype.is_complex)


def _resized(example: Any, size: int | None) -> dict[str, Any]:
    if size is None:
        return dict(example)

    def resized(image: tf.Tensor) -> tf.Tensor:
        found = tf.image.resize(image, [size, size])
        return tf.cast(tf.round(found) if image.dtype.is_integer else found, image.dtype)

    return {
        name: resized(tensor) if tensor.shape.rank == IMAGE_RANK else tensor
        for name, tensor in example.items()
    }


def _save_parse(folder: Path, split: Split) -> None:
    module = tf.Module()
    module.parse = tf.function(
        split.parse, input_signature=[tf.TensorSpec([], tf.string)], autograph=False
    )
    tf.saved_model.save(module, str(folder / PARSE))
