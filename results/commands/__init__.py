"""The verbs of `python -m results`, one module each. A new verb is one module and one line here."""

from results.verbs import FrontDoor

DOOR = FrontDoor(
    room="results",
    about="Read what runs have left behind. Nothing is run, nothing measured is changed.",
    modules={
        "list": "results.commands.list_runs",
        "compare": "results.commands.compare",
        "report": "results.commands.report",
        "watch": "results.commands.watch",
        "profile": "results.commands.profile",
        "tensorboard": "results.commands.tensorboard",
    },
    more=(
        "From Python, results.load(folder) gives a pandas frame with one row a run:",
        "  what was measured (units in the names), and the configuration.",
    ),
)
