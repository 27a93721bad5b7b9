"""The page cache, on real files of the disk."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from input_pipelines.page_cache import cached_share, drop, kept_cold, storage_bytes_read

SIZE = 1 << 20


@pytest.fixture
def files() -> Iterator[list[str]]:
    """Two files on a disk that forgets pages when it is asked to."""
    folder = Path(__file__).parent / f".pages-{os.getpid()}"
    folder.mkdir()
    paths = [folder / "a", folder / "b"]
    for path in paths:
        with path.open("wb") as file:
            file.write(os.urandom(SIZE))
            file.flush()
            os.fsync(file.fileno())
    drop([str(path) for path in paths])
    if cached_share([str(path) for path in paths]):
        pytest.skip("this file system keeps its pages (tmpfs, overlay)")
    yield [str(path) for path in paths]
    for path in paths:
        path.unlink()
    folder.rmdir()


def read_all(files: list[str]) -> None:
    for path in files:
        Path(path).read_bytes()


def test_dropped_files_are_read_from_storage_again(files: list[str]) -> None:
    read_all(files)
    assert cached_share(files) == 1.0
    before = storage_bytes_read()
    read_all(files)
    assert storage_bytes_read() == before
    drop(files)
    assert cached_share(files) == 0.0
    read_all(files)
    if before is not None:
        assert storage_bytes_read() >= before + 2 * SIZE


def test_files_kept_cold_are_forgotten_again_and_again(files: list[str]) -> None:
    with kept_cold(files) as dropping:
        for _ in range(3):
            read_all(files)
            deadline = time.monotonic() + 10
            while cached_share(files) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert cached_share(files) == 0.0
    assert dropping.cpu_seconds > 0
    read_all(files)
    time.sleep(0.2)
    assert cached_share(files) > 0.9  # the system itself may take a page on a busy machine


def test_what_is_no_file_here_is_passed_over(tmp_path: Path) -> None:
    drop(["gs://bucket/a.tfrecord", str(tmp_path / "vanished")])
    with kept_cold(["gs://bucket/a.tfrecord"]):
        pass


def test_empty_files_have_no_pages(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert cached_share([str(tmp_path / "empty")]) is None
