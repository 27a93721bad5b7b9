"""Streams survive whatever ends their writer."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from results import UserError
from results.run_folder import CLOCK, EVENTS, RunFolder
from results.streams import RESOURCES, STEP_PARTS, STEPS, StreamWriter, read_rows, schema


def batch(first: int, count: int = 10) -> dict[str, np.ndarray]:
    steps = np.arange(first, first + count)
    return {
        "step": steps,
        "start": 1e9 + steps * 0.01,
        "seconds": np.full(count, 0.01),
        "wait_seconds": np.full(count, 0.001),
        "examples": np.full(count, 32),
        "loss": np.where(steps % 10 == 0, 1.0 / steps, np.nan),
    }


def steps_of(folder: Path) -> list[int]:
    steps: list[int] = read_rows(folder, STEPS)["step"].to_pylist()
    return steps


def test_rows_read_back_while_the_writer_still_writes(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path, STEPS)
    writer.append(batch(1))
    assert steps_of(tmp_path) == list(range(1, 11))
    writer.append(batch(11))
    assert steps_of(tmp_path) == list(range(1, 21))
    writer.close(parquet=False)
    assert steps_of(tmp_path) == list(range(1, 21))


def test_a_loss_inside_a_call_is_null(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path, STEPS)
    writer.append(batch(1))
    writer.close(parquet=False)
    assert read_rows(tmp_path, STEPS)["loss"].to_pylist() == [None] * 9 + [0.1]


def test_a_file_cut_anywhere_keeps_every_whole_batch(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path, STEPS)
    ends = []
    for first in (1, 11, 21):
        writer.append(batch(first))
        ends.append((tmp_path / "steps.arrows").stat().st_size)
    whole = (tmp_path / "steps.arrows").read_bytes()
    cut = tmp_path / "cut"
    cut.mkdir()
    for size in range(0, len(whole) + 1, 7):
        (cut / "steps.arrows").write_bytes(whole[:size])
        batches = sum(size >= end for end in ends)
        assert steps_of(cut) == list(range(1, 1 + 10 * batches)), size


def test_parquet_is_read_first_and_a_damaged_one_falls_back_to_the_stream(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path, STEPS)
    writer.append(batch(1))
    writer.close(parquet=True)
    stream = tmp_path / "steps.arrows"
    shutil.move(stream, tmp_path / "kept")
    assert steps_of(tmp_path) == list(range(1, 11))
    shutil.move(tmp_path / "kept", stream)
    (tmp_path / "steps.parquet").write_bytes(b"PAR1 torn")
    assert steps_of(tmp_path) == list(range(1, 11))


def test_a_task_started_again_adds_to_what_it_wrote_before(tmp_path: Path) -> None:
    for first in (1, 11, 21):
        writer = StreamWriter(tmp_path, STEPS)
        writer.append(batch(first))
        writer.close(parquet=first != 21)
    assert sorted(path.name for path in tmp_path.glob("*.arrows")) == [
        "steps-2.arrows",
        "steps-3.arrows",
        "steps.arrows",
    ]
    assert not (tmp_path / "steps.parquet").exists()
    assert steps_of(tmp_path) == list(range(1, 31))


def test_no_file_is_a_table_without_rows(tmp_path: Path) -> None:
    table = read_rows(tmp_path / "none", RESOURCES)
    assert table.num_rows == 0
    assert table.column_names == schema(RESOURCES).names


def test_a_stream_of_a_newer_format_says_so(tmp_path: Path) -> None:
    newer = schema(STEPS).with_metadata({"format_version": "2"})
    with pa.OSFile(str(tmp_path / "steps.arrows"), "wb") as file:
        pa.ipc.new_stream(file, newer).close()
    with pytest.raises(UserError, match="format_version=2"):
        read_rows(tmp_path, STEPS)


def test_another_kind_of_file_is_named(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path, RESOURCES)
    writer.close(parquet=False)
    shutil.move(tmp_path / "resources.arrows", tmp_path / "steps.arrows")
    with pytest.raises(UserError, match="lacks the column step"):
        read_rows(tmp_path, STEPS)


def test_rows_of_an_older_format_have_no_parts_of_a_step(tmp_path: Path) -> None:
    older = pa.schema([field for field in schema(STEPS) if field.name not in STEP_PARTS])
    columns = [pa.array(values, older.field(name).type) for name, values in batch(1).items()]
    with pa.ipc.new_stream(str(tmp_path / "steps.arrows"), older) as stream:
        stream.write_batch(pa.record_batch(columns, schema=older))
    assert read_rows(tmp_path, STEPS)["compute_seconds"].null_count == 10
    newer = StreamWriter(tmp_path, STEPS)
    newer.append(batch(11) | {"compute_seconds": np.full(10, 0.004)})
    newer.close(parquet=True)
    assert steps_of(tmp_path) == list(range(1, 21))
    told = read_rows(tmp_path, STEPS)
    assert told["compute_seconds"].to_pylist() == [None] * 10 + [0.004] * 10
    assert told["queue_seconds"].null_count == 20


def test_moments_of_a_host_whose_clock_is_ahead_are_told_by_the_launchers(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    task = run.task_folder("worker-0")
    writer = StreamWriter(task, STEPS)
    writer.append(batch(1, 2))
    writer.close(parquet=True)
    (task / EVENTS).write_text('{"time": 100.0, "event": "imported"}\n')
    run.write(f"tasks/worker-0/{CLOCK}", {"offset_seconds": 42.5, "error_seconds": 0.001})
    assert read_rows(task, STEPS)["start"].to_pylist() == [1e9 + 0.01 - 42.5, 1e9 + 0.02 - 42.5]
    assert run.events("worker-0") == [{"time": 57.5, "event": "imported"}]
    run.write(f"tasks/worker-0/{CLOCK}", {"offset_seconds": 0.0005, "error_seconds": 0.001})
    assert read_rows(task, STEPS)["start"].to_pylist() == [1e9 + 0.01, 1e9 + 0.02]
    assert run.events("worker-0") == [{"time": 100.0, "event": "imported"}]


def test_samples_of_an_older_format_have_no_gpus(tmp_path: Path) -> None:
    fields = [field for field in schema(RESOURCES) if not field.name.startswith("gpu_")]
    older = pa.schema(fields)
    columns = [pa.array([1], field.type) for field in fields]
    with pa.ipc.new_stream(str(tmp_path / "resources.arrows"), older) as stream:
        stream.write_batch(pa.record_batch(columns, schema=older))
    newer = StreamWriter(tmp_path, RESOURCES)
    newer.append({field.name: [2] for field in fields} | {"gpu_memory_bytes": [3000]})
    newer.close(parquet=True)
    told = read_rows(tmp_path, RESOURCES)
    assert told["gpu_memory_bytes"].to_pylist() == [None, 3000]
    assert told["gpu_power_watts"].to_pylist() == [None, None]
