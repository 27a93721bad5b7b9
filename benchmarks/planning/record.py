"""A plan as the record that `decision.json` holds: all that is printed and drawn."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from benchmarks.catalogue import Instance
from benchmarks.cost import in_usd
from benchmarks.planning.candidates import Candidates
from benchmarks.planning.deciding import Decision, curves
from benchmarks.planning.goal import Goal
from benchmarks.planning.levers import Lever
from benchmarks.planning.options_in_words import Option, answer, far_sentence, option_sentence
from benchmarks.planning.request import Request
from benchmarks.planning.wording import (
    fallback_sentences,
    headline,
    known_by,
    loosening_sentence,
    price_sentence,
)
from results.text import counted, emulated_in_all, number


def record_of(
    of: Candidates,
    decision: Decision,
    found: Sequence[Lever],
    *,
    goal: Goal,
    request: Request,
    unknown: Sequence[str],
    notes: Sequence[str],
    today: date,
) -> dict[str, Any]:
    """Goal, limits, recommendation, runner-up, Pareto front, sentences and levers.

    `curves` are what nothing beats among the counts of one machine, a list for each machine.

    Args:
      unknown: instances about which nothing was measured or given.
      notes: what to know to read the figures right.
    """
    option = _Options(of, today)
    best, runner_up = option.record(decision.best), option.record(decision.runner_up)
    told = [asdict(lever) for lever in found]
    says = _chosen(best, runner_up, decision, request)
    says += [price_sentence(of, decision, price, request) for price in decision.prices]
    says += [loosening_sentence(of, each, request) for each in decision.loosenings]
    if decision.best is None:
        says += fallback_sentences(of, decision)
    return {
        "goal": goal.words,
        "headline": headline(of, decision, request, goal.words),
        "seconds_limit": request.seconds,
        "seconds_limit_said": request.said or None,
        "budget_usd": request.budget,
        "per_day": request.per_day,
        "priced": decision.priced,
        "emulated": emulated_in_all(way.emulated for way in of.ways),
        "recommendation": best,
        "runner_up": runner_up,
        "front": [option.record(place) for place in decision.front],
        "curves": [[option.record(place) for place in curve] for curve in curves(of)],
        "says": says,
        "levers": told,
        "answer": answer(told),
        "candidates": len(of),
        "unknown": list(unknown),
        "notes": [*notes, *_price_notes(of, decision, request.spot, today), *_ways_notes(of)],
    }


def _chosen(
    best: Option | None, runner_up: Option | None, decision: Decision, request: Request
) -> list[str]:
    if best is None:
        return []
    says = [option_sentence("Recommendation", best)]
    if (far := far_sentence(best)) is not None:
        says.append(far)
    if runner_up is not None:
        says.append(option_sentence("Runner-up", runner_up))
    if request.per_day is not None and decision.priced:
        daily = in_usd(request.per_day * best["usd"])
        says.append(f"{number(request.per_day)} trainings a day cost {daily} a day.")
    return says


class _Options:
    """Candidates as records."""

    def __init__(self, of: Candidates, today: date) -> None:
        self._of, self._today = of, today
        ratios = [machine.ratio for machine in of.machines]
        self._middle = float(np.sqrt(min(ratios) * max(ratios)))
        self._differ = max(ratios) > min(ratios)

    def record(self, place: int | None) -> dict[str, Any] | None:
        if place is None:
            return None
        of = self._of
        machine, way = of.machines[of.machine[place]], of.ways[of.way[place]]
        figures = ("speed", "seconds", "usd")
        return {
            "instance": machine.instance.name,
            "devices": machine.instance.devices or None,
            "machines": int(of.count[place]),
            "workers": int(of.workers[place]),
            "most_measured_workers": way.most_measured_workers,
            "strategy": way.label,
            **{
                f"{name}{end}": self._figure(name, end, place)
                for name in figures
                for end in ("", "_low", "_high")
            },
            "machine_hours": float(of.machine_hours[place]),
            "known_by": known_by(of, place),
            "emulated": way.emulated,
            "usd_per_hour": machine.usd_per_hour,
            "price_published": machine.instance.published.isoformat(),
            "price_is_old": _is_old(machine.instance, machine.usd_per_hour, self._today),
            "strong": self._differ and machine.ratio > self._middle,
        }

    def _figure(self, name: str, end: str, place: int) -> float:
        """The ends of what one seed took are the figure itself, which shows as no interval."""
        if self._of.one_seed[place] and name != "speed":
            end = ""
        return float(getattr(self._of, f"{name}{end}")[place])


def _price_notes(of: Candidates, decision: Decision, spot: bool, today: date) -> list[str]:
    notes, price = [], "spot price" if spot else "price"
    old = [
        f"{m.instance.name} ({m.instance.published})"
        for m in of.machines
        if _is_old(m.instance, m.usd_per_hour, today)
    ]
    if old:
        notes.append(f"Prices older than a year: {', '.join(old)}.")
    free = [m.instance.name for m in of.machines if m.usd_per_hour is None]
    if free and decision.priced:
        notes.append(
            f"Without a {price}, so left out of the choice: {', '.join(free)}; usd_per_hour=… or a "
            "row in cost.catalogue gives the measured machine one."
        )
    elif free:
        notes.append(f"Nothing here has a {price}: machine-hours stand for the cost.")
    return notes


def _ways_notes(of: Candidates) -> list[str]:
    notes = []
    full = sorted({way.label for way in of.ways if way.cores_full and way.across is not None})
    if full:
        notes.append(
            f"{', '.join(full)}: every run with several workers filled this machine's cores, so "
            "what more machines give is little known."
        )
    shared = next((way.shared_cores for way in of.ways if way.shared_cores is not None), None)
    if shared is not None:
        notes.append(
            f"Workers of these runs shared this machine's {counted(round(shared), 'core')}; each "
            "machine of a plan has its own, so figures for several are not those of scale."
        )
    linked = [m.instance.name for m in of.machines if m.instance.network_gbit is None]
    if linked and any(way.across is not None for way in of.ways):
        notes.append(f"Network not known, taken as measured: {', '.join(linked)}.")
    if of.unreached:
        notes.append(
            f"{of.unreached:,} configurations are left out: how many examples the target takes "
            "with their batch (or number of workers) was never measured."
        )
    return notes


def _is_old(instance: Instance, price: float | None, today: date) -> bool:
    return price is not None and instance.is_old(today)
