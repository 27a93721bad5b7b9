"""What `python -m input_pipelines tune` says about what it found."""

from pathlib import Path
from typing import Any

import pytest

from input_pipelines.commands.tune import show
from results.pipeline_file import TUNING, put_part
from results.run_folder import RunFolder

GIVEN = {"settings": {}, "overrides": [], "examples_per_second": 100, "blocks": 3, "refused": None}
FASTER = {**GIVEN, "overrides": ["pipeline.prefetch=8"], "examples_per_second": 300}
NOT_STARTED = {**FASTER, "examples_per_second": None, "blocks": 0, "refused": "no place for it"}
SAME = {"examples": 64, "whole_epoch": True, "same_order": True, "random": None}
RATIO = {"ratio": 3.0, "low": 2.5, "high": 3.5}


def said(folder: Path, capsys: pytest.CaptureFixture[str], **found: Any) -> str:
    record = {
        "overrides": [],
        "changes": [],
        "ratio": None,
        "examples_per_second": {"given": 100, "chosen": 100},
        "same": SAME,
        "tried": [GIVEN],
        "untried": 0,
        "asked_seconds": 5.0,
        "seconds": 9.0,
    }
    put_part(RunFolder(folder), TUNING, record | found)
    show(folder)
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (
            {"tried": [GIVEN, FASTER], **RATIO},
            "Result: 3.00 × as fast (2.50 to 3.50), 100 examples/s instead of 100; "
            "1 setting tried in 9 s",
        ),
        (
            {"tried": [GIVEN, FASTER, FASTER, NOT_STARTED]},
            "nothing is surely faster than it is, 100 examples/s; 2 settings tried in 9 s",
        ),
        (
            {"untried": 12},
            "nothing was tried, 100 examples/s; tune.seconds=5 ended before 12 of 12 settings "
            "were tried (9 s in all)",
        ),
        (
            {"tried": [GIVEN, FASTER], "untried": 3},
            "nothing is surely faster than it is, 100 examples/s; tune.seconds=5 ended before 3 "
            "of 4 settings were tried",
        ),
        (
            {"tried": [GIVEN, {**FASTER, "refused": "an epoch of it holds other elements"}]},
            "Refused: pipeline.prefetch=8, 300 examples/s: an epoch of it holds other elements",
        ),
        ({}, "Same data: an epoch of 64 examples, the same by hash, in the same order outputs"),
        (
            {"same": {**SAME, "whole_epoch": False, "same_order": False}},
            "Same data: the first 64 examples, the same by hash, in another order",
        ),
        (
            {"same": {**SAME, "random": "stage map draws random numbers"}},
            "in the same order, drawn from one seed (stage map draws random numbers)",
        ),
    ],
)
def test_what_was_found_is_said(found, line, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("outputs")
    folder.mkdir()
    assert line in said(folder, capsys, **found)
