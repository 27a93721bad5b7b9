"""Time to target: steps, seconds and dollars until held-out quality is reached, over seeds.

Counted as MLPerf Training does (Mattson et al., MLSys 2020): from the first touch of the data to
the end of the evaluation that reaches the target, with evaluations, checkpoints and restarts in it.
No seed is dropped: one that never reached the target makes its cell invalid. How soon a target is
seen depends on how often it is looked for (`evaluate.every_steps`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.cost import cost_usd
from benchmarks.first_touch import first_touch
from benchmarks.own_machine import machines_in
from benchmarks.reaching import evaluations_of, first_reaching, seconds_until
from benchmarks.scaling.reading import check_one_machine, environment_of
from results.errors import UserError
from results.groups import Group, alike
from results.loading import Run
from results.statistics.order_statistics import MedianInterval, fewest_values, median_interval
from results.text import counted, emulated_in_all, one_line

TARGET_KEY = "until.quality"
FEWEST_SEEDS = 2
_ENDED = ("done", "failed", "interrupted")
_SAME = (
    ("different targets", (TARGET_KEY,)),
    ("different workloads", ("workload", "workload.name")),
    ("different data", ("source", "source.name")),
)
_OVERLAPPING = "coordinator"
_LONGEST = 60


@dataclass(frozen=True)
class Seed:
    """One run of a cell. None is what it did not reach or measure."""

    run: str
    seed: int
    state: str
    steps: float | None
    """Updates until the target; of workers that don't wait for each other, each one's counts."""
    examples: float | None
    seconds: float | None
    """From the first touch of the data to the end of the evaluation that reached the target."""
    start_up_seconds: float | None
    """From the start of the tasks to the first touch; not in `seconds`."""
    usd: float | None
    """From the start of the tasks, start-up included: that is what is billed."""
    best_quality: float | None
    examples_per_second: float | None

    @property
    def reached(self) -> bool:
        """Whether an evaluation was good enough."""
        return self.steps is not None


@dataclass(frozen=True)
class TargetCell:
    """Runs that differ in nothing but the seed."""

    label: str
    strategy: str
    workers: int
    overlapping: bool
    """Whether its workers don't wait for each other."""
    batch_per_update: float | None
    """Examples of one step: of all replicas, or of one worker where they overlap."""
    every_steps: int | None
    emulated: str | None
    seeds: tuple[Seed, ...]

    @property
    def valid(self) -> bool:
        """Whether every seed reached the target."""
        return all(seed.reached for seed in self.seeds)

    def over_seeds(self, field: str) -> MedianInterval | None:
        """The median of a field of `Seed`; None in an invalid cell, or where a seed lacks it."""
        values = [getattr(seed, field) for seed in self.seeds]
        if not self.valid or any(value is None for value in values):
            return None
        return median_interval(values)


@dataclass(frozen=True)
class ToTarget:
    """A comparison of cells that go for the same quality of the same workload."""

    workload: str
    quality: float
    quality_name: str
    direction: str
    cells: tuple[TargetCell, ...]
    left_out: tuple[str, ...]
    """Why runs are in no cell, a sentence each."""


def to_target(runs: Sequence[Run], usd_per_hour: float | None = None) -> ToTarget:
    """The cells of these runs.

    Raises UserError where runs have no target, or different ones, or differ in their workload
    or machine, where a seed is there twice, and where no cell has two seeds.
    """
    ended = [run for run in runs if run.state in _ENDED]
    if not ended:
        raise UserError(f"{counted(len(runs), 'run')} and none has ended; wait, or give another")
    for run in ended:
        if run.configuration.get(TARGET_KEY) is None:
            raise UserError(
                f"run {run.name} has no {TARGET_KEY}; train all with one, such as "
                f"{TARGET_KEY}=0.95, or choose runs: where='{TARGET_KEY} > 0'"
            )
    for what, keys in _SAME:
        _check_same(ended, what, keys)
    rows = [run.row() for run in ended]
    check_one_machine(rows, [environment_of(row) for row in rows])
    groups = alike(ended)
    enough = [group for group in groups if len(group.runs) >= FEWEST_SEEDS]
    if not enough:
        raise UserError(
            f"no configuration has 2 seeds ({groups[0].label} has 1), and an interval needs at "
            f"least 2, one of 95% {fewest_values()}; sweep over them: -m seed=0,1,2,3,4,5"
        )
    quality = float(ended[0].configuration[TARGET_KEY])
    evaluations = [each for run in ended for each in evaluations_of(run)]
    told = evaluations[0] if evaluations else {}
    direction = str(told.get("quality_direction") or "higher")
    return ToTarget(
        workload=one_line(ended[0].value("workload"), _LONGEST),
        quality=quality,
        quality_name=one_line(told.get("quality_name") or "quality", _LONGEST),
        direction=direction,
        cells=tuple(_cell(group, quality, direction, usd_per_hour) for group in enough),
        left_out=tuple(_left_out(runs, groups)),
    )


