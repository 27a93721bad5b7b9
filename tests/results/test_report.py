"""The report stands alone, tells what matters, and lets nothing hostile through."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from results import RunFolder, UserError
from results.groups import grouped
from results.loading import read_runs
from results.report import write_report
from results.report.drawing import Numbers, bar_label, draw
from results.run_folder import PLAN
from tests.results.made_folders import FAILED, START, Made, make_run, make_sweep
from tests.results.made_journals import make_journal, swept_run

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202eתפוח 😀 \\1 $x_1$ & \x00"


class Elements(HTMLParser):
    """Collects tags and attributes as a browser would meet them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_sweep(tmp_path_factory.mktemp("sweep"))
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    make_run(folder, Made(workers=2, steps=800))
    write_report(folder)
    return folder


def test_a_sweep_s_headline_is_its_fastest_run(sweep: Path) -> None:
    page = (sweep / "report.html").read_text()
    headline = re.search("<h1>(.*?)</h1>", page)
    assert headline is not None
    assert headline[1].startswith("mirrored × 4 was fastest on digits_mlp, 13,6")
    assert "12 runs: 10 done, 1 not applicable, 1 failed." in page
    assert "Each ran once: small differences may be chance." in page


def test_a_sweep_with_repeats_does_not_say_that_each_ran_once(tmp_path: Path) -> None:
    for number, (strategy, seed) in enumerate(
        [("mirrored", 0), ("mirrored", 1), ("multiworker", 0)]
    ):
        make_run(tmp_path / str(number), Made(strategy, seed=seed))
    assert "Each ran once" not in write_report(tmp_path).read_text()


def test_a_run_s_headline_is_what_it_reached(run: Path) -> None:
    page = (run / "report.html").read_text()
    assert re.search(
        r"<h1>multiworker with 2 workers trained digits_mlp at [\d,]+ examples/s"
        r" and reached accuracy 0\.962 after 800 steps\.</h1>",
        page,
    )


