"""Where examples lie: pieces of files, numbered runs of them, and spans cut out of those.

All of it is arithmetic on plain numbers; a `Split`'s two functions are the only part that meets
TensorFlow, and they run in tasks only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Piece:
    """`count` consecutive examples of the file at `path`, the first of them at index `first`."""

    path: str
    first: int
    count: int


@dataclass(frozen=True)
class Run:
    """A piece whose first example has the number `number` within its split."""

    number: int
    path: str
    first: int
    count: int


@dataclass(frozen=True)
class Split:
    """The examples of one split, and how to get at them.

    `read(path, first, count)` is a dataset of `count` raw elements in the file's order; its
    arguments are Python values or scalar tensors, the numbers int64. `parse(raw)` makes of one raw
    element a dict of tensors of fixed shape. Both are graph-safe and stateless (no `py_function`,
    no `from_generator`): they also run on another machine, and their iterators can be saved.
    """

    pieces: tuple[Piece, ...]
    read: Callable[[Any, Any, Any], Any]
    parse: Callable[[Any], Mapping[str, Any]]
    files: tuple[str, ...] = ()
    """Files that hold the examples; none where they are made in memory."""
    records: bool = False
    """Whether the files are TFRecords, which carry checksums."""

    @property
    def examples(self) -> int:
        """Number of examples."""
        return sum(piece.count for piece in self.pieces)


def numbered(pieces: Sequence[Piece]) -> tuple[Run, ...]:
    """The pieces with their examples numbered 0, 1, … in the order given."""
    runs = []
    number = 0
    for piece in pieces:
        runs.append(Run(number, piece.path, piece.first, piece.count))
        number += piece.count
    return tuple(runs)


def span(examples: int, part: int, parts: int) -> tuple[int, int]:
    """First and end position of part `part` of `parts`, whose sizes differ by at most one."""
    return examples * part // parts, examples * (part + 1) // parts


def cut(runs: Sequence[Run], first: int, end: int) -> tuple[Run, ...]:
    """What lies at positions [first, end) of the runs laid end to end; files may be split."""
    inside = []
    position = 0
    for run in runs:
        skipped = max(first - position, 0)
        count = min(end - position, run.count) - skipped
        if count > 0:
            inside.append(Run(run.number + skipped, run.path, run.first + skipped, count))
        position += run.count
    return tuple(inside)
