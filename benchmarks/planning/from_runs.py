"""What a folder of runs tells the planner besides throughput: start-up, the target, the input."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchmarks.planning.goal import Examples, Goal, Target, target
from benchmarks.planning.levers import Remedy
from benchmarks.planning.request import Request
from benchmarks.reaching import attained, evaluations_of, first_reaching
from results.errors import UserError
from results.loading import Run
from results.pipeline_file import DIAGNOSIS, number_in, part_if_readable, record_in, records_in
from results.text import counted, one_line

_START_UP = "seconds_to_first_step"
_LONGEST_LINE = 160
_MOST_NAMES = 6


def start_up_seconds(runs: Iterable[Run]) -> dict[str, float]:
    """The median time to the first step, by strategy."""
    found: dict[str, list[float]] = {}
    for run in runs:
        seconds = run.summary.get(_START_UP)
        if run.state == "done" and isinstance(seconds, int | float):
            found.setdefault(str(run.value("strategy")), []).append(float(seconds))
    return {strategy: median(of) for strategy, of in found.items()}


def evaluating_seconds(run: Run, quality: float) -> float:
    """What its evaluations took until one reached `quality`; of all where none did."""
    evaluations = evaluations_of(run)
    reached = first_reaching(evaluations, quality)
    until = len(evaluations) if reached is None else evaluations.index(reached) + 1
    return sum(number_in(each, "seconds") or 0.0 for each in evaluations[:until])


def goal_of(request: Request, runs: Sequence[Run]) -> tuple[Goal, tuple[str, ...]]:
    """The goal, and what to know about it. Raises UserError where no run tells of a target."""
    if request.examples is not None:
        return Examples(request.examples), ()
    wanted = request.target or 0.0
    tried = attained(runs, wanted)
    found = target(wanted, tried, {run.name: evaluating_seconds(run, wanted) for run in runs})
    if not found.seeds:
        raise UserError(f"target={wanted:g}: {_why_none(found, len(tried), wanted)}")
    return found, _target_notes(found)


def remedy_of(runs: Iterable[Run]) -> Remedy | None:
    """The change of an input pipeline that diagnoses say gains most; None where there is none."""
    best: Remedy | None = None
    for run in runs:
        verdict = record_in(part_if_readable(run.folder, DIAGNOSIS) or {}, "verdict")
        for action in records_in(verdict, "actions"):
            gain = number_in(action, "predicted_speedup")
            if gain is None or not gain > 1 or _changes_batch(action):
                continue
            if best is None or gain > best.times_as_fast:
                line = one_line(action.get("line") or action.get("name"), _LONGEST_LINE)
                best = Remedy(f"{line} (diagnosed in run {run.name})", gain)
    return best


def _changes_batch(action: Mapping[str, object]) -> bool:
    """Whether it is no change of the input: another batch takes other steps to learn as much."""
    overrides = action.get("overrides")
    words = overrides if isinstance(overrides, list) else []
    return any(str(word).startswith("batch.") for word in words)


def _why_none(found: Target, tried: int, wanted: float) -> str:
    if not tried:
        return (
            f"no finished run here trained until it; give runs with until.quality={wanted:g} "
            "(several seeds), or examples=1e9"
        )
    return (
        f"{_listed(found.failed)} ended before it, which makes every cell invalid; give runs more "
        "steps, or a lower target"
    )


def _target_notes(found: Target) -> tuple[str, ...]:
    few = [of for of in found.seeds.values() if len(of) < 3]
    notes = []
    if few:
        notes.append(
            f"{counted(len(few), 'cell')} of the target with fewer than 3 seeds: how much seeds "
            "differ is little known there."
        )
    if any(len(of) == 1 for of in few):
        notes.append("What rests on a single seed has no interval.")
    if found.failed:
        notes.append(
            f"Never reached the target, so their cells count for nothing: {_listed(found.failed)}."
        )
    notes.append("Evaluations are counted as they were measured; checkpoints are not counted.")
    return tuple(notes)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return f"run {shown}" if len(names) == 1 else f"runs {shown}"
