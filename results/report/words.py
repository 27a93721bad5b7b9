"""The sentences of a report: what a person reads first."""

from collections.abc import Sequence

from results.groups import Group
from results.loading import Run
from results.text import counted, fixed, number, one_line

STATE_WORDS = {
    "done": "done",
    "failed": "failed",
    "not_applicable": "not applicable",
    "interrupted": "interrupted",
    "running": "not finished",
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
    return f"{who} trained {workload}{how_fast}{_reached(run)}."


def headline_of_sweep(runs: Sequence[Run], groups: Sequence[Group]) -> str:
    """The fastest of each workload; where nothing was measured, how the runs ended."""
    sentences = []
    workloads = list(dict.fromkeys(group.workload for group in groups))
    for workload in workloads:
        measured = [
            group
            for group in groups
            if group.workload == workload and group.median("examples_per_second") is not None
        ]
        if not measured:
            continue
        best = max(measured, key=lambda group: group.median("examples_per_second") or 0)
        rate = number(best.median("examples_per_second"))
        compared = _against_one_device(best, measured)
        sentences.append(
            f"{one_line(best.label, 80)} was fastest on {one_line(workload, 80)},"
            f" {rate} examples/s{compared}{_reached(best.runs[0])}."
        )
    return " ".join(sentences[:3]) or counts(runs)


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


def _against_one_device(best: Group, measured: Sequence[Group]) -> str:
    alone = [group for group in measured if group.strategy == "one_device"]
    rate = best.median("examples_per_second")
    base = alone[0].median("examples_per_second") if alone else None
    if best.strategy == "one_device" or not base or rate is None:
        return ""
    return f" ({fixed(rate / base, 2)} × one device)"


def _reached(run: Run) -> str:
    quality, steps = run.value("quality"), run.value("quality_step")
    if quality is None:
        return ""
    name = one_line(run.value("quality_name") or "held-out quality", 40)
    after = f" after {number(steps)} steps" if steps is not None else ""
    return f" and reached {name} {fixed(quality, 3)}{after}"
