"""Rows of the README's table about statistics and reports."""

from collections.abc import Iterator
from typing import Any

import numpy as np


def coverage(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    cells = measured["cells"]
    held = [cell["held"] for cell in cells]
    yield (
        f"95% intervals within a run: {len(cells)} kinds of correlated series, "
        f"{measured['series']:,} of each",
        f"hold the truth in {min(held):.1%} to {max(held):.1%}, wherever one is given",
    )


def comparisons(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    pairs, share = measured["pairs"], measured["slowdown"]
    for row in measured["sets"]:
        name = f"{row['configuration']} ({row['recording'].replace('_', ' ')}, {row['runs']} runs)"
        claims, planted, told = row["false_claims"], row["planted"], row["told"]
        yield (
            f"compared with itself, {measured['draws']:,} times: {name}",
            f"a difference claimed in {claims['paired']:.1%} (pairs), "
            f"{claims['unpaired']:.1%} (unpaired)",
        )
        yield (
            f"a planted {share:.0%} slowdown, {pairs} pairs: {name}",
            f"found in {planted['found']:.0%}; pairs spread {planted['pair_spread']:.1%}, which "
            f"lets {pairs} show {planted['could_show']:.1%}",
        )
        yield (
            f"the smallest difference that {pairs} pairs tell, planted: {name}",
            f"found in {told['same']:.0%} of the same pairs, {told['other']:.0%} of others",
        )


def report_of_many(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for row in measured["measured"]:
        reports = row["reports"]
        yield (
            f"a report over {row['runs']:,} runs, from the command",
            f"median {np.median([each['seconds'] for each in reports]):.1f} s, "
            f"{max(each['peak_mb'] for each in reports):.0f} MB of memory, "
            f"{max(each['page_mb'] for each in reports):.1f} MB of HTML"
            + (", imports TensorFlow" if reports[0]["tensorflow_imported"] else ""),
        )
        yield (
            f"its table of {row['runs']:,} runs sorts and filters, in Chromium",
            f"{max(row['slowest_answers'].values()):.2f} s at most",
        )
