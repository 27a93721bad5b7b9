"""Splits of TFRecord files."""

from collections.abc import Callable
from typing import Any

from input_pipelines.pieces import Piece, Split


def record_split(pieces: tuple[Piece, ...], parse: Callable[[Any], dict[str, Any]]) -> Split:
    """A split whose raw elements are serialized records, string []."""
    files = tuple(dict.fromkeys(piece.path for piece in pieces))
    return Split(pieces, read_records, parse, files, records=True)


def read_records(path: Any, first: Any, count: Any) -> Any:
    """Records [first, first + count) of a TFRecord file, in order."""
    import tensorflow as tf

    records = tf.data.TFRecordDataset(path, name="records")
    return records.skip(first, name="skip").take(count, name="take")
