"""`python -m results compare …`: which configuration is faster, and how sure that is."""

import re
from collections.abc import Mapping, Sequence

from results.columns import COLUMNS
from results.comparing import (
    THROUGHPUT,
    Comparison,
    basis,
    compare,
    differing,
    differing_revisions,
    percents,
    read_together,
    sentence,
    worse_by,
)
from results.comparing.choosing import Matchup, between_folders, by_key
from results.errors import UserError, nearest
from results.loading import Run
from results.verbs import Verb

_SLOWER = 1
"""The exit code where `fail_if_slower` says so."""


def run(words: Mapping[str, str]) -> int:
    """Print a line a comparison, and what it rests on; returns 1 where `fail_if_slower` is met."""
    limit = _share(words["fail_if_slower"]) if "fail_if_slower" in words else None
    anyway = _yes_or_no("anyway", words.get("anyway", "false"))
    metric = words.get("metric", THROUGHPUT)
    matchups = _matchups(words)
    a = [run for each in matchups for run in each.a]
    b = [run for each in matchups for run in each.b]
    _check_metric(metric, [*a, *b], judged=limit is not None)
    found = read_together(
        [compare(each.a, each.b, metric, each.subject, each.object) for each in matchups]
    )
    if not any(each.found for each in found):
        raise UserError(f"{sentence(found[0])}; give repeat=5 or more to the sweep")
    conditions = _conditions(a, b, anyway)
    for each in found:
        print(sentence(each))
        if each.found is not None:
            print(f"    {basis(each)}")
    for line in [*_correction(found), *conditions]:
        print(line)
    return 0 if limit is None else _judged(found, limit)


def _matchups(words: Mapping[str, str]) -> list[Matchup]:
    folders, key = {"a", "b"} & set(words), {"folder", "by"} & set(words)
    if folders and key:
        raise UserError(f"{min(key)}={words[min(key)]}: give either a and b, or folder and by")
    if folders == {"a", "b"}:
        if "base" in words:
            raise UserError(
                f"base={words['base']}: is for folder and by; with a and b, b is the base"
            )
        return between_folders(words["a"], words["b"], words.get("where"))
    if key == {"folder", "by"}:
        return by_key(words["folder"], words["by"], words.get("base"), words.get("where"))
    given = min(folders | key, default="a")
    missing = {"a": "b", "b": "a", "folder": "by", "by": "folder"}[given]
    if not folders | key:
        raise UserError("a=: missing; give a=… and b=…, or folder=… and by=strategy")
    raise UserError(f"{missing}=: missing; give {VERB.keys[missing]}")


def _check_metric(metric: str, runs: Sequence[Run], judged: bool) -> None:
    values = [run.summary.get(metric) for run in runs]
    numbers = [each for each in values if isinstance(each, int | float)]
    if not numbers:
        names = {
            name
            for run in runs
            for name, value in run.summary.items()
            if isinstance(value, float) and value > 0
        }
        meant = nearest(metric, names)
        hint = f"did you mean {meant}?" if meant else "give one such as examples_per_second"
        raise UserError(f"metric={metric}: no run here has measured it; {hint}")
    if not any(number > 0 for number in numbers):
        raise UserError(f"metric={metric}: is 0 in every run, and has no ratio; give another one")
    if judged and (metric not in COLUMNS or COLUMNS[metric].better is None):
        raise UserError(
            f"metric={metric}: neither more nor less of it is better, so fail_if_slower can't"
            " judge; give one such as examples_per_second or total_seconds"
        )


def _conditions(a: Sequence[Run], b: Sequence[Run], anyway: bool) -> list[str]:
    """Lines on what differs besides the configuration; UserError where that is too much."""
    differences = differing(a, b)
    if differences and not anyway:
        raise UserError(
            f"different environments: {'; '.join(differences)}; that may be all the difference"
            " there is: give anyway=true to compare them nevertheless"
        )
    lines = [f"Different environments: {'; '.join(differences)}."] if differences else []
    busy = [run for run in (*a, *b) if run.place is not None and run.place.busy_share is not None]
    if busy:
        lines.append(f"{len(busy)} of {len(a) + len(b)} runs began on a machine busy otherwise.")
    revisions = differing_revisions(a, b)
    return lines + ([f"Different versions: {'; '.join(revisions)}."] if revisions else [])


def _correction(found: Sequence[Comparison]) -> list[str]:
    many = sum(each.found is not None for each in found)
    if many < 2:
        return []
    return [
        f"{many} comparisons: each interval is as wide as Holm's method asks for, so that all"
        " claims together err in at most 5%."
    ]


def _judged(found: Sequence[Comparison], limit: float) -> int:
    known = [each for each in found if each.found is not None]
    slower = [each for each in known if each.shown and worse_by(each) >= limit]
    blind = [each for each in known if not each.shown and each.smallest_shown > limit]
    for each in slower:
        what = "slower" if each.metric == THROUGHPUT else f"worse in {each.metric}"
        print(f"fail_if_slower: {each.subject} is {percents(worse_by(each))} {what}")
    for each in blind:
        more = each.more_repeats(limit)
        needed = f"{more:,} more of each" if more else "more than 1,000"
        print(
            f"fail_if_slower: {each.subject} has too few repeats to show {percents(limit)};"
            f" {needed} would do"
        )
    return _SLOWER if slower else 0


def _share(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text.strip())
    share = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not 0 < share < 1:
        raise UserError(f"fail_if_slower={text}: give a share such as 5% or 0.05")
    return share


def _yes_or_no(key: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise UserError(f"{key}={text}: give true or false")
    return text.lower() == "true"


VERB = Verb(
    does="which is faster, how sure that is, and what it would take to know",
    keys={
        "a": "a run's or a sweep's folder, whose runs are compared with those of b",
        "b": "a run's or a sweep's folder, to compare a with",
        "folder": "a sweep's folder, whose runs are compared with each other, by a key",
        "by": "the key whose values are compared, all else being equal: by=strategy",
        "base": "the value of that key that the others are compared with; usually the first",
        "metric": "a column to compare; usually examples_per_second",
        "where": "which runs: where='workers == 4'",
        "anyway": "true: compare runs of different machines or versions nevertheless",
        "fail_if_slower": "a share such as 5%: exit code 1 where one is shown to be slower by that",
    },
    needed=(),
    run=run,
)
