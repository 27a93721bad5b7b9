"""`python -m benchmarks plan …` and `… cost …`, as a person types them."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.planning.options_in_words import far_sentence
from results.decision_file import plan_in, put_plan
from results.pipeline_file import DIAGNOSIS, put_part
from results.report import write_report
from results.report.plots_of_plan import plan_plot, plan_sentences
from results.run_folder import PLAN, RunFolder
from tests.benchmarks.made_scaling import ACCELERATOR, ring, runs, write
from tests.launcher.command_line import REPOSITORY

MEASURED = {
    "seconds_to_first_step": 9.0,
    "total_seconds": 75.0,
    "examples": 64_000,
    "emulated": "accelerator, network",
}


def of_the_readme(verb: str) -> list[str]:
    text = re.sub(r"\\\n\s*", "", (REPOSITORY / "README.md").read_text(encoding="utf-8"))
    (line,) = re.findall(rf"^python -m benchmarks ({verb} .*)$", text, re.MULTILINE)
    return shlex.split(line)


def folder_of(words: list[str]) -> str:
    return next(word.partition("=")[2] for word in words if word.startswith("folder="))


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the README names, with the runs that it shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    folder = tmp_path / folder_of(of_the_readme("plan"))
    return write(runs(ring, mbit=(1000.0,), **MEASURED), folder)


def test_plan_of_the_readme_is_printed_written_and_drawn(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_part(
        RunFolder(sweep / "0"),
        DIAGNOSIS,
        {
            "verdict": {
                "actions": [
                    {
                        "line": "a larger batch",
                        "predicted_speedup": 9,
                        "overrides": ["batch.total=9"],
                    },
                    {"line": "cache what is parsed", "predicted_speedup": 1.5, "overrides": []},
                ]
            }
        },
    )
    assert main(of_the_readme("plan")) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    words = " ".join(printed.split())
    assert re.match(r"\d+ × g5\.xlarge with multiworker: 100,000,000 examples in [\d.]+ h", words)
    assert "Emulated: accelerator, network." in lines
    assert "Runner-up: 1 × p4d.24xlarge (8 × A100-40GB each), multiworker, 1 worker" in words
    assert "assumed 8 ×, emulated" in words
    assert re.search(r"predicted ± [\d.]+%, emulated", words)
    assert "An hour less (5 h) costs" in words
    assert "cache what is parsed (diagnosed in run 0)" in words
    assert "Unknown, nothing measured or given: c5.large," in words
    assert "v5litepod-8" in words  # unknown too: never guessed
    record = json.loads((sweep / "decision.json").read_text())["plan"]
    assert record["recommendation"]["instance"] == "g5.xlarge"
    assert record["emulated"] == "accelerator, network"
    shared = "Workers of these runs shared this machine's 2 cores; each machine of a plan has its"
    assert shared in words
    assert any(note.startswith(shared) for note in record["notes"])
    gains = {lever["name"]: lever["times_as_fast"] for lever in record["levers"]}
    assert gains["a better input pipeline"] == pytest.approx(1.5, abs=0.01)
    drawn = (sweep / "plots/plan.svg").read_text()
    assert record["headline"].split(":")[0] in drawn
    assert "deadline=6h" in drawn
    plot = plan_plot(record)
    assert plot is not None
    assert len(plot.numbers.rows) <= 9 < len(record["front"])
    assert f"{record['recommendation']['machines']} × g5.xlarge" in {
        row[0] for row in plot.numbers.rows
    }
    page = write_report(sweep).read_text()
    assert '<h2 id="rent">What to rent</h2>' in page
    assert record["headline"] in page
    assert '<figure id="plan">' in page


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        (8, None),
        (
            64,
            "No run had more than 2 workers: what sets in only between 2 and 64 is in no interval; "
            "runs with 8 would tell more.",
        ),
    ],
)
def test_recommendation_far_beyond_the_runs_says_so(workers: int, said: str | None) -> None:
    assert far_sentence({"workers": workers, "most_measured_workers": 2}) == said


def test_report_tells_what_to_know_to_read_a_plan_right() -> None:
    plan = {"headline": "x", "says": ["y"], "answer": None, "notes": ["prices are old"]}
    assert plan_sentences(plan) == ["x", "y", "prices are old"]


def test_damaged_plan_takes_nothing_from_a_report(tmp_path: Path) -> None:
    options = [{"seconds": 1}, {"usd": "much"}, 3]
    plan = {"priced": True, "front": options, "curves": [options, 3], "says": 3, "headline": "x"}
    assert plan_plot(plan) is None
    assert plan_sentences(plan) == ["x"]
    put_plan(tmp_path, plan)
    assert plan_in(tmp_path) == plan
    (tmp_path / "decision.json").write_text("{")
    assert plan_in(tmp_path) == {}


def test_old_price_is_marked_wherever_it_is_used(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"folder={sweep}", "machine=v5litepod-8"]
    assert main(["plan", *words, "examples=1e8", "deadline=3d"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "old price" in printed
    assert "Prices older than a year: v5litepod-8 (2024-12-23)." in printed
    assert main(["cost", *words]) == 0
    assert "older than a year (2024-12-23)" in " ".join(capsys.readouterr().out.split())


def test_a_machine_without_a_spot_price_is_named(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", f"folder={sweep}", "examples=1e8", "machine=g5.xlarge", "spot=true"]
    assert main(words) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Nothing here has a spot price: machine-hours stand for the cost." in printed
    assert main([*words, "speed={p5en.48xlarge: 20}"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Without a spot price, so left out of the choice: g5.xlarge;" in printed


def test_where_nothing_fits_it_says_what_would_have_to_give(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"folder={sweep}", "examples=1e8", "usd_per_hour=1", "per_day=6", "budget=1"]
    assert main(["plan", *words]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.startswith("Nothing is sure to meet per_day=6 and budget=1 for 100,000,000")
    assert re.search(r"budget=1 would have to give, to \$[\d.]+ \([\d.]+ × as much\)", printed)


def test_runs_of_the_readme_cost_what_their_seconds_do(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(of_the_readme("cost")) == 0
    printed = capsys.readouterr().out
    # 75 s at 1.006 USD an hour are 2.1 cents, 9 s of them 0.25; a million examples 15.6 times that
    assert re.search(r"^0 +multiworker +1 +\$0\.021 +\$0\.0025 +– +\$0\.33 +– +–", printed, re.M)
    assert "12 runs: $0.25, without start-up and failures $0.22" in " ".join(printed.split())
    assert "Emulated: accelerator, network." in printed


def test_costs_are_never_cut_and_an_address_is_one_line(
    sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = runs(ring, workers=(8,), repeats=1, strategy="parameter_server", **MEASURED)
    folder = RunFolder(write(servers.assign(run="12"), sweep) / "12")
    tasks = [{"address": f"10.0.0.{host}:2222"} for host in range(10)]
    folder.write(PLAN, {**folder.read(PLAN), "tasks": tasks})
    assert main(["cost", f"folder={sweep}", "machine=g5.xlarge"]) == 0
    printed = capsys.readouterr().out
    row = r"parameter_server +8 +10 +\$0\.21 +\$0\.025 +– +\$3\.27 +– +– *$"
    assert re.search(row, printed, re.MULTILINE)
    (address,) = re.findall(r"^Price of .*$", printed, re.MULTILINE)
    assert address.endswith(".go")
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["cost", f"folder={sweep}", "machine=g5.xlarge"]) == 0
    assert "…" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("plots", "(File exists); move away what is in the way of "),
        ("decision.json/file", "(Is a directory); move away what is in the way of "),
        ("plots/plan.svg/file", "(Is a directory); move away what is in the way of "),
    ],
)
def test_plan_that_cannot_be_written_leaves_nothing_new(
    there: str, said: str, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sweep / there).parent.mkdir(parents=True, exist_ok=True)
    (sweep / there).write_text("a person's own")
    before = sorted(sweep.rglob("*"))
    assert main(["plan", f"folder={sweep}", "examples=1e8"]) == 2
    error = capsys.readouterr().err
    assert said + str(sweep / there.removesuffix("/file")) in error
    assert error.count("\n") == 1
    assert sorted(sweep.rglob("*")) == before


def test_plot_of_an_earlier_plan_does_not_outlast_it(sweep: Path) -> None:
    words = ["plan", f"folder={sweep}", "examples=1e8"]
    assert main([*words, "usd_per_hour=1"]) == 0
    assert (sweep / "plots/plan.svg").exists()
    own = sweep / "own.yaml"
    own.write_text(
        "instances: [{name: this_machine, provider: own, published: 2026-11-25, "
        "on_demand_usd_per_hour: 0}]"
    )
    assert main([*words, f"cost.catalogue={own}"]) == 0
    assert not (sweep / "plots/plan.svg").exists()  # there is no logarithm of nothing


def test_run_whose_plan_cannot_be_read_has_no_cost(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sweep / "0" / PLAN).write_text('{"tasks": 3}')
    assert main(["cost", f"folder={sweep}", "usd_per_hour=1"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "11 runs: " in printed
    assert "1 run without a cost" in printed


@pytest.mark.parametrize("columns", ["0", "1"])
def test_terminal_without_a_width_gets_words_nevertheless(
    columns: str,
    sweep: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["cost", f"folder={sweep}", "usd_per_hour=1"]) == 0
    assert "12 runs: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "examples=1e9"], "folder=: missing"),
        (["plan", "folder=nowhere"], "folder=nowhere: no such folder"),
        (["cost", "folder=nowhere"], "folder=nowhere: no such folder"),
        (["target", "folder=nowhere", "spot=true"], "folder=nowhere: no such folder"),
        (["plan", "folder=.", "examples=1e9", "budget=-1"], "budget=-1: must be more than 0"),
        (["plan", "folder=.", "examples=1e9", "cost.catalogue=no.yaml"], "cost.catalogue=no.yaml"),
        (
            ["plan", "folder=SWEEP", "examples=1e9", "budget=1"],
            "budget=1: no machine that is known",
        ),
        (["plan", "folder=SWEEP", "target=0.9"], "target=0.9: no finished run here trained until"),
        (["plan", "folder=SWEEP", "examples=1", "where=workers == 3"], "where=workers == 3: means"),
        (["cost", "folder=SWEEP"], "machine=this_machine: has no price"),
        (
            ["cost", "folder=SWEEP", "machine=g5.xlarg"],
            "machine=g5.xlarg: no such instance; did you",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    words: list[str], said: str, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.replace("SWEEP", str(sweep)) for word in words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"benchmarks: {said}")
    assert error.count("\n") == 1


def test_runs_of_one_number_of_workers_are_too_few_for_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(runs(ring, workers=(1,), repeats=2), tmp_path)
    assert main(["plan", f"folder={tmp_path}", "examples=1e9"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"benchmarks: folder={tmp_path}: multiworker, digits_mlp was measured")
    assert error.count("\n") == 1


def test_runs_of_two_workloads_are_refused(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = runs(ring, workers=(1, 2), repeats=1).assign(workload="byte_lm")
    write(other, sweep / "other")
    assert main(["plan", f"folder={sweep}", "examples=1e9"]) == 2
    error = capsys.readouterr().err
    assert "runs of several workloads (digits_mlp, byte_lm); give where='workload == " in error


def test_runs_of_two_models_of_one_workload_are_refused(
    sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    larger = runs(ring, workers=(1, 2), mbit=(1000.0,), gradients=(5.6e6,), **MEASURED)
    write(larger, sweep / "other")
    words = ["plan", f"folder={sweep}", "examples=1e9"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert "runs of several models, with gradients of 2,800,000 and 5,600,000 bytes" in error
    choice = re.findall(r"give (where='.*')$", error.strip())
    assert main([*words, *shlex.split(choice[0])]) == 0


@pytest.mark.parametrize("verb", ["scale", "plan"])
def test_runs_that_compute_and_runs_that_emulate_it_are_refused_and_chosen_as_said(
    verb: str, sweep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = runs(ring, workers=(1, 2), mbit=(None,)).assign(**{ACCELERATOR: None})
    write(real, sweep / "real")
    words = [verb, f"folder={sweep}", *(["examples=1e9"] if verb == "plan" else [])]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"benchmarks: folder={sweep}: runs with and without an emulated")
    assert error.count("\n") == 1
    choices = re.findall(r"where='[^']*'", error)
    assert len(choices) == 2
    for choice in choices:
        assert main([*words, *shlex.split(choice)]) == 0


def test_commands_start_without_anything_slow() -> None:
    program = (
        "import sys, benchmarks.commands.plan, benchmarks.commands.cost; "
        "print(*{'pandas', 'scipy', 'matplotlib', 'tensorflow'} & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == []
