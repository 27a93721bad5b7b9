"""`text_bytes`: windows of bytes of the text files in a folder.

The files are cut into windows once, mixed, and written to files of fixed-length records, which are
read at any place without reading what lies before.
"""

import fnmatch
import functools
import hashlib
import os
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from input_pipelines.pieces import Piece, Split
from input_pipelines.sources.identity import identity_of
from results.errors import UserError

VERSION = 1
TEST_SHARE = 10
"""One file in so many, chosen by a hash of its name, is held out."""
INSTALLED = ("site-packages", "dist-packages")
"""Folders in the standard library's that hold other people's packages."""
SPLITS = ("train", "test")


def source(
    folder: str | None = None,
    pattern: str = "*.py",
    length: int = 64,
    held_out: int = 512,
    shards: int = 8,
    seed: int = 0,
) -> "TextBytes":
    """Windows of `length` + 1 bytes of the files below `folder` whose name fits `pattern`.

    `folder=None` takes the Python standard library's own sources. What is left of a file after its
    last whole window is dropped. `seed` mixes the windows over the `shards` files of a split. Of
    the files held out at most `held_out` windows are kept, so that an evaluation stays short.
    """
    least = {"length": (length, 1), "shards": (shards, 1), "held_out": (held_out, shards)}
    for name, (value, smallest) in least.items():
        if value < smallest:
            raise UserError(f"source.parameters.{name}={value}: at least {smallest} is needed")
    root = Path(folder or sysconfig.get_path("stdlib"))
    if not root.is_dir():
        raise UserError(f"source.parameters.folder={root}: no such folder; give one of text files")
    return TextBytes(root, pattern, length, held_out, shards, seed)


@dataclass(frozen=True)
class TextBytes:
    """The source for one choice of parameters."""

    root: Path
    pattern: str
    length: int
    held_out: int
    shards: int
    seed: int

    @functools.cached_property
    def identity(self) -> str:
        """Of the files' names, sizes and times of change, and the parameters."""
        files = []
        for path in self._files():
            status = path.stat()
            name = str(path.relative_to(self.root))
            files.append([name, status.st_size, status.st_mtime_ns])
        chosen = [self.length, self.held_out, self.shards, self.seed]
        return identity_of(VERSION, files=files, chosen=chosen)

    def prepare(self, folder: Path) -> None:
        """Cuts, mixes and writes the windows."""
        files = self._files()
        for index, split in enumerate(SPLITS):
            chosen = [path for path in files if self._held_out(path) == (split == "test")]
            windows = self._windows(chosen)
            if len(windows) < self.shards:
                raise UserError(
                    f"source.parameters.folder={self.root}: its {len(chosen)} files {self.pattern} "
                    f"for the split {split} hold {len(windows)} windows of {self.length + 1} bytes;"
                    f" at least {self.shards} are needed, in 10 files or more"
                )
            order = np.random.default_rng([self.seed, index]).permutation(len(windows))
            if split == "test":
                order = order[: self.held_out]
            for shard, part in enumerate(np.array_split(windows[order], self.shards)):
                name = f"{split}-{shard:05d}-of-{self.shards:05d}.bytes"
                (folder / name).write_bytes(part.tobytes())

    def open(self, folder: Path | None, split: str) -> Split:
        """Examples {text uint8 [length + 1]}."""
        assert folder is not None, "windows lie in a folder"
        paths = sorted(folder.glob(f"{split}-*.bytes"))
        pieces = tuple(
            Piece(str(path), 0, path.stat().st_size // (self.length + 1)) for path in paths
        )
        return Split(pieces, self._read, self._parse, tuple(map(str, paths)))

    def _files(self) -> list[Path]:
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in INSTALLED]
            found += [Path(folder, name) for name in fnmatch.filter(names, self.pattern)]
        return sorted(path for path in found if path.is_file())

    def _held_out(self, path: Path) -> bool:
        name = str(path.relative_to(self.root)).encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:8]) % TEST_SHARE == 0

    def _windows(self, files: list[Path]) -> np.ndarray:
        """uint8 [windows, length + 1]."""
        return np.concatenate([self._cut(b""), *(self._cut(path.read_bytes()) for path in files)])

    def _cut(self, text: bytes) -> np.ndarray:
        size = self.length + 1
        whole = len(text) // size * size
        return np.frombuffer(text[:whole], np.uint8).reshape(-1, size)

    def _read(self, path: Any, first: Any, count: Any) -> Any:
        import tensorflow as tf

        size = self.length + 1
        # int64 also where `first` is a Python number: a file may be larger than 2 GB.
        header_bytes = tf.cast(first, tf.int64) * size
        windows = tf.data.FixedLengthRecordDataset(
            path, size, header_bytes=header_bytes, name="windows"
        )
        return windows.take(count, name="take")

    def _parse(self, window: Any) -> dict[str, Any]:
        import tensorflow as tf

        text = tf.io.decode_raw(window, tf.uint8)
        return {"text": tf.ensure_shape(text, [self.length + 1])}
