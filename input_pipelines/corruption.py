"""Which file of a split is broken, and where. Runs in tasks only."""

import os
import struct

import tensorflow as tf

from input_pipelines.pieces import Split

RECORD_OVERHEAD_BYTES = 16
"""Length (8), its checksum (4) and the content's checksum (4): the TFRecord format."""


def find_corruption(split: Split) -> tuple[str, int] | None:
    """(path, byte offset) of the first record that can't be read; None where all can.

    Reads the files of the split from end to end, in their order. Only TFRecords carry checksums:
    of other files it is only found that one is missing (offset 0).
    """
    for path in split.files:
        if not os.path.exists(path):
            return path, 0
        if split.records:
            offset = _first_bad_record(path)
            if offset is not None:
                return path, offset
    return None


def _first_bad_record(path: str) -> int | None:
    records = iter(tf.data.TFRecordDataset(path))
    good = 0
    while True:
        try:
            next(records)
        except StopIteration:
            return None
        except tf.errors.DataLossError:
            return _offset_of_record(path, good)
        good += 1


def _offset_of_record(path: str, index: int) -> int:
    """Where record `index` starts, given that all before it are sound."""
    offset = 0
    with open(path, "rb") as file:
        for _ in range(index):
            file.seek(offset)
            (content_bytes,) = struct.unpack("<Q", file.read(8))
            offset += content_bytes + RECORD_OVERHEAD_BYTES
    return offset
