"""Why a stage limits, in a sentence."""

from collections.abc import Sequence

from input_pipelines.profiling.rates import Cost, Limit
from results.text import counted, fixed, number, percent

_MOSTLY = 0.5


def why(limiting: Limit | None, costs: Sequence[Cost], cores: int, cores_busy: float) -> str | None:
    """What the stage does that holds the others up; None where none limits.

    `costs` are those that `limiting` was found in.
    """
    if limiting is None:
        return None
    chosen = next(cost for cost in costs if cost.name == limiting.stage)
    rate = number(limiting.examples_per_second)
    if limiting.all_cores_taken:
        whole = sum(cost.cpu_seconds for cost in costs)
        return (
            f"it takes {percent(chosen.cpu_seconds / whole)} of {number(1e6 * whole)} µs of CPU an "
            f"example, for which {counted(cores, 'core')} could give {rate} examples/s "
            f"({fixed(cores_busy, 1)} were busy)"
        )
    others = [name for name in limiting.together if name != limiting.stage]
    share = chosen.seconds / sum(cost.seconds for cost in costs if cost.name in limiting.together)
    if others and share < 1:
        whose = f"the thread that it shares with {counted(len(others), 'other stage')} could give"
        mine = f", {percent(share)} of its time in {chosen.name}"
    else:
        whose = f"{_calls(chosen.calls)} could give"
        mine = ""
    waiting = chosen.wait_seconds / chosen.seconds
    how = f"; it waits for {percent(waiting)} of its time" if waiting >= _MOSTLY else ""
    return f"{whose} {rate} examples/s{mine}{how}"


def _calls(calls: int | None) -> str:
    if calls is None:
        return "as many calls as cores"
    return "its one call at a time" if calls == 1 else f"its {calls:,} calls at once"
