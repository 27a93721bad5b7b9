"""The report in a real browser: it shows, sorts, filters, and runs nothing that a run wrote."""

import csv
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import results
from results.report import write_report
from tests.results.browser import CHROMIUM, a_browser, new_page
from tests.results.flat_runs import write_flat_run
from tests.results.made_folders import Made, make_run, make_sweep
from tests.results.test_report import make_hostile

pytestmark = [
    pytest.mark.ci,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

MANY = 60


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    make_run(folder, Made(workers=2, steps=800))
    return write_report(folder)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(make_sweep(tmp_path_factory.mktemp("sweep")))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(make_hostile(tmp_path_factory.mktemp("hostile")))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        strategy = ("mirrored", "multiworker")[number % 2]
        write_flat_run(folder / str(number), 1000.0 + 7 * (number * 37 % MANY), strategy)
    return write_report(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = new_page(browser)
    yield made
    made.close()


class Watched:
    """What a page did besides showing itself."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        self.asked_for: list[str] = []
        self.refused: dict[str, str | None] = {}
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self._popped_up(dialog))
        page.on("request", lambda request: self.asked_for.append(request.url))
        page.on("requestfailed", lambda of: self.refused.update({of.url: of.failure}))

    def _popped_up(self, dialog) -> None:  # type: ignore[no-untyped-def]
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def names(page: Page) -> list[str]:
    return page.locator("#all-runs tbody th").all_inner_texts()


@pytest.mark.parametrize(("which", "plots"), [("run", 7), ("sweep", 8)])
def test_every_plot_shows_and_nothing_complains(
    page: Page, which: str, plots: int, request: pytest.FixtureRequest
) -> None:
    watched = Watched(page)
    file: Path = request.getfixturevalue(which)
    page.goto(file.as_uri())
    boxes = [each.bounding_box() for each in page.locator("figure svg").all()]
    assert len(boxes) == plots
    assert all(box and box["width"] > 400 and box["height"] > 80 for box in boxes)
    assert watched.complaints == []
    asked_for = [url for url in watched.asked_for if not url.startswith("data:")]
    assert asked_for == [file.as_uri()]


@pytest.mark.parametrize("which", ["run", "sweep", "hostile", "many"])
def test_a_phone_shows_the_whole_page_in_its_width(
    page: Page, which: str, request: pytest.FixtureRequest
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(request.getfixturevalue(which).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_laptop_shows_all_columns_of_the_runs_their_state_first(page: Page, sweep: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(sweep.as_uri())
    widths = "e => [e.scrollWidth, e.clientWidth]"
    needed, there = page.locator(".scroll:has(#all-runs)").evaluate(widths)
    assert needed == there
    heads = page.locator("#all-runs thead th").all_inner_texts()
    assert [head.split()[0] for head in heads[:3]] == ["run", "state", "strategy"]
    states = page.locator("#all-runs td:nth-child(2) .state").all_inner_texts()
    assert (len(states), "not applicable" in states) == (12, True)


def test_hostile_text_is_shown_and_runs_nothing(page: Page, hostile: Path) -> None:
    watched = Watched(page)
    page.goto(hostile.as_uri())
    page.locator("#all-runs th button").first.click()
    page.locator("#find").fill("<script>")
    page.wait_for_timeout(300)
    assert watched.complaints == []
    assert page.locator("img, iframe, object, form").count() == 0
    assert page.locator("script").count() == 2
    assert "<script>alert(1)</script>" in page.locator("#all-runs").inner_text()
    assert len(names(page)) == 5


def test_the_policy_of_the_page_stops_what_would_slip_through(
    page: Page, sweep: Path, tmp_path: Path
) -> None:
    """Escaping failed, for once: the browser still refuses to run it or to ask for anything."""
    pierced = tmp_path / "pierced.html"
    evil = "<script>document.title='ran'</script><img src='http://x.invalid/' onerror='alert(1)'>"
    pierced.write_text(sweep.read_text().replace("<main>", f"<main>{evil}", 1))
    watched = Watched(page)
    page.goto(pierced.as_uri())
    page.wait_for_timeout(200)
    assert page.title() != "ran"
    assert not [each for each in watched.complaints if each.startswith("dialog")]
    assert watched.refused == {"http://x.invalid/": "csp"}


def test_the_table_sorts_by_its_heads_numbers_from_the_largest(page: Page, many: Path) -> None:
    page.goto(many.as_uri())
    frame = results.load(many.parent)
    assert names(page) == [str(number) for number in range(25)]
    head = page.locator("#all-runs thead th").nth(4)
    assert head.inner_text().startswith("examples / s")
    head.locator("button").click()
    by_speed = frame.sort_values("examples_per_second", kind="stable")["run"].to_list()
    assert names(page) == by_speed[::-1][:25]
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").press("Enter")
    assert names(page) == by_speed[:25]
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert names(page) == [str(number) for number in range(25)]
    assert head.get_attribute("aria-sort") is None


def test_the_table_finds_what_is_typed_and_chosen_and_turns_pages(page: Page, many: Path) -> None:
    page.goto(many.as_uri())
    said = page.locator("#said")
    assert said.inner_text() == "Runs 1 to 25 of 60"
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    assert names(page) == [str(number) for number in range(50, 60)]
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_label("strategy").select_option("mirrored")
    assert said.inner_text() == "Runs 1 to 25 of 30 found, of 60"
    assert names(page) == [str(number) for number in range(0, 50, 2)]
    page.get_by_label("find").fill("no such thing")
    assert said.inner_text() == "No run of 60 is like that"
    assert names(page) == []


def test_without_scripts_the_first_runs_are_there(browser: Browser, many: Path) -> None:
    page = new_page(browser, scripts=False)
    page.goto(many.as_uri())
    assert names(page) == [str(number) for number in range(25)]
    assert page.locator("#controls").is_hidden()
    assert "The first 25 of 60 runs" in page.locator("noscript").inner_text()
    page.close()


def test_the_page_s_csv_is_what_results_loads(page: Page, many: Path, tmp_path: Path) -> None:
    page.goto(many.as_uri())
    with page.expect_download() as waited:
        page.get_by_role("link", name="runs.csv").click()
    file = tmp_path / "got.csv"
    waited.value.save_as(file)
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    frame = results.load(many.parent)
    assert [row["run"] for row in rows] == frame["run"].to_list()
    assert [float(row["examples_per_second"]) for row in rows] == frame[
        "examples_per_second"
    ].to_list()


def test_a_screen_reader_hears_each_plot_s_message_and_finds_its_numbers(
    page: Page, sweep: Path
) -> None:
    page.goto(sweep.as_uri())
    for figure in page.locator("figure").all():
        message = figure.locator("figcaption").inner_text()
        assert figure.get_by_role("img").get_attribute("aria-label") == message
        figure.locator("summary").click()
        assert figure.get_by_role("table").is_visible()
        assert figure.get_by_role("columnheader").count() >= 2
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(b - a for a, b in pairwise(levels)) == 1
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_ground_in_light_and_dark(
    browser: Browser, sweep: Path, dark: bool
) -> None:
    """WCAG 2 asks for a contrast of at least 4.5."""
    page = new_page(browser, dark=dark)
    page.goto(sweep.as_uri())
    ground = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
    for selector in ("h1", ".sub", "#all-runs td", "figcaption", ".facts dt", ".data a"):
        colour = page.locator(selector).first.evaluate("e => getComputedStyle(e).color")
        assert contrast(colour, ground) >= 4.5, (selector, colour, ground)
    assert luminance(ground) < 0.05 if dark else luminance(ground) > 0.9
    page.close()


def test_on_paper_every_run_is_there_and_nothing_to_click(page: Page, many: Path) -> None:
    page.goto(many.as_uri())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(names(page)) == MANY
    for selector in ("#controls", "#pager", ".data"):
        assert page.locator(selector).is_hidden()
    page.emulate_media(media="screen")


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
