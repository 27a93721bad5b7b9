"""What `pipeline.json` adds to reports and records, whatever it holds."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.summary import summarize
from results.columns import COLUMNS
from results.groups import grouped
from results.loading import read_runs
from results.pipeline_file import PIPELINE, PROFILE, SHARES, part, part_if_readable, put_part
from results.report import MARKDOWN, write_report
from results.report.held_back import held_back
from results.report.pipeline_profile import buffer_words, calls_words, shown_profile
from results.report.plots_of_pipeline import waterfall
from results.report.plots_of_shares import shares
from results.run_folder import RunFolder
from tests.results import made_pipelines
from tests.results.flat_runs import write_flat_run
from tests.results.made_folders import Made, make_run
from tests.results.test_report import HOSTILE, Elements


def run_with(folder: Path, profile: Any = None, diagnosis: Any = None) -> RunFolder:
    run = write_flat_run(folder, 1000.0)
    run.write(PIPELINE, {"profile": profile, "diagnosis": diagnosis})
    return run


def test_a_part_is_written_without_touching_the_others(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    put_part(folder, "tuning", {"ratio": 2.0})
    put_part(folder, "profile", {"batch": 1})
    put_part(folder, "profile", {"batch": 2})
    assert part(folder, "tuning") == {"ratio": 2.0}
    assert part(folder, "profile") == {"batch": 2}
    assert part(folder, "formats") is None


def test_a_damaged_file_has_no_part_and_stops_no_report(tmp_path: Path) -> None:
    run = write_flat_run(tmp_path, 1000.0)
    (tmp_path / PIPELINE).write_text("{")
    assert part_if_readable(run, PROFILE) is None
    assert "waterfall" not in write_report(tmp_path).read_text()


def test_the_waterfall_names_the_limiting_stage_in_its_title() -> None:
    plot = waterfall(made_pipelines.PROFILE)
    assert plot is not None
    assert plot.name == "pipeline"
    assert plot.message.startswith("parse limits: its one call at a time")
    assert [row[0] for row in plot.numbers.rows][5:8] == ["number", "parse (limits)", "augment"]
    assert plot.numbers.rows[6][1] == "108.1"
    assert plot.svg.count("limits") >= 1


def test_emulated_storage_stands_in_the_waterfall_s_title() -> None:
    plot = waterfall(made_pipelines.PROFILE | {"emulated": "storage of 20 MB/s"})
    assert plot is not None
    assert plot.message.endswith("(emulated: storage of 20 MB/s)")


@pytest.mark.parametrize(
    "stages", [None, [], "x", [3], [{}], [{"name": 3, "cpu_seconds_per_example": "x"}]]
)
def test_a_profile_without_measured_stages_has_no_waterfall(stages: Any) -> None:
    assert waterfall({"stages": stages}) is None


def test_calls_and_buffers_are_told_as_set_and_as_chosen() -> None:
    stages = {each.name: each for each in shown_profile(made_pipelines.PROFILE).stages}
    assert calls_words(stages["files"]) == "1"
    assert calls_words(stages["read"]) == "4"
    assert calls_words(stages["augment"]) == "auto → 2"
    assert buffer_words(stages["files"]) == ""
    assert buffer_words(stages["shuffle"]) == "4,095 of 4,096"
    assert buffer_words(stages["prefetch"]) == "3.6 of auto"
    assert buffer_words(stages["read"]) == "130"


def test_a_run_s_report_begins_with_what_holds_it_back(tmp_path: Path) -> None:
    run_with(tmp_path, made_pipelines.PROFILE, made_pipelines.DIAGNOSIS)
    page = write_report(tmp_path).read_text()
    top = page[: page.index("</header>")]
    assert "Preparing input holds training back: 46% of a step" in top
    section = page[page.index('id="held-back"') :]
    assert "<code>pipeline.parallel_calls=2</code>" in section
    assert "<code>pipeline.cache=memory pipeline.shuffle=2000</code>" in section
    assert section.index("1.31 ×") < section.index("1.22 ×")
    assert 'id="pipeline"' in page
    assert (tmp_path / "plots" / "pipeline.svg").is_file()
    text = write_report(tmp_path, MARKDOWN).read_text()
    assert "- Preparing input holds training back: 46% of a step" in text


def test_what_would_settle_an_open_verdict_is_said(tmp_path: Path) -> None:
    diagnosis = copy.deepcopy(made_pipelines.DIAGNOSIS)
    diagnosis["verdict"] |= {
        "class": "inconclusive",
        "line": "Inconclusive: 3% to 21% of a step goes into preparing input",
        "claims": [{"line": "the interval of fetching spans zero"}],
        "settle": "about 30 rounds would settle it (measure.rounds=30)",
        "actions": [],
    }
    run_with(tmp_path, diagnosis=diagnosis)
    page = write_report(tmp_path).read_text()
    assert "<p>About 30 rounds would settle it (measure.rounds=30).</p>" in page
    assert "the interval of fetching spans zero" in page
    assert "overrides to paste" not in page


@pytest.mark.parametrize("diagnosis", [None, [], {}, {"verdict": 3}, {"verdict": {"line": 3}}])
def test_a_run_without_a_verdict_has_no_such_section(tmp_path: Path, diagnosis: Any) -> None:
    run_with(tmp_path, diagnosis=diagnosis)
    assert held_back(read_runs(tmp_path)[0]) is None
    assert 'id="held-back"' not in write_report(tmp_path).read_text()


def test_hostile_text_in_a_pipeline_is_shown_as_text(tmp_path: Path) -> None:
    profile, diagnosis = (
        poisoned(each) for each in (made_pipelines.PROFILE, made_pipelines.DIAGNOSIS)
    )
    run_with(tmp_path, profile, diagnosis)
    page = write_report(tmp_path).read_text()
    found = Elements(page)
    assert found.tags.count("script") == 1
    assert "img" not in found.tags
    assert not any(name.startswith("on") for name, _ in found.attributes)
    assert "\u202e" not in page
    assert "alert(1)" in page


def test_a_run_s_record_has_its_bottleneck_and_its_shares(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made(steps=60))
    assert summarize(folder)["bottleneck"] is None
    put_part(folder, "diagnosis", made_pipelines.DIAGNOSIS)
    record = summarize(folder)
    assert record["bottleneck"] == "prepare"
    assert record["bottleneck_share"] == 0.46
    assert record["compute_share"] == 0.41
    assert record["overhead_share"] is None
    assert {f"{name}_share" for name in SHARES} | {"bottleneck", "bottleneck_share"} <= set(COLUMNS)


def test_shares_across_a_sweep_are_a_bar_each(tmp_path: Path) -> None:
    write_flat_run(tmp_path / "0", 900.0, "mirrored", compute_share=0.7, prepare_share=0.3)
    write_flat_run(tmp_path / "1", 950.0, "multiworker", compute_share=0.5, communicate_share=0.5)
    write_flat_run(tmp_path / "2", 950.0, "tpu")
    plot = shares(grouped(read_runs(tmp_path)))
    assert plot is not None
    assert plot.message == (
        "Communicating takes 50% of a step of multiworker × 2, the most of 2 configurations"
    )
    assert plot.numbers.head == ["configuration", "computing", "preparing input", "communicating"]
    assert plot.numbers.rows == [
        ["mirrored × 2", "70%", "30%", "–"],
        ["multiworker × 2", "50%", "–", "50%"],
    ]


def test_title_of_shares_that_do_not_add_up_says_which_came_out_below_0(tmp_path: Path) -> None:
    of = {"compute_share": 1.11, "prepare_share": 0.3, "overhead_share": -0.29}
    write_flat_run(tmp_path, 900.0, **of, fetch_share=-0.12)
    plot = shares(grouped(read_runs(tmp_path)))
    assert plot is not None
    assert plot.message == (
        "Preparing input takes 30% of a step of mirrored × 2; uncertain, as parts came out below 0:"
        " fetching input -12%, overhead -29%"
    )
    assert plot.numbers.rows == [["mirrored × 2", "111%", "30%", "-12%", "-29%"]]


def test_a_sweep_that_was_not_diagnosed_has_no_bars(tmp_path: Path) -> None:
    write_flat_run(tmp_path / "0", 900.0)
    assert shares(grouped(read_runs(tmp_path))) is None


def poisoned(value: Any) -> Any:
    """The record with every text in it replaced."""
    if isinstance(value, dict):
        return {key: poisoned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each) for each in value]
    return HOSTILE if isinstance(value, str) and not re.fullmatch("auto|prepare", value) else value
