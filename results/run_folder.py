"""The run folder: one writer and one reader for every JSON file in it.

Files are written whole to a temporary name and then renamed, so a reader never meets half of one.
Every file carries `format_version`; a reader meeting a newer one says so. The measured rows
(`steps`, `resources`) lie beside them as Arrow streams, see `results.streams`.
"""

import dataclasses
import json
import math
import os
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from results.errors import UserError

FORMAT_VERSION = 1

PLAN = "plan.json"
STATUS = "status.json"
ENVIRONMENT = "environment.json"
SUMMARY = "summary.json"
BREAKDOWN = "breakdown.json"
EVENTS = "events.jsonl"
PROGRESS = "progress.json"
FAILURE = "failure.json"
LOG = "log.txt"
BLOCKS = "blocks.json"
CLOCK = "clock.json"
"""In a task's folder, where its host's clock need not be the launcher's."""


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The folder of one run. Making the object touches nothing on disk."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    def write(self, name: str, record: Mapping[str, Any]) -> None:
        """Write `record` whole to the file `name` (may lie in a subfolder, which is made).

        Numbers that JSON does not know (NaN, infinities) become null. Raises OSError.
        """
        text = json.dumps(as_json({"format_version": FORMAT_VERSION, **record}), indent=1)
        replace_file(self.path / name, text + "\n")

    def read(self, name: str) -> dict[str, Any]:
        """The record in the file `name`.

        Raises FileNotFoundError where there is none, UserError where it was written by a newer
        version or is damaged.
        """
        path = self.path / name
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{path}: damaged, not readable as JSON ({error})") from error
        if not isinstance(record, dict):
            raise UserError(f"{path}: damaged, holds no record")
        check_version(record.get("format_version"), path)
        return record

    def read_if_there(self, name: str) -> dict[str, Any] | None:
        """Like `read`, but None where the file does not exist."""
        try:
            return self.read(name)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def task_folder(self, task: str) -> Path:
        """Where the files of `task` ("worker-1") lie; it need not exist."""
        return self.path / "tasks" / task

    def tasks(self) -> list[str]:
        """Names of the tasks that left a folder: chief first, then by role and index."""
        folder = self.path / "tasks"
        if not folder.is_dir():
            return []
        return sorted((each.name for each in folder.iterdir() if each.is_dir()), key=task_order)

    def events(self, task: str) -> list[dict[str, Any]]:
        """The events of `task`, oldest first, by the launcher's clock; a torn last line and
        what has no time are dropped."""
        ahead = clock_offset(self.task_folder(task))
        events = list(_events(self.task_folder(task) / EVENTS))
        return events if not ahead else [_earlier(event, ahead) for event in events]

    def progress(self) -> dict[str, dict[str, Any]]:
        """What each task last said about itself, by task.

        A coordinator speaks for its workers (key "tasks" of its file): their own processes know
        state, CPU and memory, the coordinator knows steps, examples and loss.
        """
        said: dict[str, dict[str, Any]] = {}
        spoken_for: dict[str, dict[str, Any]] = {}
        for task in self.tasks():
            record = self.read_if_there(f"tasks/{task}/{PROGRESS}") or {}
            spoken_for |= record.pop("tasks", None) or {}
            said[task] = record
        for task, record in spoken_for.items():
            said[task] = said.get(task, {}) | record
        return said

    def log_tail(self, task: str, lines: int = 20) -> str:
        """The last `lines` lines that `task` printed; empty where it has no log."""
        path = self.task_folder(task) / LOG
        try:
            with path.open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - lines * 400))
                text = log.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def clock_offset(task_folder: Path) -> float:
    """Seconds that the clock of a task's host is ahead of the launcher's; 0 where they are the
    same, or nearer to each other than can be told."""
    record = RunFolder(task_folder).read_if_there(CLOCK)
    if record is None or abs(record["offset_seconds"]) <= record["error_seconds"]:
        return 0.0
    return float(record["offset_seconds"])


def is_run(path: Path) -> bool:
    """Whether `path` is the folder of one run."""
    return os.path.isfile(path / STATUS) or os.path.isfile(path / PLAN)


def now() -> str:
    """This moment as the files have it: UTC, ISO 8601, with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def unix_seconds(moment: str) -> float:
    """Seconds since 1970 of a moment as `now` gives it. Raises ValueError."""
    return datetime.fromisoformat(moment).timestamp()


def check_version(version: Any, path: Path) -> None:
    """Raise UserError where `version` is newer than what this code knows."""
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise UserError(
            f"{path}: format_version={version}, this program reads up to {FORMAT_VERSION};"
            " read it with the newer distribute-bench that wrote it"
        )


def task_order(task: str) -> tuple[int, str, int]:
    """Sorts "chief-0" before "worker-2" before "worker-10" before "ps-0"."""
    role, _, index = task.rpartition("-")
    rank = {"chief": 0, "worker": 1, "ps": 2}.get(role, 3)
    return rank, role, int(index) if index.isdigit() else 0


def replace_file(path: Path, content: str | bytes, durable: bool = False) -> None:
    """Write `content` to a temporary name beside `path`, then rename: whole or not at all.

    A `durable` file is on the disk when this returns, and outlasts a power cut.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        if durable:
            force_to_disk(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        force_to_disk(path.parent)


def force_to_disk(path: Path) -> None:
    """Returns when what `path` holds (a folder: its names) would outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def as_json(value: Any) -> Any:
    """`value` in terms of JSON: dataclasses and mappings as objects, NaN and infinity as null.

    Raises TypeError for what has no such form.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(each) for each in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return as_json(value.tolist())
    raise TypeError(f"{value!r} of type {type(value).__name__} has no form in JSON")


def _earlier(event: dict[str, Any], seconds: float) -> dict[str, Any]:
    return {**event, "time": event["time"] - seconds}


def _events(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue  # the writer was killed in the middle of this line
        if isinstance(record, dict) and isinstance(record.get("time"), int | float):
            yield record
