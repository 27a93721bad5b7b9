"""What the report says: rankings, usage, failures, downloads, Markdown and PNG."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import results
from results import read_runs
from results.groups import grouped
from results.pipeline_file import put_part
from results.report import MARKDOWN, PNG, write_report
from results.report.all_runs import run_table
from results.report.content import Content
from results.report.data import downloads
from results.report.drawing import from_zero
from results.report.failures import failures, refusals
from results.report.hosts import host_table
from results.report.plots_of_loss import loss_of_run, loss_of_runs
from results.report.plots_of_phases import phases
from results.report.ranking import ranked, ranking_table
from results.report.tables import key_figures, method
from results.report.timeline import Timeline, timeline
from results.report.usage import HEAD, Bar, bar_of, most_of, usage_table
from results.report.words import headline_of_sweep, points_of_sweep
from results.run_folder import CLOCK
from results.streams import RESOURCES, StreamWriter, read_rows
from tests.results.flat_runs import write_flat_run, write_repeats
from tests.results.made_folders import FAILED, Made, make_run, make_sweep
from tests.results.made_journals import make_journal, swept_run
from tests.results.made_pipelines import DIAGNOSIS

SLOW = [1000.0, 1012.0, 995.0, 1005.0, 1001.0, 990.0]
FAST = [1230.0, 1250.0, 1221.0, 1240.0, 1229.0, 1218.0]


def test_configurations_are_ranked_with_intervals_between_runs(tmp_path: Path) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    first, second = ranked(grouped(read_runs(tmp_path)))
    assert first.group.strategy == "multiworker"
    assert first.speed == pytest.approx(np.exp(np.mean(np.log(FAST))))
    assert first.interval is not None
    assert first.interval[0] < first.speed < first.interval[1]
    assert first.fastest_against_it is None
    head, rows = ranking_table([first, second])
    assert head == ["configuration", "runs", "examples / s", "95% between runs", "of the fastest"]
    assert rows[1][:2] == ["mirrored × 2", "6"]
    assert rows[1][4].startswith("0.81 × (0.81 to 0.8")


def test_the_fastest_is_compared_as_one_that_was_picked(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    speeds = {name: [*(1000 + noise.normal(0, 9, 6))] for name in ("a", "b", "c", "d")}
    write_repeats(tmp_path, speeds)
    for each in ranked(grouped(read_runs(tmp_path)))[1:]:
        assert each.fastest_against_it is not None
        assert each.fastest_against_it.level == pytest.approx(0.05 / 6)


def test_below_five_repeats_a_ranking_gives_no_interval(tmp_path: Path) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW[:4], "multiworker": FAST[:4]})
    _, rows = ranking_table(ranked(grouped(read_runs(tmp_path))))
    assert [row[3] for row in rows] == ["–", "–"]
    assert rows[1][4] == "0.81 ×"


def test_configurations_are_named_by_what_sets_them_apart(tmp_path: Path) -> None:
    values = [("200.0", "600"), ("1000.0", "600"), ("1000.0", "900")]
    for place, (mbit, hidden) in enumerate(values):
        asked = (
            f"emulate.network.mbit_per_second={mbit}",
            f"workload.parameters.hidden={hidden}",
            f"batch.total={32 * (1 + place)}",
        )
        write_flat_run(tmp_path / str(place), 100.0, "multiworker", 4, overrides=asked)
    labels = [group.label for group in grouped(read_runs(tmp_path))]
    assert labels[0] == "multiworker × 4, batch.total=32, mbit_per_second=200, hidden=600"
    assert len({group.series for group in grouped(read_runs(tmp_path))}) == 3


def test_an_end_that_two_keys_share_names_neither(tmp_path: Path) -> None:
    for place in range(2):
        asked = (f"workload.parameters.size={place}", f"source.parameters.size={place}")
        write_flat_run(tmp_path / str(place), 100.0, overrides=asked)
    (first, _) = grouped(read_runs(tmp_path))
    assert first.extra == "source.parameters.size=0, workload.parameters.size=0"


def test_long_values_do_not_make_one_series_of_two(tmp_path: Path) -> None:
    for place in range(2):
        asked = (f"workload.parameters.path={'x' * 90}{place}",)
        write_flat_run(tmp_path / str(place), 100.0, overrides=asked)
    assert len({group.series for group in grouped(read_runs(tmp_path))}) == 2


def test_efficiency_is_speed_over_perfect_scaling_at_the_same_batch(tmp_path: Path) -> None:
    for workers, speed, batch in [(1, 100.0, 32), (2, 150.0, 32), (4, 200.0, 16)]:
        write_flat_run(tmp_path / str(workers), speed, workers=workers, batch_per_replica=batch)
    found = {each.group.workers: each.efficiency for each in ranked(grouped(read_runs(tmp_path)))}
    assert found == {1: pytest.approx(1.0), 2: pytest.approx(0.75), 4: None}


def test_the_verdict_says_how_sure_it_is(tmp_path: Path) -> None:
    cases = {
        "shown": (FAST, "× 2 was fastest on digits_mlp", "multiworker, 2 workers: 1.2"),
        "level": (
            [*(np.array(SLOW[::-1]) + 1)],
            "None is shown to be the fastest on digits_mlp; multiworker × 2 came first",
            "No difference between it and",
        ),
        "once": (FAST[:1], "× 2 was fastest on digits_mlp", None),
    }
    for name, (speeds, headline, told) in cases.items():
        write_repeats(tmp_path / name, {"mirrored": SLOW[: len(speeds)], "multiworker": speeds})
        runs = read_runs(tmp_path / name)
        rankings = {"digits_mlp": ranked(grouped(runs))}
        assert headline in headline_of_sweep(runs, rankings)
        points = points_of_sweep(runs, rankings)
        assert points[0].startswith(told) if told else points == [], name


def test_what_was_emulated_is_said_in_the_verdict_and_under_every_plot(tmp_path: Path) -> None:
    slow = "accelerators of 1,000 examples/s each"
    for name in ("0", "1"):
        make_run(tmp_path / name, Made(steps=30))
    summary = tmp_path / "0" / "summary.json"
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"emulated": slow}))
    runs = read_runs(tmp_path)
    sweep, alone, real = (Content(tmp_path, of, len(of) == 1) for of in (runs, runs[:1], runs[1:]))
    for content in (sweep, alone):
        assert f"(emulated: {slow})" in content.headline
        assert content.plots
        assert all("emulated" in plot.message for plot in content.plots)
        assert all("emulated" in plot.svg.partition(">")[0] for plot in content.plots)
    assert "emulated" not in real.headline
    assert not any("emulated" in plot.message for plot in real.plots)


def test_notes_that_differ_in_a_share_alone_are_told_once(tmp_path: Path) -> None:
    busy = "the machine was busy when it began: {}% of its cores with other things"
    for number, share in enumerate((50, 62, 54)):
        write_flat_run(
            tmp_path / str(number), 1000.0, notes=f"not enough steps; {busy}".format(share)
        )
    write_flat_run(tmp_path / "3", 1000.0)
    told = [line for line in method(read_runs(tmp_path)) if line.startswith("Note: ")]
    assert told == ["Note: not enough steps.", f"Note: {busy}.".format("50% to 62")]


def test_usage_is_what_was_sampled_while_training(tmp_path: Path) -> None:
    make_run(tmp_path, Made("multiworker", 2, steps=800, wait_seconds=0.002))
    (row,) = usage_table(grouped(read_runs(tmp_path))).rows
    cells = dict(zip(HEAD, (bar.text for bar in row), strict=True))
    assert cells["configuration"] == "multiworker × 2"
    assert cells["waits for input"] == "31%"
    assert cells["CPU"] == "1.2 of 2 cores"
    assert cells["reads"] == "4 MB/s"
    assert cells["network"] == "2.8 MB/s"
    assert cells["near a limit"] == "input"


def test_only_what_can_be_compared_has_a_bar(tmp_path: Path) -> None:
    make_run(tmp_path / "0", Made("multiworker", 2, steps=800))
    (alone,) = usage_table(grouped(read_runs(tmp_path / "0"))).rows
    assert alone[HEAD.index("network")].share is None
    assert alone[HEAD.index("CPU")].share is not None
    make_run(tmp_path / "1", Made("multiworker", 2, steps=800, step_seconds=0.0128))
    make_run(tmp_path / "2", Made("multiworker", 4, steps=800))
    rows = usage_table(grouped(read_runs(tmp_path))).rows
    assert max(row[HEAD.index("network")].share or 0 for row in rows) == 1


def test_small_rate_is_told_without_an_exponent_and_a_bar() -> None:
    assert bar_of(4.49e-05, "MB/s", most_of([4.49e-05, 0.0])) == Bar("below 0.01 MB/s")
    assert bar_of(0.0, "MB/s", most_of([0.0, 2.0])) == Bar("0 MB/s", 0.0)


def test_average_of_cores_is_not_taken_over_a_diagnosis(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made(steps=60))
    before = cpu_note(tmp_path)
    put_part(folder, "diagnosis", DIAGNOSIS)
    after = cpu_note(tmp_path)
    assert before.endswith("cores on average")
    assert after == ""


def cpu_note(folder: Path) -> str:
    """What stands below the core-seconds of the run in `folder`."""
    (run,) = read_runs(folder)
    return next(figure.note for figure in key_figures(run) if figure.name == "CPU")


def test_plot_of_the_loss_has_the_ends_that_the_summary_tells(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made(steps=200))
    folder.write("summary.json", folder.read("summary.json") | {"loss_first": 7.0, "loss_last": 5})
    (run,) = read_runs(tmp_path)
    plot = loss_of_run(run, timeline(run))
    assert plot is not None
    assert plot.message.startswith("Loss falls from 7 to 5 in ")
    several = loss_of_runs(grouped([run]), "digits_mlp")
    assert several is not None
    assert several.numbers.rows[0][1:3] == ["7", "5"]


def test_a_limit_that_was_not_measured_is_not_named(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made("mirrored", 2, steps=800))
    folder.write("environment.json", {"cores": None})
    (row,) = usage_table(grouped(read_runs(tmp_path))).rows
    assert row[HEAD.index("CPU")].text == "0.6 cores"
    assert row[HEAD.index("CPU")].share is None
    assert row[HEAD.index("near a limit")].text == "none measured"


def test_hosts_have_a_table_and_what_a_run_uses_is_shared_by_all_of_them(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made("multiworker", 2, steps=800))
    assert host_table(read_runs(tmp_path)) is None
    hosts = {
        f"n{number}": {"cores": 8, "memory_bytes": 16e9, "cpu_model": "X", "tasks": [task]}
        for number, task in enumerate(("chief-0", "worker-0"))
    }
    folder.write("environment.json", {"cores": 2, "hosts": hosts})
    folder.write(f"tasks/worker-0/{CLOCK}", {"offset_seconds": 0.0123, "error_seconds": 0.0004})
    table = host_table(read_runs(tmp_path))
    assert table is not None
    assert table.rows[1] == ("n1", "worker-0", "X", "8", "16.0", "none", "+12.30 ± 0.40")
    assert table.rows[0][-1] == "unknown"
    (row,) = usage_table(grouped(read_runs(tmp_path))).rows
    assert row[HEAD.index("CPU")].text == "1.2 of 16 cores"
    page = write_report(tmp_path).read_text()
    assert "The hosts" in page
    assert "+12.30 ± 0.40" in page


def test_gpus_have_a_column_where_a_task_told_of_them(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Made("mirrored", 2, steps=800))
    assert usage_table(grouped(read_runs(tmp_path))).head == HEAD
    path = folder.task_folder("chief-0")
    rows = read_rows(path, RESOURCES).to_pydict()
    count = len(rows["time"])
    told = {"gpu_busy_share": [0.25] * count, "gpu_memory_bytes": [3_000_000_000] * count}
    for old in path.glob("resources*"):
        old.unlink()
    writer = StreamWriter(path, RESOURCES)
    writer.append(rows | told)
    writer.close(parquet=True)
    table = usage_table(grouped(read_runs(tmp_path)))
    (row,) = table.rows
    cell = row[table.head.index("GPUs")]
    assert (cell.text, cell.share) == ("25% busy, 3,000 MB", 0.25)
    assert row[table.head.index("near a limit")].text == "none measured"
    assert "25% busy, 3,000 MB" in write_report(tmp_path).read_text()


def test_runs_that_were_not_sampled_have_no_usage(tmp_path: Path) -> None:
    write_flat_run(tmp_path, 1000.0)
    assert usage_table(grouped(read_runs(tmp_path))).rows == []


def test_equal_failures_are_told_once_with_what_they_took_along(tmp_path: Path) -> None:
    cause = FAILED["cause"] | {
        "type": "ValueError",
        "signal": 9,
        "signal_name": "SIGKILL",
        "consequences": {"chief-0": "lost its peer 0.2 s later"},
    }
    for number in range(14):
        write_flat_run(tmp_path / str(number), 1000.0).write(
            "status.json", {"state": "failed", "cause": cause}
        )
    (told,), more = failures(read_runs(tmp_path))
    assert more == 0
    assert told.runs.startswith("14 runs: 0, 1, 2")
    assert told.runs.endswith("11 and 2 more")
    assert dict(told.facts)["signal"] == "SIGKILL"
    assert told.consequences == [("chief-0", "lost its peer 0.2 s later")]
    assert "step 117 loss inf" in told.log_tail


def test_many_different_failures_are_cut_and_counted(tmp_path: Path) -> None:
    for number in range(20):
        write_flat_run(tmp_path / str(number), 1.0).write(
            "status.json", {"state": "failed", "cause": {"message": f"it was {number}"}}
        )
    told, more = failures(read_runs(tmp_path))
    assert (len(told), more) == (12, 8)


def test_refusals_are_told_by_reason(tmp_path: Path) -> None:
    for number in range(3):
        write_flat_run(tmp_path / str(number), 1.0).write(
            "status.json", {"state": "not_applicable", "reason": "takes 1 only"}
        )
    assert refusals(read_runs(tmp_path)) == [("3 runs: 0, 1, 2", "takes 1 only")]


def test_the_data_within_the_page_is_what_results_loads(tmp_path: Path) -> None:
    make_sweep(tmp_path)
    frame = results.load(tmp_path)
    found = {each.name: each for each in downloads(read_runs(tmp_path))}
    text = {name: content(each.href) for name, each in found.items()}
    as_csv = pd.read_csv(io.StringIO(text["runs.csv"]))
    as_json = pd.read_json(io.StringIO(text["runs.json"]), orient="split")
    for read in (as_csv, as_json):
        assert list(read.columns) == list(frame.columns)
        for column in ("examples_per_second", "workers", "total_seconds"):
            np.testing.assert_allclose(
                read[column].to_numpy(float), frame[column].to_numpy(float), rtol=1e-9
            )


def content(href: str) -> str:
    return base64.b64decode(href.partition(",")[2]).decode("utf-8")


def test_the_table_s_data_survives_an_html_parser(tmp_path: Path) -> None:
    evil = "</script><!--\u2028 & 'quoted' \ud800"
    write_flat_run(tmp_path / "0", 1000.0, strategy="mirrored").write(
        "status.json", {"state": "failed", "reason": evil}
    )
    text = run_table(read_runs(tmp_path), single=False).data()
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["rows"][0][3] == "</script><!-- & 'quoted'"


def test_markdown_has_the_verdict_the_configurations_and_the_causes(tmp_path: Path) -> None:
    write_repeats(tmp_path, {"mirrored": SLOW, "multiworker": FAST})
    evil = "x | <b>bold</b> @someone ![a](http://x)"
    write_flat_run(tmp_path / "99", 1.0, strategy="tpu").write(
        "status.json", {"state": "failed", "cause": {"message": evil}}
    )
    file = write_report(tmp_path, MARKDOWN)
    assert file == tmp_path / "report.md"
    text = file.read_text()
    assert text.startswith("## multiworker × 2 was fastest on digits_mlp, 1,231 examples/s")
    assert "| mirrored × 2 | 6 | 1,000 | " in text
    assert "Run 99 (tpu × 2): x \\| &lt;b&gt;bold&lt;/b&gt; &#64;someone !\\[a\\]" in text
    assert not (tmp_path / "report.html").exists()
    assert not (tmp_path / "plots").exists()


def test_markdown_of_one_run_is_its_row(tmp_path: Path) -> None:
    make_run(tmp_path, Made(steps=60))
    text = write_report(tmp_path, MARKDOWN).read_text()
    assert text.startswith("## multiworker with 2 workers trained digits_mlp at ")
    assert "| multiworker | 2 |" in text


@pytest.mark.ci
def test_plots_can_be_png(tmp_path: Path) -> None:
    make_run(tmp_path, Made(steps=200))
    write_report(tmp_path)
    write_report(tmp_path, plots=PNG)
    files = sorted((tmp_path / "plots").iterdir())
    assert len(files) == 7
    for file in files:
        assert file.suffix == ".png"
        assert file.read_bytes().startswith(b"\x89PNG")


def test_highest_of_marks_that_are_nearly_equal_lies_whole_below_the_end_of_its_axis() -> None:
    axes = Figure().subplots()
    axes.plot([1, 1], [1000, 1001], "o")
    from_zero(axes)
    lowest, highest = axes.get_ylim()
    assert lowest == 0
    assert highest > 1.04 * 1001


def test_a_night_of_many_configurations_stays_a_page(tmp_path: Path) -> None:
    for number in range(400):
        words = (f"pipeline.prefetch={number}",)
        write_flat_run(tmp_path / str(number), 1000.0 + number, overrides=words)
    page = write_report(tmp_path).read_text()
    assert page.count('<th scope="row">') < 400
    assert "370 slower configurations are left out here" in page
    assert len(page) < 1_000_000


def test_a_damaged_journal_is_said_in_the_page(tmp_path: Path) -> None:
    write_flat_run(tmp_path / "0", 1000.0)
    (tmp_path / "sweep.json").write_text("{")
    assert "sweep.json: damaged" in write_report(tmp_path).read_text()


def test_runs_that_wait_are_counted(tmp_path: Path) -> None:
    write_flat_run(tmp_path / "0", 1000.0)
    make_journal(tmp_path, swept_run(0, state="done"), swept_run(1))
    assert "2 runs: 1 done, 1 waiting." in write_report(tmp_path).read_text()


def test_each_start_of_a_task_has_its_phases(tmp_path: Path) -> None:
    """A task that was started again 20 s later: two stretches of training, start-up in between."""
    folder = make_run(tmp_path, Made("mirrored", 2, steps=400))
    place = folder.task_folder("chief-0")
    events = [json.loads(line) for line in (place / "events.jsonl").read_text().splitlines()]
    again = [event | {"time": event["time"] + 20} for event in events]
    lines = [json.dumps(event) for event in [*events, *again]]
    (place / "events.jsonl").write_text("\n".join(lines) + "\n")
    of = timeline(read_runs(tmp_path)[0])
    rows = of.steps["chief-0"]
    twice = {name: np.concatenate([rows[name], rows[name]]) for name in rows}
    twice["start"] = np.concatenate([rows["start"], rows["start"] + 20])
    plot = phases(read_runs(tmp_path)[0], Timeline(of.began, {"chief-0": twice}, {}))
    assert plot is not None
    seconds = dict(zip(plot.numbers.head, plot.numbers.rows[0], strict=True))
    once = float((rows["start"] + rows["seconds"]).max() - rows["start"].min())
    assert float(seconds["training s"]) == pytest.approx(2 * once, abs=0.1)
    assert float(seconds["tracing s"]) == pytest.approx(1.8, abs=0.1)


def test_what_the_journal_notes_is_said_in_the_page(tmp_path: Path) -> None:
    write_flat_run(tmp_path / "0", 1000.0)
    notes = ("gone on with although tensorflow was 2.20",)
    make_journal(tmp_path, swept_run(0, state="done"), reason="the disk was full", notes=notes)
    page = write_report(tmp_path).read_text()
    assert "the disk was full" in page
    assert "gone on with although tensorflow was 2.20" in page
