"""The verbs of `python -m benchmarks`, one module each: a new one is a module and a line here."""

from results.verbs import FrontDoor

DOOR = FrontDoor(
    room="benchmarks",
    about="Decide from what was measured: time, cost and scale. Nothing measured is changed.",
    modules={
        "scale": "benchmarks.commands.scale",
        "plan": "benchmarks.commands.plan",
        "cost": "benchmarks.commands.cost",
        "fit-batch": "benchmarks.commands.fit_batch",
        "target": "benchmarks.commands.target",
    },
)
