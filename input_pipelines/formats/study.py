"""`convert` and `compare-formats`. Run in a study's process."""

import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from input_pipelines.diagnosis.shares import median_interval
from input_pipelines.draining import Drain, Drained
from input_pipelines.formats.manifest import FILES, RAW, TFRECORD
from input_pipelines.formats.writing import write_examples
from input_pipelines.page_cache import kept_cold, storage_bytes_read
from input_pipelines.pieces import Piece, Split, cut, numbered
from input_pipelines.settings import ConvertSettings
from input_pipelines.sources.stored import source as stored
from input_pipelines.study import Study
from results.errors import UserError
from results.pipeline_file import FORMATS, put_part
from results.run_folder import RunFolder

CONVERTED = "converted"
_MOST_COMPARED = 2_048
_MEGABYTE = 1e6
_WAYS = {
    "files": ConvertSettings(FILES),
    "tfrecord": ConvertSettings(TFRECORD),
    "tfrecord, gzip": ConvertSettings(TFRECORD, compression="gzip"),
    "raw": ConvertSettings(RAW),
}


def convert(study: Study) -> None:
    """Writes both splits as `study.convert` says, complete or not at all.

    Raises UserError where they can't be stored so, or not there.
    """
    settings = study.convert
    target = Path(settings.folder or study.folder / CONVERTED).expanduser().absolute()
    if target.exists():
        raise UserError(f"convert.folder={target}: is there already; give one that is not")
    began = time.perf_counter()
    with _to_be_kept(target) as temporary:
        _write(temporary, study, settings, f"convert.folder={target}")
    before, after = _bytes(study.feed.train.files), _bytes(_train_files(target))
    examples = study.feed.train.examples
    put_part(
        RunFolder(study.folder),
        FORMATS,
        {
            "converted": {
                **asdict(settings),
                "folder": str(target),
                "examples": examples,
                "bytes_per_example": after / examples,
                "times_the_source": after / before,
                "seconds": time.perf_counter() - began,
            }
        },
    )


@contextmanager
def _to_be_kept(target: Path) -> Iterator[Path]:
    """A folder that becomes `target` at a clean end; else nothing is left, nor of the folders that
    had to be made above it. Raises UserError where it can't be made."""
    made = list(itertools.takewhile(lambda folder: not folder.exists(), target.parents))
    with ExitStack() as undo:
        try:
            for folder in reversed(made):
                folder.mkdir()
                undo.callback(_remove_if_empty, folder)
            temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        except OSError as error:
            raise UserError(
                f"convert.folder={target}: can't be written ({error.strerror})"
            ) from error
        undo.callback(shutil.rmtree, temporary, ignore_errors=True)
        yield temporary
        temporary.chmod(0o755)
        temporary.rename(target)
        undo.pop_all()


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # somebody else has put something there
        folder.rmdir()


def compare(study: Study) -> None:
    """Writes the first examples in each format and reads them in turns, warm and cold."""
    train = _first(study.feed.train, _MOST_COMPARED)
    small = replace(study, feed=replace(study.feed, train=train, test=_first(study.feed.test, 1)))
    ways, refused = [], {}
    with tempfile.TemporaryDirectory(prefix="formats-") as scratch:
        for name, settings in _WAYS.items():
            folder = Path(scratch) / name.replace(", ", "-")
            folder.mkdir()
            began = time.perf_counter()
            try:
                _write(folder, small, settings, str(study.folder))
            except UserError as error:
                refused[name] = str(error)
                continue
            ways.append(_Way(name, folder, time.perf_counter() - began, study.batch))
        if not ways:
            raise UserError(next(iter(refused.values())))
        rng = np.random.default_rng(0)
        for _ in range(study.rounds):
            for place in rng.permutation(len(ways)):
                ways[place].run(study.block_seconds)
        compared = {
            "examples": train.examples,
            "rounds": study.rounds,
            "source_bytes_per_example": _bytes(study.feed.train.files) / study.feed.train.examples,
            "ways": [way.record(train.examples) for way in ways],
            "refused": refused,
        }
    put_part(RunFolder(study.folder), FORMATS, {"compared": compared})


@dataclass(frozen=True)
class _Read:
    """One block."""

    drained: Drained
    read_bytes: int | None


class _Way:
    """One format, read and parsed again and again."""

    def __init__(self, name: str, folder: Path, seconds: float, batch: int) -> None:
        self.name, self._seconds, self._batch = name, seconds, batch
        self._files = _train_files(folder)
        split = stored(str(folder)).open(None, "train")
        examples = tf.data.Dataset.from_tensor_slices([piece.path for piece in split.pieces])
        examples = examples.interleave(
            lambda path: split.read(path, 0, tf.int64.max), num_parallel_calls=4, cycle_length=4
        )
        parsed = examples.map(split.parse, num_parallel_calls=tf.data.AUTOTUNE)
        self._drain = Drain([iter(parsed.repeat().batch(batch).prefetch(2))])
        self._warm: list[_Read] = []
        self._cold: list[_Read] = []

    def run(self, seconds: float) -> None:
        """A block from the page cache, and one from storage."""
        self._warm.append(self._block(seconds))
        with kept_cold(self._files):
            self._cold.append(self._block(seconds))

    def _block(self, seconds: float) -> _Read:
        self._drain(seconds / 3)
        before = storage_bytes_read()
        drained = self._drain(seconds)
        after = storage_bytes_read()
        return _Read(drained, None if before is None or after is None else after - before)

    def record(self, examples: int) -> dict[str, Any]:
        read = sum(block.read_bytes or 0 for block in self._cold)
        cpu = [
            block.drained.cpu_seconds / block.drained.batches / self._batch for block in self._warm
        ]
        return {
            "name": self.name,
            "bytes_per_example": _bytes(self._files) / examples,
            "preparation_seconds": self._seconds,
            "warm": self._rate(self._warm),
            "cold": self._rate(self._cold) if read else None,
            "cpu_seconds_per_example": float(np.median(cpu)),
        }

    def _rate(self, blocks: list[_Read]) -> dict[str, float]:
        rates = [self._batch * block.drained.batches / block.drained.seconds for block in blocks]
        found = median_interval(np.array(rates))
        return {"examples_per_second": found.value, "low": found.low, "high": found.high}


def _write(folder: Path, study: Study, settings: ConvertSettings, where: str) -> None:
    """Writes both splits; what a full or closed disk says begins with `where`."""
    splits = {"train": study.feed.train, "test": study.feed.test}
    try:
        write_examples(folder, splits, settings, study.source)
    except OSError as error:
        raise UserError(f"{where}: {error.strerror or error}") from error
    except tf.errors.ResourceExhaustedError as error:  # of TensorFlow's own writer of records
        raise UserError(f"{where}: {error.message}") from error


def _train_files(folder: Path) -> tuple[str, ...]:
    return stored(str(folder)).open(None, "train").files


def _bytes(files: tuple[str, ...]) -> int:
    return sum(Path(path).stat().st_size for path in files)


def _first(split: Split, examples: int) -> Split:
    runs = cut(numbered(split.pieces), 0, min(examples, split.examples))
    pieces = tuple(Piece(run.path, run.first, run.count) for run in runs)
    paths = {piece.path for piece in pieces}
    return replace(split, pieces=pieces, files=tuple(f for f in split.files if f in paths))
