"""Steps that are traced: which can be asked for, and what a real run leaves of them."""

import csv
import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from launcher import profiling
from launcher.errors import NotApplicable
from results.errors import UserError
from tests.launcher.command_line import launch
from tests.runs import experiment

_ABORTED_BY_TENSORFLOW = "SIGABRT"
_MOST_ATTEMPTS = 3


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("profile.steps=[20]", r"\[20\]: the first and the last step are needed"),
        ("profile.steps=[30,20]", r"\[30,20\]: .* isn't before the last"),
        ("profile.steps=[20,20]", r"\[20,20\]: .* isn't before the last"),
        ("profile.steps=[10,20]", r"\[10,20\]: .* begin at 11 or later"),
        ("profile.steps=[1,20] measure.warmup_steps=0", r"\[1,20\]: .* begin at 2 or later"),
        ("profile.steps=[20,51] until.steps=50", r"\[20,51\]: the run ends after step 50"),
        ("profile.steps=[20,51] until.examples=1599", r"\[20,51\]: the run ends after step 50"),
    ],
)
def test_steps_that_cannot_be_traced_are_refused(words: str, right: str) -> None:
    with pytest.raises(UserError, match=right):
        experiment(*words.split())


def test_first_and_last_step_may_touch_warm_up_and_end() -> None:
    words = ["profile.steps=[11,50]", "until.steps=50"]
    assert experiment(*words).profile.steps == [11, 50]
    assert experiment("profile.steps=[11,5000]", "until.seconds=9").profile.steps == [11, 5000]


def test_coordinator_has_no_steps_to_trace_on_all_tasks() -> None:
    with pytest.raises(NotApplicable, match=r"profile\.steps=\[20,30\]: under strategy=param"):
        experiment("strategy=parameter_server", "profile.steps=[20,30]")


def test_missing_package_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiling, "CONVERTER", "no_such_converter")
    with pytest.raises(UserError, match=r"no_such_converter .* pip install 'dist.*\[profile\]'"):
        experiment("profile.steps=[20,30]")


def test_run_without_traces_is_told_in_one_line(tmp_path: Path) -> None:
    told = profiling.convert(tmp_path)
    assert told is not None
    assert "no task left a trace" in told


@pytest.mark.ci
def test_both_workers_are_traced_and_no_speed_is_told(tmp_path: Path) -> None:
    words = ["strategy=multiworker", "workers=2", "until.steps=40", "profile.steps=[20,30]"]
    for attempt in range(_MOST_ATTEMPTS):
        run = tmp_path / str(attempt)
        ended = launch(tmp_path, *words, f"hydra.run.dir={run}")
        if _ABORTED_BY_TENSORFLOW not in ended.stderr:  # see strategies.profiled_steps
            break
    assert ended.returncode == 0, ended.stderr
    assert "no profile" not in ended.stderr

    record = json.loads((run / "profile/operations.json").read_text())
    assert record["steps"] == [20, 30]
    assert record["tasks"] == ["chief-0", "worker-0"]
    with (run / "profile/operations.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert any("MatMul" in row["kind"] for row in rows)
    seconds = [float(row["self_seconds"]) for row in rows]
    assert seconds == sorted(seconds, reverse=True)
    assert sum(float(row["self_share"]) for row in rows) == pytest.approx(1)

    trace = json.loads(gzip.decompress((run / "profile/trace.json.gz").read_bytes()))
    steps = [event for event in trace["traceEvents"] if re.match(r"train( \d+)?$", event["name"])]
    assert sorted(Counter(event["pid"] for event in steps).values()) == [11, 11]

    summary = json.loads((run / "summary.json").read_text())
    assert summary["profiled"] == "20 to 30"
    assert summary["steps"] == 40
    assert "steps 20 to 30 were profiled" in summary["notes"]
    for field in ("examples_per_second", "step_seconds_median", "goodput_examples_per_second"):
        assert summary[field] is None
    assert not list((run / "tasks").glob("*/profile"))

    page = (run / "report.html").read_text()
    links = re.findall(r'href="(profile/[^"]+)"', page)
    assert links == ["profile/operations.csv", "profile/trace.json.gz"]
    assert all((run / link).is_file() for link in links)
