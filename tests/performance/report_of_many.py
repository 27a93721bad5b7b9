"""What a report over a long night takes: seconds, memory, size, and how fast its table answers.

    python -m tests.performance.report_of_many [--runs 3000 10000] [--repeats 3] [--save]

Makes sweeps of records (one run in 25 failed, one in 25 not applicable, one in 200 with all its
rows), reports on each with the command that a person types, and opens the page in headless
Chromium. Times of sorting and filtering are from the event to the frame that shows its outcome.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.performance.record import save
from tests.results.browser import a_browser, new_page
from tests.results.flat_runs import write_flat_run
from tests.results.made_folders import Made, make_run

_STRATEGIES = ("one_device", "mirrored", "central_storage", "multiworker", "parameter_server")
_CONFIGURATIONS = [
    (strategy, workers, cache, prefetch)
    for strategy in _STRATEGIES
    for workers in (1, 2, 4, 8)
    for cache in ("none", "memory", "disk")
    for prefetch in range(10)
]

_ANSWER = """
async ([selector, act]) => {
  const element = document.querySelector(selector);
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await frame();
  const began = performance.now();
  if (act === "click") element.click();
  else {
    element.value = act;
    element.dispatchEvent(new Event("input"));
  }
  await frame();
  return (performance.now() - began) / 1000;
}
"""
_ACTIONS = {
    "sort by a number": ("#all-runs th:nth-child(4) button", "click"),
    "sort by text": ("#all-runs th:nth-child(2) button", "click"),
    "filter": ("#find", "multiworker failed"),
    "unfilter": ("#find", ""),
}


def make_night(folder: Path, count: int) -> None:
    """`count` runs in rounds over 600 configurations; the first of a kind with all its rows."""
    noise = random.Random(0)
    for number in range(count):
        strategy, workers, cache, prefetch = _CONFIGURATIONS[number % len(_CONFIGURATIONS)]
        words = (f"pipeline.cache={cache}", f"pipeline.prefetch={prefetch}")
        speed = 5000 * workers**0.6 * noise.lognormvariate(0, 0.03)
        path = folder / str(number)
        if number % 200 == 0:
            make_run(path, Made(strategy, workers, overrides=words, started=1.78e9 + 30 * number))
            continue
        run = write_flat_run(
            path,
            speed,
            strategy,
            workers,
            second=30.0 * number,
            overrides=words,
            step_seconds_median=32 * workers / speed,
            wait_share=noise.uniform(0, 0.2),
            seconds_to_first_step=noise.uniform(2, 5),
            core_seconds=noise.uniform(5, 50),
            peak_rss_mb_sum=500.0 * workers,
            quality=noise.uniform(0.95, 0.98),
            quality_name="accuracy",
            batch_total=32 * workers,
            notes="x" * 100,
        )
        state = {3: "failed", 7: "not_applicable"}.get(number % 25, "done")
        if state != "done":
            cause = {"task": "worker-0", "message": f"loss is NaN at step {number % 40}"}
            reason = "takes 1 only" if state == "not_applicable" else None
            run.write("status.json", {"state": state, "reason": reason, "cause": cause})


def report_on(folder: Path) -> dict[str, Any]:
    """Wall seconds, peak memory and size of the page that the command makes."""
    program = (
        "import resource, sys; from results.__main__ import main; main(sys.argv[1:]);"
        "print('tensorflow' in sys.modules,"
        " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", program, "report", f"folder={folder}"],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - began
    tensorflow, kilobytes = ended.stdout.split()[-2:]
    return {
        "seconds": seconds,
        "peak_mb": int(kilobytes) / 1000,
        "page_mb": (folder / "report.html").stat().st_size / 1e6,
        "tensorflow_imported": tensorflow == "True",
    }


def answers_of(page_file: Path) -> dict[str, float]:
    """Seconds that the page's table takes for what a person does with it."""
    with a_browser() as browser:
        page = new_page(browser)
        page.goto(page_file.as_uri())
        found: dict[str, float] = {}
        for name, (selector, act) in _ACTIONS.items():
            found[name] = page.evaluate(_ANSWER, [selector, act])
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, nargs="+", default=[20, 3000, 10000])
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    measured: list[dict[str, Any]] = []
    for count in asked.runs:
        folder = Path(tempfile.mkdtemp(prefix="night-"))
        try:
            make_night(folder, count)
            reports = [report_on(folder) for _ in range(asked.repeats)]
            answers = [answers_of(folder / "report.html") for _ in range(asked.repeats)]
        finally:
            shutil.rmtree(folder)
        slowest = {name: max(each[name] for each in answers) for name in _ACTIONS}
        measured.append({"runs": count, "reports": reports, "slowest_answers": slowest})
        print(f"{count:,} runs:", *reports, slowest, sep="\n  ")
    if asked.save:
        save("report_of_many", {"measured": measured})


if __name__ == "__main__":
    main()
