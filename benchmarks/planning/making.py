"""Makes a plan: from a request and the runs of a folder to the record of what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import Any

from benchmarks.catalogue import Catalogue, catalogue
from benchmarks.own_machine import measured_machine
from benchmarks.planning.candidates import Candidates, Machine, candidates
from benchmarks.planning.deciding import decide
from benchmarks.planning.from_runs import goal_of, remedy_of, start_up_seconds
from benchmarks.planning.goal import Goal
from benchmarks.planning.levers import levers
from benchmarks.planning.record import record_of
from benchmarks.planning.request import Request
from benchmarks.planning.ways import Way, ways_of
from benchmarks.scaling import Fit, fits_of
from results.errors import UserError
from results.loading import Run
from results.text import number


def machines_of(request: Request, today: date) -> tuple[tuple[Machine, ...], tuple[str, ...]]:
    """The machines whose speed is known, the measured one first, and the names of all others.

    Raises UserError for a name that the catalogue hasn't.
    """
    of = catalogue(request.catalogue)
    own = measured_machine(of, request.machine, request.usd_per_hour, today)
    if own.name in request.speed:
        raise UserError(
            f"speed.{own.name}={request.speed[own.name]:g}: is the measured machine, which speeds "
            "are relative to; leave it out"
        )
    known = [Machine(own, 1.0, True, own.usd_per_hour(request.spot))]
    for name, ratio in request.speed.items():
        instance = of.named("speed", name)
        known.append(Machine(instance, ratio, False, instance.usd_per_hour(request.spot)))
    names = [machine.instance.name for machine in known]
    _check_allowed(request, of, names)
    allowed = request.allow or tuple(of.instances)
    return tuple(known), tuple(name for name in allowed if name not in names)


def make_plan(
    request: Request,
    runs: Sequence[Run],
    machines: Sequence[Machine],
    unknown: Sequence[str],
    today: date,
) -> dict[str, Any]:
    """The record of the plan, see `record.record_of`.

    Raises UserError where the runs don't belong together or tell too little.
    """
    import pandas as pd

    goal, notes = goal_of(request, runs)
    fits = fits_of(pd.DataFrame([run.row() for run in runs]))
    _check_one_workload(fits)
    ways, starting = ways_of(fits), start_up_seconds(runs)
    every = candidates(machines, ways, goal, starting)
    chosen_from = _allowed(every, request, machines, ways, goal, starting)
    _check_reached(chosen_from, request)
    return record_of(
        chosen_from,
        decide(chosen_from, request.limits),
        levers(every, median(starting.values()) if starting else 0.0, remedy_of(runs)),
        goal=goal,
        request=request,
        unknown=unknown,
        notes=notes,
        today=today,
    )


def _allowed(
    every: Candidates,
    request: Request,
    machines: Sequence[Machine],
    ways: Sequence[Way],
    goal: Goal,
    starting: dict[str, float],
) -> Candidates:
    if not request.allow:
        return every
    allowed = [machine for machine in machines if machine.instance.name in request.allow]
    return candidates(allowed, ways, goal, starting)


def _check_allowed(request: Request, of: Catalogue, known: Sequence[str]) -> None:
    for name in request.allow:
        if name not in known:
            of.named("allow", name)
    if request.allow and not set(request.allow) & set(known):
        raise UserError(
            f"allow={request.allow[0]}: nothing about it was measured or given; give "
            f"'speed={{{request.allow[0]}: <times as fast as the measured machine>}}'"
        )


def _check_one_workload(fits: Sequence[Fit]) -> None:
    names = list(dict.fromkeys(fit.workload for fit in fits))
    if len(names) > 1:
        raise UserError(
            f"holds runs of several workloads ({', '.join(names)}); give "
            f"where='workload == {names[0]}'"
        )
    for fit in fits:
        sizes = sorted({point.cell.gradient_bytes or 0.0 for point in fit.points})
        if len(sizes) > 1:
            raise UserError(
                f"holds runs of several models, with gradients of "
                f"{' and '.join(map(number, sizes))} bytes; give "
                f"where='gradient_bytes == {sizes[0]:.0f}'"
            )


def _check_reached(of: Candidates, request: Request) -> None:
    if not len(of):
        raise UserError(
            f"target={request.target}: was reached with no batch that a strategy here has; "
            "give examples=1e9, or sweep strategies with until.quality"
        )
    if request.budget is not None and all(each.usd_per_hour is None for each in of.machines):
        raise UserError(
            f"budget={request.budget:g}: no machine that is known here has a price; give "
            "usd_per_hour=0.10 (or machine=…) for the measured one, or 'speed={g5.xlarge: 2}'"
        )