@pytest.mark.parametrize(("which", "count"), [("run", 7), ("sweep", 8)])
def test_every_plot_has_a_message_its_numbers_and_a_file(
    which: str, count: int, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(which)
    page = (folder / "report.html").read_text()
    figures = re.findall(r'<figure id="(.*?)">(.*?)</figure>', page, re.DOTALL)
    assert len(figures) == count
    for name, figure in figures:
        caption = re.search(r"<figcaption>(.+?)</figcaption>", figure)
        assert caption is not None
        assert "<table>" in figure
        file = (folder / "plots" / f"{name}.svg").read_text()
        ElementTree.fromstring(file)
        assert "var(--" not in file


@pytest.mark.parametrize("which", ["run", "sweep"])
def test_the_page_needs_nothing_but_itself(which: str, request: pytest.FixtureRequest) -> None:
    page = (request.getfixturevalue(which) / "report.html").read_text()
    elements = Elements(page)
    assert not {"img", "iframe", "object", "embed", "form"} & set(elements.tags)
    for name, value in elements.attributes:
        if name in ("src", "href", "xlink:href"):
            assert value.startswith(("#", "data:")), value
    (policy,) = [value for name, value in elements.attributes if "default-src" in value]
    assert policy.startswith("default-src 'none'")
    ids = [value for name, value in elements.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_failures_show_cause_and_log_tail(sweep: Path) -> None:
    page = (sweep / "report.html").read_text()
    assert "What went wrong" in page
    assert "lower the learning rate" in page
    assert "step 117 loss inf" in page
    assert "strategy=one_device computes once: workers=2 must be 1" in page


def test_goodput_is_a_key_figure_of_a_run_that_went_on_after_a_failure(tmp_path: Path) -> None:
    told = [
        {"started": START - 9, "ended": START - 7, "cause": {}, "restored_step": None},
        {"started": START, "ended": START + 9, "cause": None, "restored_step": None},
    ]
    pages = {}
    for name, status in (("restarted", {"attempts": told}), ("steady", {})):
        make_run(tmp_path / name, Made(), **status)
        write_report(tmp_path / name)
        pages[name] = (tmp_path / name / "report.html").read_text()
    assert "went on after" in pages["restarted"]
    assert "of all time in useful steps" in pages["restarted"]
    assert "goodput" not in pages["steady"]


def test_it_says_what_started_the_tasks(tmp_path: Path) -> None:
    for name in ("local", "slurm"):
        folder = tmp_path / name
        make_run(folder, Made())
        plan = RunFolder(folder).read(PLAN)
        plan["experiment"]["engine"] = {"name": name}
        RunFolder(folder).write(PLAN, plan)
    assert "Tasks were started by engine=slurm." in write_report(tmp_path / "slurm").read_text()
    assert "Tasks were started by engine=local,slurm." in write_report(tmp_path).read_text()


def test_what_was_not_measured_is_absent(tmp_path: Path) -> None:
    RunFolder(tmp_path).write("status.json", {"state": "failed", "reason": "worker-0 died early"})
    page = write_report(tmp_path).read_text()
    assert "worker-0 died early" in page
    assert "<figure" not in page
    assert "None" not in page
    assert "nan" not in page.lower().replace("tenancy", "")


@pytest.mark.ci
def test_a_run_in_every_state_gives_a_page(tmp_path: Path) -> None:
    for place, state in enumerate(["done", "failed", "interrupted", "running", "not_applicable"]):
        make_run(tmp_path / "all" / str(place), Made(steps=30, state=state, reason="because"))
        write_report(tmp_path / "all" / str(place))
    page = write_report(tmp_path / "all").read_text()
    assert 'href="3/report.html"' in page


def test_a_damaged_run_is_a_row_in_a_sweep_and_an_error_alone(tmp_path: Path) -> None:
    make_run(tmp_path / "0", Made(steps=30))
    make_run(tmp_path / "1", Made(steps=30))
    (tmp_path / "1" / "plan.json").write_text("{")
    assert "plan.json: damaged" in write_report(tmp_path).read_text()
    with pytest.raises(UserError, match="damaged"):
        write_report(tmp_path / "1")


def make_hostile(folder: Path) -> Path:
    """A sweep whose every text field is hostile, its runs' names included."""
    for place in range(2):
        varied = (f"pipeline.cache={place}<script>alert(2)</script>",)
        path = folder / f"javascript:alert({place})<img src=x onerror=alert(3)>"
        run = make_run(path, Made(HOSTILE, 1 + place, workload=HOSTILE, steps=60, overrides=varied))
        run.write("environment.json", {HOSTILE: HOSTILE, "long": "x" * 100_000, "cores": 2})
        texts = ("quality_name", "notes", "emulated", "source", "isolation")
        run.write("summary.json", run.read("summary.json") | dict.fromkeys(texts, HOSTILE))
        (path / "report.html").write_text("its own")
    cause = {**FAILED["cause"], "message": HOSTILE, "log_tail": HOSTILE * 2000}
    names = ("task", "kind", "type", "when", "signal_name")
    cause |= dict.fromkeys(names, HOSTILE) | {"consequences": {HOSTILE: HOSTILE * 2000}}
    make_run(folder / "2", Made(steps=60, state="failed", reason=HOSTILE * 999), cause=cause)
    refused = Made(HOSTILE, state="not_applicable", reason="y" * 100_000 + HOSTILE)
    make_run(folder / "3", refused)
    waiting = {"state": HOSTILE, "reason": HOSTILE, "overrides": (f"strategy={HOSTILE}",)}
    make_journal(folder, swept_run(4, **waiting), reason=HOSTILE, notes=(HOSTILE,))
    return folder


@pytest.mark.ci
def test_hostile_text_reaches_the_page_only_escaped(tmp_path: Path) -> None:
    page = write_report(make_hostile(tmp_path)).read_text()
    elements = Elements(page)
    assert elements.tags.count("script") == 2  # the runs' data, and ours
    assert "img" not in elements.tags
    assert not [name for name, _ in elements.attributes if name.startswith("on")]
    assert "\x00" not in page
    assert len(page) < 1_000_000
    for file in (tmp_path / "plots").glob("*.svg"):
        ElementTree.fromstring(file.read_text())


def test_the_same_folder_gives_the_same_plots(run: Path) -> None:
    before = {path.name: path.read_bytes() for path in (run / "plots").iterdir()}
    write_report(run)
    assert before == {path.name: path.read_bytes() for path in (run / "plots").iterdir()}


def test_repeats_are_one_group_and_other_differences_are_named(tmp_path: Path) -> None:
    for place, (seed, cache) in enumerate([(0, "none"), (1, "none"), (0, "memory")]):
        made = Made(steps=30, seed=seed, overrides=(f"pipeline.cache={cache}",))
        make_run(tmp_path / str(place), made)
    groups = grouped(read_runs(tmp_path))
    assert [len(group.runs) for group in groups] == [2, 1]
    assert groups[1].label == "multiworker × 2, pipeline.cache=memory"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("mirrored × 4", ["mirrored × 4"]),
        (
            "parameter_server × 8, mbit_per_second=1000, hidden=600",
            ["parameter_server × 8,", "mbit_per_second=1000, hidden=600"],
        ),
        ("x" * 100, ["x" * 34, "x" * 33 + "…"]),
        ("", [""]),
    ],
)
def test_a_bar_is_named_in_two_lines_at_most(name: str, lines: list[str]) -> None:
    assert bar_label(name).split("\n") == lines


def test_a_message_is_on_top_of_a_plot_s_own_file() -> None:
    plot = draw("x", 200, lambda axes: None, "2 < 3 & so on " * 9, Numbers(["a"], [["1"]]))
    texts = [each.text for each in ElementTree.fromstring(plot.file()).iter() if each.text]
    assert "2 < 3 & so on" in " ".join(texts)
    assert "<title>" not in plot.svg


def test_the_command_says_where_the_report_lies_and_imports_no_tensorflow(run: Path) -> None:
    code = (
        "import sys; from results.__main__ import main; code = main(sys.argv[1:]);"
        "print('tensorflow' in sys.modules, 'matplotlib.pyplot' in sys.modules); sys.exit(code)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, "report", f"folder={run}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert said.stdout == f"report: {run}/report.html\nFalse False\n"
    assert not said.stderr
