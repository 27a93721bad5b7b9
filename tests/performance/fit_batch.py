"""The batch that fit-batch finds against the largest that really runs, and how many runs it took.

python -m tests.performance.fit_batch [--workload byte_lm] [--limit-mb 900] [--save]

The truth comes from bisection with real runs of the same words under the same limit, until the
largest batch that fitted and the smallest that did not are 2% apart.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.batch_fit import fit_batch
from benchmarks.limited_run import run_under
from tests.performance.record import save

_APART_SHARE = 0.02


def main() -> None:
    """Measures, prints, and with --save keeps the figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workload", default="byte_lm")
    parser.add_argument("--limit-mb", type=int, default=900)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    words = {"workload": given.workload}
    found = measured(words, given.limit_mb)
    print(
        f"{given.workload} under {given.limit_mb} MB: found {found['found']} in "
        f"{found['search_runs']} runs, {found['runs']} with what adds room; really runs up to "
        f"{found['largest']} ({found['ratio']:.1%})"
    )
    if given.save:
        conditions = {"workload": given.workload, "limit_mb": given.limit_mb}
        save("fit_batch", conditions | found)


def measured(words: dict[str, str], limit_mb: int) -> dict[str, Any]:
    """Batches per replica, counts of runs, and all of what fit-batch found."""
    with tempfile.TemporaryDirectory() as folder:
        fit = fit_batch(words, limit_mb, Path(folder) / "fit", print)
        largest, bisections = _largest(words, limit_mb, fit.best.batch, Path(folder))
    return {
        "found": fit.best.batch,
        "largest": largest,
        "ratio": fit.best.batch / largest,
        "search_runs": len(fit.trials),
        "runs": len(fit.runs),
        "over_the_limit": sum(not trial.fits for trial in fit.trials),
        "bisection_runs": bisections,
        "fit": fit.record(),
    }


def _largest(words: dict[str, str], limit_mb: int, low: int, folder: Path) -> tuple[int, int]:
    """The largest batch that fits, to within `_APART_SHARE`; and the runs made.

    Args:
      low: a batch that fits.
    """
    runs, high = 0, None
    while high is None or high - low > max(1, _APART_SHARE * low):
        batch = int(low * 1.1) + 1 if high is None else (low + high) // 2
        runs += 1
        ended = run_under(words, batch, limit_mb, folder / f"bisection-{runs}")
        fits = ended.peak_mb is not None and ended.peak_mb <= limit_mb
        print(f"bisection, batch {batch}: {'fits' if fits else 'does not fit'}")
        low, high = (batch, high) if fits else (low, batch)
    return low, runs


if __name__ == "__main__":
    main()
