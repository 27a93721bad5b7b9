"""What a profiled run leaves in its folder under `profile/`, and how it is read back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from results.errors import UserError
from results.run_folder import RunFolder

PROFILE = "profile"
OPERATIONS = f"{PROFILE}/operations.json"
OPERATIONS_CSV = f"{PROFILE}/operations.csv"
TRACE = f"{PROFILE}/trace.json.gz"
_XPLANE = ".xplane.pb"


@dataclass(frozen=True)
class Operation:
    """What one operation of the model took in all traced steps of all tasks together."""

    operation: str
    """Its name in the graph."""
    kind: str
    """Its type: `MatMul`, `CollectiveReduceV2`, …"""
    place: str
    """`Host` or `Device`."""
    occurrences: int
    self_seconds: float
    """Without what it called; of several threads added up."""
    self_share: float
    """Of all operations' on that place, 0 to 1."""


@dataclass(frozen=True)
class Profile:
    """The trace of one run, converted."""

    steps: tuple[int, int]
    """First and last step that were asked for."""
    tasks: tuple[str, ...]
    operations: tuple[Operation, ...]
    """Costliest first."""


def trace_of_task(run_folder: Path, task: str) -> Path:
    """Where the trace of `task` lies as TensorFlow wrote it."""
    return run_folder / PROFILE / f"{task}{_XPLANE}"


def traces(run_folder: Path) -> Iterator[tuple[str, Path]]:
    """The tasks that left a trace, with its file."""
    for path in sorted((run_folder / PROFILE).glob(f"*{_XPLANE}")):
        yield path.name.removesuffix(_XPLANE), path


def read_profile(folder: RunFolder) -> Profile | None:
    """The converted trace; None where the run has none. Raises UserError where it is damaged or
    of a newer format."""
    record = folder.read_if_there(OPERATIONS)
    if record is None:
        return None
    try:
        first, last = record["steps"]
        return Profile(
            steps=(int(first), int(last)),
            tasks=tuple(str(task) for task in record["tasks"]),
            operations=tuple(Operation(**each) for each in record["operations"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        path = folder.path / OPERATIONS
        raise UserError(f"{path}: damaged, holds no table of operations") from error
