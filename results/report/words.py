"""The sentences of a report: what a person reads first."""

from collections.abc import Mapping, Sequence

from results.comparing import Comparison, percents, sentence
from results.groups import Group
from results.loading import Run
from results.report.ranking import Ranked
from results.text import counted, emulated_in_all, fixed, number, one_line, percent

_MOST_HEADLINES = 3
_WORTH_A_WORD = 0.1
"""Of a step: less waiting for input than that explains nothing."""

STATE_WORDS = {
    "done": "done",
    "failed": "failed",
    "not_applicable": "not applicable",
    "interrupted": "interrupted",
    "running": "not finished",
    "waiting": "waiting",
    "unreadable": "unreadable",
    "unknown": "of unknown state",
}


def headline_of_run(run: Run) -> str:
    """What ran, how fast, what it reached; or why not."""
    workers = run.value("workers")
    strategy = one_line(run.value("strategy") or "An unknown strategy", 60)
    workload = one_line(run.value("workload") or "an unknown workload", 80)
    who = strategy + (f" with {counted(int(workers), 'worker')}" if workers else "")
    if run.state != "done":
        why = f": {one_line(run.reason, 300)}" if run.reason else ""
        return f"{who} on {workload} is {STATE_WORDS.get(run.state, run.state)}{why}".replace(
            "is failed", "failed"
        )
    rate = run.value("examples_per_second")
    how_fast = f" at {number(rate)} examples/s" if rate is not None else ""
    return f"{who} trained {workload}{how_fast}{_reached(run)}{_emulated([run])}."


def headline_of_sweep(runs: Sequence[Run], rankings: Mapping[str, Sequence[Ranked]]) -> str:
    """The fastest of each workload, and whether that is sure; else how the runs ended."""
    sentences = []
    for workload, ranking in list(rankings.items())[:_MOST_HEADLINES]:
        best, on = ranking[0], one_line(workload, 80)
        who = one_line(best.group.label, 80)
        what = f"{number(best.speed)} examples/s{_against_one_device(ranking)}"
        first = (
            f"None is shown to be the fastest on {on}; {who} came first with {what}"
            if _level_with_the_first(ranking)
            else f"{who} was fastest on {on}, {what}"
        )
        reached = _reached(best.group.runs[0])
        sentences.append(f"{first}{reached}{_emulated(best.group.runs)}.")
    return " ".join(sentences) or counts(runs)


def points_of_sweep(runs: Sequence[Run], rankings: Mapping[str, Sequence[Ranked]]) -> list[str]:
    """What to take from a sweep, a sentence each: how sure the fastest is, what scaling gave, what
    it waited for, what failed."""
    found = []
    for workload, ranking in list(rankings.items())[:_MOST_HEADLINES]:
        of = f" on {one_line(workload, 40)}" if len(rankings) > 1 else ""
        found += [
            f"{sentence}{of}."
            for sentence in (_certainty(ranking), _scaling(ranking), _waiting(ranking))
            if sentence
        ]
    busy = [run for run in runs if run.place is not None and run.place.busy_share is not None]
    if busy:
        found.append(f"{counted(len(busy), 'run')} began while the machine was busy otherwise.")
    failed = [run for run in runs if run.state == "failed"]
    if failed:
        found.append(f"{counted(len(failed), 'run')} failed: the causes are below.")
    return found


def _certainty(ranking: Sequence[Ranked]) -> str:
    """How the fastest stands against the next ones."""
    known = _known(ranking)
    if not known:
        return ""
    level = _level_with_the_first(ranking)
    if level:
        names = " and ".join(one_line(each.object, 60) for each in level[:2])
        more = f" and {len(level) - 2} more" if len(level) > 2 else ""
        smallest = percents(max(each.smallest_shown for each in level))
        return (
            f"No difference between it and {names}{more} is shown; "
            f"these repeats would have shown one of {smallest}"
        )
    return sentence(known[0])


def _known(ranking: Sequence[Ranked]) -> list[Comparison]:
    """Comparisons of the first with the others, as far as their repeats allow any."""
    against = [each.fastest_against_it for each in ranking[1:]]
    return [each for each in against if each is not None and each.found is not None]


def _level_with_the_first(ranking: Sequence[Ranked]) -> list[Comparison]:
    return [each for each in _known(ranking) if not each.shown]


def _scaling(ranking: Sequence[Ranked]) -> str:
    best = ranking[0]
    if best.efficiency is None or best.group.workers == 1:
        return ""
    times = fixed(best.efficiency * best.group.workers, 2)
    return (
        f"{counted(best.group.workers, 'worker')} of {one_line(best.group.series, 60)} give"
        f" {times} × the throughput of 1, {percent(best.efficiency)} of what perfect scaling would"
    )


def _waiting(ranking: Sequence[Ranked]) -> str:
    share = ranking[0].group.median("wait_share")
    if share is None or share < _WORTH_A_WORD:
        return ""
    return f"It waited for input {percent(share)} of a step"


def counts(runs: Sequence[Run]) -> str:
    """How many runs there are of each state."""
    states = [STATE_WORDS.get(run.state, run.state) for run in runs]
    each = {state: states.count(state) for state in dict.fromkeys(states)}
    if set(each) == {"done"}:
        return f"All {len(runs)} runs are done." if len(runs) > 1 else "The run is done."
    told = ", ".join(f"{count} {state}" for state, count in each.items())
    return f"{counted(len(runs), 'run')}: {told}."


def repeats(groups: Sequence[Group]) -> str:
    """What to make of differences, where nothing was run twice; else nothing."""
    if len(groups) < 2 or any(len(group.runs) > 1 for group in groups):
        return ""
    return " Each ran once: small differences may be chance."


def _against_one_device(ranking: Sequence[Ranked]) -> str:
    best = ranking[0]
    alone = [each for each in ranking if each.group.strategy == "one_device"]
    if best.group.strategy == "one_device" or not alone:
        return ""
    return f" ({fixed(best.speed / alone[0].speed, 2)} × one device)"


def _emulated(runs: Sequence[Run]) -> str:
    """What of these runs was emulated, in brackets."""
    named = emulated_in_all(run.value("emulated") for run in runs)
    return f" (emulated: {one_line(named, 120)})" if named else ""


def _reached(run: Run) -> str:
    quality, steps = run.value("quality"), run.value("quality_step")
    if quality is None:
        return ""
    name = one_line(run.value("quality_name") or "held-out quality", 40)
    after = f" after {number(steps)} steps" if steps is not None else ""
    return f" and reached {name} {fixed(quality, 3)}{after}"
