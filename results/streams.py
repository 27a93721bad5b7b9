"""Measured rows on disk: Arrow IPC streams while a task runs, Parquet beside them at a clean end.

A killed writer leaves a stream that reads up to its last whole batch (Parquet's footer would lose
everything). A task that is started again in the same folder writes a further part
(`steps-2.arrows`); readers see all parts as one table.

Rows of `steps`, one a step:
    step            number of the step, from 1
    start           when it began, unix seconds
    seconds         from its start to the next step's start
    wait_seconds    how long it waited for input, within `seconds`
    examples        examples this task trained on
    loss            null inside a call of the compiled function, a value at its last step
    and where the strategy can tell, the parts of `seconds`, else null:
    pull_seconds            reading variables from parameter servers
    compute_seconds         forward and backward, until the task's last gradient was there; reading
                            remote variables too, where that is not told apart
    communicate_seconds     until gradients were summed over replicas, waiting for others included
    push_seconds            handing gradients over to parameter servers
    update_seconds          applying them; pushing them too, where that is not told apart
    agree_seconds           summing the last call's loss and wish to stop over all tasks
    queue_seconds           a coordinator's worker waited for its next call
    call_seconds            from the last call's end to the first step of this one

Rows of `resources`, one per half second; what the system does not tell is null:
    time                            unix seconds
    cpu_seconds                     of all threads, since the process began
    rss_bytes, peak_rss_bytes       resident memory now, and the most so far
    read_bytes, written_bytes       from and to storage, since the process began
    voluntary_switches, involuntary_switches    since the process began
    sent_bytes, received_bytes      over TCP, loopback included, since sampling began
    threads
    gpu_busy_share                  of NVML's last sampling period, mean over the task's GPUs
    gpu_memory_bytes                in use on them, by whichever process
    gpu_power_watts                 of all of them

Rows of `examples`, one an example, only where `measure.examples=true`:
    step            the step that trained on it
    number          epoch times the examples of an epoch, plus the example's own number
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.errors import UserError
from results.run_folder import FORMAT_VERSION, check_version, clock_offset

if TYPE_CHECKING:
    import pyarrow as pa

STEPS = "steps"
RESOURCES = "resources"
EXAMPLES = "examples"

STEP_PARTS = (
    "pull_seconds",
    "compute_seconds",
    "communicate_seconds",
    "push_seconds",
    "update_seconds",
    "agree_seconds",
    "queue_seconds",
    "call_seconds",
)
"""Columns of `steps` that older files lack, and that a writer may leave out: they are null then."""

_GPU = {"gpu_busy_share": "float64", "gpu_memory_bytes": "int64", "gpu_power_watts": "float64"}
"""Columns of `resources` that older files lack."""
_OFTEN_MISSING = {*STEP_PARTS, *_GPU}

_MOMENTS = {STEPS: "start", RESOURCES: "time"}
"""The columns that hold unix seconds."""
_COLUMNS = {
    STEPS: {
        "step": "int64",
        "start": "float64",
        "seconds": "float64",
        "wait_seconds": "float64",
        "examples": "int64",
        "loss": "float64",
        **dict.fromkeys(STEP_PARTS, "float64"),
    },
    RESOURCES: {
        "time": "float64",
        "cpu_seconds": "float64",
        "rss_bytes": "int64",
        "peak_rss_bytes": "int64",
        "read_bytes": "int64",
        "written_bytes": "int64",
        "voluntary_switches": "int64",
        "involuntary_switches": "int64",
        "sent_bytes": "int64",
        "received_bytes": "int64",
        "threads": "int64",
        **_GPU,
    },
    EXAMPLES: {"step": "int64", "number": "int64"},
}


def schema(kind: str) -> pa.Schema:
    """The columns of `kind` ("steps" or "resources"), with the format's version."""
    import pyarrow as pa

    fields = [pa.field(name, getattr(pa, of)()) for name, of in _COLUMNS[kind].items()]
    return pa.schema(fields, metadata={"format_version": str(FORMAT_VERSION)})


