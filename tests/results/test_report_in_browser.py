"""The report in a real browser: no console error, plots are shown, the phone needs no scrolling."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from results.report import write_report
from tests.results.made_folders import Made, make_run, make_sweep
from tests.results.test_report import make_hostile

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync"
    " --enable-logging=stderr --allow-file-access-from-files --virtual-time-budget=3000"
)

pytestmark = [
    pytest.mark.ci,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

LOOK = """
<script>
addEventListener("load", () => {
  const boxes = [...document.querySelectorAll("figure svg")].map(svg => {
    const box = svg.getBoundingClientRect();
    return [Math.round(box.width), Math.round(box.height), svg.querySelectorAll("path").length];
  });
  document.documentElement.dataset.seen = JSON.stringify({
    boxes, page: document.documentElement.scrollWidth, window: innerWidth,
    alerted: !!window.alerted, texts: document.querySelectorAll("figure svg text").length,
  });
});
window.alert = () => { window.alerted = true; };
</script>
"""


def look(page: Path, tmp_path: Path, width: int = 1200) -> tuple[dict[str, Any], list[str]]:
    """What a browser of `width` sees of `page`, and the errors it complains of."""
    watched = page.with_name("watched.html")
    watched.write_text(page.read_text().replace("</title>", "</title>" + LOOK, 1))
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<body style="margin:0"><iframe id="it" src="{watched.as_uri()}" width="{width}"'
        ' height="2000" style="border:0"></iframe><script>addEventListener("load", () => {'
        'document.documentElement.dataset.inner = document.getElementById("it")'
        ".contentDocument.documentElement.dataset.seen; });</script></body>"
    )
    assert CHROMIUM is not None
    ended = subprocess.run(
        [
            *(CHROMIUM, *FLAGS.split()),
            f"--user-data-dir={tmp_path / 'profile'}",
            *("--dump-dom", "--window-size=1300,2000", frame.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    found = re.search(r'data-inner="(.*?)"', ended.stdout)
    assert found is not None, ended.stdout[:500]
    seen = json.loads(found[1].replace("&quot;", '"'))
    return seen, [line for line in ended.stderr.splitlines() if "CONSOLE" in line]


def test_a_run_and_a_sweep_show_their_plots_without_an_error(tmp_path: Path) -> None:
    make_run(tmp_path / "run", Made(workers=2, steps=800))
    make_sweep(tmp_path / "sweep")
    for name in ("run", "sweep"):
        seen, errors = look(write_report(tmp_path / name), tmp_path)
        assert errors == []
        boxes = seen["boxes"]
        assert len(boxes) == 6
        for width, height, paths in boxes:
            assert width > 400
            assert height > 100
            assert paths > 5


def test_a_phone_shows_the_whole_page_in_its_width(tmp_path: Path) -> None:
    make_sweep(tmp_path / "sweep")
    seen, errors = look(write_report(tmp_path / "sweep"), tmp_path, width=400)
    assert errors == []
    assert seen["page"] <= seen["window"] == 400


def test_hostile_text_runs_nothing_in_a_browser(tmp_path: Path) -> None:
    seen, errors = look(write_report(make_hostile(tmp_path / "sweep")), tmp_path, width=400)
    assert errors == []
    assert seen["alerted"] is False
    assert seen["page"] <= 400
