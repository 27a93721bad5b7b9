"""How long a sweep will take, by what it has measured; and what `results watch` shows of it."""

import io
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from results.__main__ import main
from results.errors import UserError
from results.run_folder import now
from results.sweep_folder import (
    DONE,
    FAILED,
    LOCK,
    NOT_APPLICABLE,
    RUNNING,
    SWEEP,
    WAITING,
    Journal,
    SweptRun,
    read_journal,
)
from results.sweep_progress import duration, expected_seconds, progress_line, seconds_left
from tests.results.made_journals import make_journal, swept_run

NOW = 1_780_000_000.0


def journal(*runs: SweptRun, **fields) -> Journal:
    return Journal(words=(), identity={}, runs=runs, created=now(), **fields)


def done(number: int, seconds: float, **fields) -> SweptRun:
    return swept_run(number, state=DONE, seconds=seconds, **fields)


def test_run_takes_what_its_own_configuration_took_else_the_mean_of_all():
    runs = [done(0, 10, cell=0), done(1, 14, cell=0), done(2, 40, cell=0), done(3, 100, cell=1)]
    assert expected_seconds(swept_run(4, cell=0), runs) == 14
    assert expected_seconds(swept_run(5, cell=1), runs) == 100
    assert expected_seconds(swept_run(6, cell=2), runs) == (10 + 14 + 40 + 100) / 4


def test_nothing_is_expected_before_anything_was_measured():
    failed = swept_run(0, state=FAILED, seconds=3.0)
    assert expected_seconds(swept_run(1), [failed]) is None
    assert seconds_left(journal(failed, swept_run(1))) is None


def test_time_left_is_that_of_what_waits_and_of_what_runs():
    going = swept_run(1, cell=0, state=RUNNING, started="2026-05-28T20:26:36+00:00")
    runs = (done(0, 30, cell=0), going, swept_run(2, cell=0), swept_run(3, state=NOT_APPLICABLE))
    assert seconds_left(journal(*runs), NOW) == pytest.approx(30 + 30 - 4)


def test_time_left_is_no_more_than_the_budget():
    runs = (done(0, 30, cell=0), swept_run(1, cell=0), swept_run(2, cell=0))
    assert seconds_left(journal(*runs, ends_before=NOW + 40), NOW) == 40


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(3.4, "3 s"), (119, "119 s"), (150, "2 min"), (7100, "118 min"), (8000, "2 h 13 min")],
)
def test_duration_is_as_exact_as_an_estimate_deserves(seconds, told):
    assert duration(seconds) == told


def test_line_tells_how_far_it_is():
    runs = (done(0, 30, cell=0), swept_run(1, cell=0, state=FAILED), swept_run(2, cell=0))
    assert progress_line(journal(*runs)) == "2 of 3 runs, 1 failed, about 30 s left"


def test_watch_of_a_sweep_that_has_ended_tells_each_run(tmp_path, capsys):
    failed = swept_run(1, state=FAILED, seconds=2.0, reason="worker-0: out of memory")
    make_journal(tmp_path, done(0, 30), failed, state=DONE)
    assert main(["watch", f"folder={tmp_path}"]) == 0
    said = capsys.readouterr().out
    assert "run 0: strategy=mirrored workers=1: done after 30 s" in said
    assert "failed after 2 s: worker-0: out of memory" in said
    assert said.splitlines()[-1] == "ended: 2 of 2 runs, 1 failed"


def test_watch_says_how_to_go_on_where_no_launcher_is_at_work(tmp_path, capsys):
    make_journal(tmp_path, done(0, 30), swept_run(1))
    (tmp_path / LOCK).write_text(
        f'{{"process": 99999999, "host": "{socket.gethostname()}", "folder": "", "since": ""}}'
    )
    assert main(["watch", f"folder={tmp_path}"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        f"stopped: the launcher has gone; go on with it: python -m launcher resume={tmp_path}"
    )


def test_picture_of_a_long_sweep_fits_a_terminal(tmp_path):
    from rich.console import Console

    from results.commands.watch import _picture

    runs = [done(n, 30) for n in range(300)]
    runs += [swept_run(300, state=RUNNING, started=now())]
    runs += [swept_run(n, state=WAITING) for n in range(301, 900)]
    long = replace(runs[300], overrides=("strategy=mirrored", "workload=" + "x" * 200))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(_picture(tmp_path, journal(*runs[:300], long, *runs[301:]), 80))
    lines = console.export_text().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert len(lines) <= 20
    assert any("running" in line for line in lines)
    assert "300 of 900 runs" in lines[-2] + lines[-1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"format_version": 1}', "damaged"),
        ('{"format_version": 99, "runs": []}', "newer"),
    ],
)
def test_journal_that_can_not_be_read_is_one_line(text, told, tmp_path):
    (tmp_path / SWEEP).write_text(text)
    with pytest.raises(UserError, match=told):
        read_journal(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "a_file", "empty"])
def test_folder_that_is_no_sweep_is_one_line(name, tmp_path: Path, capsys):
    (tmp_path / "a_file").write_text("")
    (tmp_path / "empty").mkdir()
    assert main(["watch", f"folder={tmp_path / name}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"folder={tmp_path / name}: " in line
    assert "give" in line
