"""How replicas share out the examples: each reads all files, or some of its own.

`data` keeps the global batch the same for any number of replicas, but every reader reads all the
files and throws away what is others'. `file` reads each example once, where there is a file for
every reader; a reader then shuffles only within its own, and batches depend on how many there are.
Free of TensorFlow.
"""

from dataclasses import dataclass

from input_pipelines.pieces import Run, Split, cut, numbered, span

DATA, FILE, AUTO = "data", "file", "auto"
_MOST_EXTRA_READING = 1.25
"""A reader whose part begins within a file has to read over what lies before it there, and the
slowest one holds up every step. Above that, files are too unequal to be worth it."""
_NEAR = 100
"""A part may begin 1/100 of its size off to begin where a file does: for one example at a file's
end all the others would be read over."""


@dataclass(frozen=True)
class Sharding:
    """Which way the examples are shared out."""

    kind: str
    """`data` or `file`."""
    why: str | None
    """In one line, what a person should know of it; None where there is nothing to say."""


def choose(split: Split, readers: int) -> Sharding:
    """What `pipeline.sharding=auto` is, from where the examples lie and how many readers there are.

    `file` where every reader gets at least one file and none has to read more than 1.25 times its
    share; else `data`.
    """
    files = _files(split)
    if not split.files:
        return Sharding(DATA, "sharding=data: the examples are made in memory, there is no file")
    if readers == 1:
        return Sharding(DATA, "sharding=data: there is one reader, nothing to share out")
    if files < readers:
        return Sharding(DATA, f"sharding=data: {_too_few(files, readers)}; {_more_files(readers)}")
    extra = extra_reading(split, readers)
    if extra > _MOST_EXTRA_READING:
        return Sharding(
            DATA,
            f"sharding=data: {files} files are too unequal for {readers} readers, one would read "
            f"{extra:.1f} times its share; {_more_files(4 * readers)}",
        )
    return Sharding(FILE, f"sharding=file: {files} files for {readers} readers, each reads its own")


def settled(asked: str, split: Split, readers: int) -> Sharding:
    """What `pipeline.sharding=asked` is; of `file` with too few files it says so."""
    if asked == AUTO:
        return choose(split, readers)
    files = _files(split)
    if asked == FILE and split.files and files < readers:
        cure = f"{_more_files(readers)} or sharding=data"
        return Sharding(FILE, f"{_too_few(files, readers)}, so files are cut; {cure}")
    return Sharding(asked, None)


def own_part(split: Split, part: int, parts: int) -> tuple[Run, ...]:
    """What reader `part` of `parts` reads with `file`: a span of the files, equal within 2% or one
    example."""
    examples = split.examples
    near = examples // parts // _NEAR
    runs = numbered(split.pieces)
    begins = [run.number for run in runs] + [examples]

    def boundary(index: int) -> int:
        equal, _ = span(examples, index, parts)
        nearest = min(begins, key=lambda begin: abs(begin - equal))
        return nearest if abs(nearest - equal) <= near else equal

    return cut(runs, boundary(part), boundary(part + 1))


def extra_reading(split: Split, readers: int) -> float:
    """The most that one reader reads with `file`, as a multiple of its own examples; 1 is no more
    than those. Of a file that a part begins in, what lies before it is read too."""
    begins = {(piece.path, piece.first) for piece in split.pieces}
    most = 1.0
    for reader in range(readers):
        own = own_part(split, reader, readers)
        kept = sum(run.count for run in own)
        skipped = sum(run.first for run in own if (run.path, run.first) not in begins)
        most = max(most, (kept + skipped) / kept)
    return most


def _files(split: Split) -> int:
    return len({piece.path for piece in split.pieces})


def _too_few(files: int, readers: int) -> str:
    return f"too few files: {_counted(files, 'file')} for {readers} readers"


def _more_files(shards: int) -> str:
    return (
        f"convert to at least {shards} shards "
        f"(python -m input_pipelines convert … convert.shards={shards})"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