def _check_same(runs: Sequence[Run], what: str, keys: Sequence[str]) -> None:
    values: dict[str, Run] = {}
    for run in runs:
        found = next((run.configuration[k] for k in keys if run.configuration.get(k)), None)
        values.setdefault(one_line(found, _LONGEST), run)
    if len(values) > 1:
        (one, first), (other, second) = list(values.items())[:2]
        raise UserError(
            f"{what} in one comparison, {keys[0]}: {one} in run {first.name} and {other} in run "
            f"{second.name}; choose one: where='{keys[0]} == {one}'"
        )


def _left_out(runs: Sequence[Run], groups: Sequence[Group]) -> list[str]:
    states = Counter(run.state for run in runs if run.state not in _ENDED)
    alone = [group.label for group in groups if len(group.runs) < FEWEST_SEEDS]
    return [
        *(f"{counted(count, 'run')} left out: {state}." for state, count in states.items()),
        *(f"{label} left out: 1 seed, and an interval needs 2." for label in alone),
    ]


def _cell(group: Group, quality: float, direction: str, usd_per_hour: float | None) -> TargetCell:
    first = group.runs[0]
    seeds = [_seed(run, quality, direction, usd_per_hour) for run in group.runs]
    twice = [seed for seed, count in Counter(each.seed for each in seeds).items() if count > 1]
    if twice:
        raise UserError(
            f"seed={twice[0]} is there more than once for {group.label}; an interval over seeds "
            "takes each once: choose with where='repeat == 0', or another seed for each run"
        )
    overlapping = first.configuration.get("strategy.loop") == _OVERLAPPING
    every = _number(first.configuration.get("evaluate.every_steps"))
    return TargetCell(
        label=group.label,
        strategy=group.strategy,
        workers=group.workers,
        overlapping=overlapping,
        batch_per_update=_number(
            first.value("batch_per_replica" if overlapping else "batch_total")
        ),
        every_steps=None if every is None else int(every),
        emulated=emulated_in_all(run.summary.get("emulated") for run in group.runs),
        seeds=tuple(sorted(seeds, key=lambda seed: seed.seed)),
    )


def _seed(run: Run, quality: float, direction: str, usd_per_hour: float | None) -> Seed:
    evaluations = evaluations_of(run)
    reached = first_reaching(evaluations, quality)
    touched = first_touch(run.folder.events(task) for task in run.folder.tasks())
    started = _number(run.status.get("tasks_started"))
    billed = None if usd_per_hour is None else seconds_until(run, quality)
    best = min if direction == "lower" else max
    return Seed(
        run=run.name,
        seed=int(_number(run.value("seed")) or 0),
        state=run.state,
        steps=None if reached is None else float(reached["step"]),
        examples=None if reached is None else _examples(run, float(reached["step"])),
        seconds=None if reached is None or touched is None else float(reached["time"]) - touched,
        start_up_seconds=None if touched is None or started is None else touched - started,
        usd=(
            None
            if billed is None or usd_per_hour is None
            else float(cost_usd(usd_per_hour, billed, machines_in(run)))
        ),
        best_quality=best((float(each["quality"]) for each in evaluations), default=None),
        examples_per_second=_number(run.value("examples_per_second")),
    )


def _examples(run: Run, steps: float) -> float | None:
    of, trained = _number(run.value("examples")), _number(run.value("steps"))
    return steps * of / trained if of and trained else None


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return float(value) if known else None