class StreamWriter:
    """A stream being written. Each `append` is on disk (not in a buffer of ours) when it returns.

    Raises OSError where the disk refuses.
    """

    def __init__(self, folder: Path, kind: str) -> None:
        import pyarrow as pa

        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.kind = kind
        self._schema = schema(kind)
        (folder / f"{kind}.parquet").unlink(missing_ok=True)  # of an earlier start; now incomplete
        self._file = pa.OSFile(str(_free_part(folder, kind)), "wb")
        self._writer = pa.ipc.new_stream(self._file, self._schema)

    def append(self, columns: dict[str, Any]) -> None:
        """Write one batch. `columns`: for each column of the kind an array or list, all as long;
        of `STEP_PARTS`, and of GPUs', some or all may be missing.

        NaN becomes null.
        """
        import pyarrow as pa

        count = len(next(iter(columns.values())))
        arrays = [
            pa.nulls(count, field.type)
            if field.name in _OFTEN_MISSING and field.name not in columns
            else pa.array(columns[field.name], field.type, from_pandas=True)
            for field in self._schema
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self._file.flush()

    def close(self, parquet: bool) -> None:
        """End the stream; where `parquet`, write all its parts as one Parquet file beside it."""
        self._writer.close()
        self._file.close()
        if parquet:
            _write_parquet(self.folder, self.kind)


def read_rows(folder: Path, kind: str) -> pa.Table:
    """All rows of `kind` in a task's folder: from Parquet where it is there, else from the streams.
    Moments are by the launcher's clock, whatever that of the task's host shows.

    A torn last batch is dropped; no file at all gives a table without rows. Raises UserError where
    a newer version wrote them.
    """
    return _earlier(_read(folder, kind), _MOMENTS.get(kind), clock_offset(folder))


def _earlier(table: pa.Table, column: str | None, seconds: float) -> pa.Table:
    if not seconds or column is None:
        return table
    import pyarrow.compute as pc

    place = table.column_names.index(column)
    return table.set_column(place, column, pc.subtract(table[column], seconds))


def _read(folder: Path, kind: str) -> pa.Table:
    import pyarrow as pa

    path = folder / f"{kind}.parquet"
    if path.is_file():
        import pyarrow.parquet

        try:
            table = pa.parquet.read_table(path, partitioning=None)
        except pa.ArrowInvalid:
            pass  # damaged since; the streams beside it hold the same rows
        else:
            return _checked(table, path, kind)
    tables = [_checked(_read_stream(part, kind), part, kind) for part in _parts(folder, kind)]
    return pa.concat_tables(tables) if tables else schema(kind).empty_table()


def _read_stream(path: Path, kind: str) -> pa.Table:
    import pyarrow as pa

    batches: list[pa.RecordBatch] = []
    try:
        reader = pa.ipc.open_stream(path.read_bytes())
    except pa.ArrowInvalid:
        return schema(kind).empty_table()  # killed while it wrote the head
    whole = True
    while whole:
        try:
            batches.append(reader.read_next_batch())
        except (StopIteration, pa.ArrowInvalid, OSError):
            whole = False  # the end, or killed in the middle of a batch: those before it are whole
    return pa.Table.from_batches(batches, schema=reader.schema)


def _checked(table: pa.Table, path: Path, kind: str) -> pa.Table:
    version = (table.schema.metadata or {}).get(b"format_version", b"0")
    check_version(int(version), path)
    missing = [name for name in _COLUMNS[kind] if name not in table.column_names]
    needed = [name for name in missing if name not in _OFTEN_MISSING]
    if needed:
        raise UserError(f"{path}: lacks the column {needed[0]}; is it a file of {kind}?")
    return (
        _filled_up(table, missing, kind).select(list(_COLUMNS[kind])).replace_schema_metadata(None)
    )


def _filled_up(table: pa.Table, missing: list[str], kind: str) -> pa.Table:
    """`table` with nulls in the columns that it lacks, as files from before there were any do."""
    import pyarrow as pa

    types = schema(kind)
    for name in missing:
        table = table.append_column(name, pa.nulls(table.num_rows, types.field(name).type))
    return table


def _write_parquet(folder: Path, kind: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    parts = [_checked(_read_stream(part, kind), part, kind) for part in _parts(folder, kind)]
    whole = pa.concat_tables(parts).replace_schema_metadata(schema(kind).metadata)
    path = folder / f"{kind}.parquet"
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        pa.parquet.write_table(whole, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _parts(folder: Path, kind: str) -> list[Path]:
    """The streams of `kind`, in the order in which they were begun."""
    parts = [path for path in folder.glob(f"{kind}*.arrows") if _part_number(path, kind)]
    return sorted(parts, key=lambda path: _part_number(path, kind))


def _part_number(path: Path, kind: str) -> int:
    found = re.fullmatch(rf"{kind}(?:-(\d+))?\.arrows", path.name)
    return int(found.group(1) or 1) if found else 0


def _free_part(folder: Path, kind: str) -> Path:
    parts = _parts(folder, kind)
    if not parts:
        return folder / f"{kind}.arrows"
    return folder / f"{kind}-{_part_number(parts[-1], kind) + 1}.arrows"
