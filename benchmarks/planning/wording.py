"""A plan in sentences: what a candidate is and how it is known, what constraints cost, what to
loosen."""

from benchmarks.cost import in_usd
from benchmarks.planning.candidates import ASSUMED, KINDS, Candidates
from benchmarks.planning.deciding import TIME, Decision, Loosening, Price
from benchmarks.planning.request import Request
from benchmarks.quantities import SECONDS_PER_DAY, SECONDS_PER_HOUR, in_time
from benchmarks.scaling import MEASURED
from results.text import counted, number, percent


def machines_of(of: Candidates, place: int) -> str:
    """ "4 × g5.xlarge"."""
    return f"{of.count[place]:,} × {of.machines[of.machine[place]].instance.name}"


def way_of(of: Candidates, place: int) -> str:
    """ "multiworker, 4 workers"."""
    return f"{of.ways[of.way[place]].label}, {counted(int(of.workers[place]), 'worker')}"


def known_by(of: Candidates, place: int) -> str:
    """How its figures are known: "measured", "predicted ± 1.7%", "assumed 3.2 ×, model ± 1.7%"."""
    way, kind = of.ways[of.way[place]], KINDS[of.kind[place]]
    error = way.held_out_error
    shown = "error unknown" if error is None else f"± {percent(error)}"
    if kind == MEASURED:
        return kind
    if kind != ASSUMED:
        return f"{kind}, {shown}" if error is None else f"{kind} {shown}"
    assumed = f"{kind} {of.machines[of.machine[place]].ratio:g} ×"
    return assumed if of.count[place] == 1 else f"{assumed}, model {shown}"


def amount(of: Candidates, place: int, priced: bool) -> str:
    """What it costs: in USD, or in machine-hours where nothing has a price."""
    return (
        in_usd(float(of.usd[place]))
        if priced
        else f"{number(float(of.machine_hours[place]))} machine-hours"
    )


def headline(of: Candidates, decision: Decision, request: Request, goal: str) -> str:
    """The plan in one sentence: the title of its plot."""
    best = decision.best
    if best is not None:
        way = of.ways[of.way[best]].strategy
        cost = amount(of, best, decision.priced)
        time = in_time(float(of.seconds[best]))
        return f"{machines_of(of, best)} with {way}: {goal} in {time} for {cost}"
    asked = " and ".join(filter(None, (request.said, _budget(request))))
    return f"Nothing is sure to meet {asked} for {goal}"


def price_sentence(of: Candidates, decision: Decision, price: Price, request: Request) -> str:
    """What a constraint costs, and what one that is tighter would."""
    if price.change is None:
        return _without(of, decision, price, request)
    if price.constraint == TIME:
        given = request.seconds
        if given is None:
            given = float(of.seconds[decision.best or 0])
        less = "An hour" if price.change == SECONDS_PER_HOUR else in_time(price.change)
        what = f"{less} less ({in_time(given - price.change)})"
    else:
        what = f"{in_usd(price.change)} less ({in_usd((request.budget or 0.0) - price.change)})"
    if price.other is None:
        return f"{what}: nothing is sure to meet that."
    then = _then(of, price.other, decision.priced)
    if price.other == decision.best:
        return f"{what} costs nothing: the recommendation still meets it."
    if price.constraint == TIME:
        more = _money(price.usd, decision.priced)
        return f"{what} costs {more} more: {then}."
    return f"{what} costs {in_time(abs(price.seconds or 0.0))}: {then}."


def loosening_sentence(of: Candidates, loosening: Loosening, request: Request) -> str:
    """By how much one constraint would have to give."""
    place = loosening.by
    which = f"{machines_of(of, place)}, {way_of(of, place)}"
    if loosening.constraint == TIME:
        given, said, least = request.seconds or 0.0, request.said, in_time(loosening.least)
        more = _more(given, loosening.least, "long")
        if said.startswith("per_day="):
            least += f", {number(SECONDS_PER_DAY / loosening.least)} a day"
    else:
        given, said, least = request.budget or 0.0, _budget(request), in_usd(loosening.least)
        more = _more(given, loosening.least, "much")
    return f"{said} would have to give, to {least} ({more}): {which}."


def fallback_sentences(of: Candidates, decision: Decision) -> list[str]:
    """Where nothing fits: what fits by its middle, and the ends of what there is."""
    found = []
    if decision.by_median is not None:
        then = _then(of, decision.by_median, decision.priced)
        found.append(f"By the middle of its interval one fits, which is as likely to miss: {then}.")
    if not decision.loosenings and decision.front:
        ends = (decision.front[0], decision.front[-1])
        fastest, cheapest = (_then(of, place, decision.priced) for place in ends)
        found.append(
            f"Loosening one alone does not help. The fastest is {fastest}; the cheapest is "
            f"{cheapest}."
        )
    return found


def _without(of: Candidates, decision: Decision, price: Price, request: Request) -> str:
    said = request.said if price.constraint == TIME else _budget(request)
    if price.other is None or price.other == decision.best:
        return f"{said} costs nothing: without it the recommendation is the same."
    then = _then(of, price.other, decision.priced)
    if price.constraint == TIME:
        cost = _money(None if price.usd is None else -price.usd, decision.priced)
    else:
        cost = in_time(abs(price.seconds or 0.0))
    return f"{said} costs {cost}: without it, {then}."


def _then(of: Candidates, place: int, priced: bool) -> str:
    time = in_time(float(of.seconds[place]))
    cost = amount(of, place, priced)
    return f"{machines_of(of, place)}, {way_of(of, place)}, in {time} for {cost}"


def _more(given: float, least: float, many: str) -> str:
    """ "30% more", or "3.1 × as much"."""
    times = least / given
    return f"{percent(times - 1)} more" if times < 2 else f"{number(times)} × as {many}"


def _money(value: float | None, priced: bool) -> str:
    return in_usd(value) if priced else f"{number(value)} machine-hours"


def _budget(request: Request) -> str:
    return "" if request.budget is None else f"budget={request.budget:g}"
