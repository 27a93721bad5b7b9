"""`stored`: examples that `python -m input_pipelines convert` has stored in another format."""

import functools
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from input_pipelines.formats.manifest import FILES, RAW, Manifest, read_manifest
from input_pipelines.pieces import Piece, Split
from input_pipelines.sources.records import read_records
from results.errors import UserError


def source(path: str) -> "Stored":
    """The examples of a folder that `convert` named."""
    return Stored(Path(path).expanduser().absolute())


@dataclass(frozen=True)
class Stored:
    """The source for one folder."""

    folder: Path

    identity = None

    @functools.cached_property
    def manifest(self) -> Manifest:
        """What the folder says about itself. Raises UserError where it can't be read."""
        return read_manifest(self.folder, f"source.parameters.path={self.folder}")

    def prepare(self, folder: Path) -> None:
        """Nothing: what was converted is used as it is."""

    def open(self, folder: Path | None, split: str) -> Split:
        """Examples as their source gave them; of `raw` as they were after parsing."""
        files = self.manifest.splits[split]
        pieces = tuple(Piece(str(self.folder / file), 0, count) for file, count in files)
        paths = tuple(piece.path for piece in pieces)
        missing = next((path for path in paths if not Path(path).is_file()), None)
        if missing is not None:
            raise UserError(f"source.parameters.path={self.folder}: {missing} is missing")
        if self.manifest.format == RAW:
            return Split(pieces, self._read_fixed, self._decode, paths)
        parse = _saved_parse(self.folder)
        if self.manifest.format == FILES:
            return Split(pieces, _read_file, parse, paths)
        if self.manifest.compression == "gzip":
            return Split(pieces, _read_zipped, parse, paths)
        return Split(pieces, read_records, parse, paths, records=True)

    def _read_fixed(self, path: Any, first: Any, count: Any) -> Any:
        import tensorflow as tf

        size = self._record_bytes
        records = tf.data.FixedLengthRecordDataset(
            path, size, header_bytes=tf.cast(first, tf.int64) * size, name="records"
        )
        return records.take(count, name="take")

    @property
    def _record_bytes(self) -> int:
        import tensorflow as tf

        return sum(
            prod(field.shape) * tf.as_dtype(field.dtype).size for field in self.manifest.fields
        )

    def _decode(self, record: Any) -> dict[str, Any]:
        import tensorflow as tf

        found, place = {}, 0
        for field in self.manifest.fields:
            dtype = tf.as_dtype(field.dtype)
            size = prod(field.shape) * dtype.size
            part = tf.strings.substr(record, place, size)
            plain = tf.uint8 if dtype == tf.bool else dtype
            values = tf.reshape(tf.io.decode_raw(part, plain), field.shape)
            found[field.name] = tf.cast(values, dtype)
            place += size
        return found


def _saved_parse(folder: Path) -> Any:
    import tensorflow as tf

    from input_pipelines.formats.writing import PARSE

    try:
        return tf.saved_model.load(str(folder / PARSE)).parse
    except (OSError, AttributeError) as error:
        raise UserError(
            f"source.parameters.path={folder}: its folder {PARSE} is damaged; convert it again"
        ) from error


def _read_file(path: Any, first: Any, count: Any) -> Any:
    """The one example of a file."""
    import tensorflow as tf

    return tf.data.Dataset.from_tensors(path).map(tf.io.read_file, name="file").take(count)


def _read_zipped(path: Any, first: Any, count: Any) -> Any:
    import tensorflow as tf

    records = tf.data.TFRecordDataset(path, compression_type="GZIP", name="records")
    return records.skip(first, name="skip").take(count, name="take")
