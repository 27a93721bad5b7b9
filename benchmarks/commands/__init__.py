"""The verbs of `python -m benchmarks`, one module each. A new verb is one module and one line here."""

from results.verbs import FrontDoor

DOOR = FrontDoor(
    room="benchmarks",
    about="Decide from what was measured: time, cost and scale. Nothing measured is changed.",
    modules={},
)
