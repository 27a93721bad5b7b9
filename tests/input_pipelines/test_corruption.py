"""A broken record is found in its file and at its place."""

from pathlib import Path

import pytest

from input_pipelines.build import find_corruption
from tests.input_pipelines.made_splits import record_files


def record_starts(path: Path) -> list[int]:
    data, starts, offset = path.read_bytes(), [], 0
    while offset < len(data):
        starts.append(offset)
        offset += int.from_bytes(data[offset : offset + 8], "little") + 16
    return starts


def test_sound_files_have_none(tmp_path: Path) -> None:
    assert find_corruption(record_files(tmp_path, (5, 6))) is None


@pytest.mark.parametrize("record", [0, 3, 5])
@pytest.mark.parametrize("place", ["length", "content"])
def test_flipped_byte_is_found(tmp_path: Path, record: int, place: str) -> None:
    split = record_files(tmp_path, (5, 6, 4))
    path = Path(split.files[1])
    start = record_starts(path)[record]
    data = bytearray(path.read_bytes())
    data[start + (2 if place == "length" else 14)] ^= 0xFF
    path.write_bytes(data)
    assert find_corruption(split) == (str(path), start)


def test_file_cut_short_is_found(tmp_path: Path) -> None:
    split = record_files(tmp_path, (5, 6))
    path = Path(split.files[1])
    start = record_starts(path)[-1]
    path.write_bytes(path.read_bytes()[:-3])
    assert find_corruption(split) == (str(path), start)


def test_missing_file_is_found(tmp_path: Path) -> None:
    split = record_files(tmp_path, (5, 6))
    Path(split.files[0]).unlink()
    assert find_corruption(split) == (split.files[0], 0)
