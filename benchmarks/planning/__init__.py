"""The budget planner: which machines, how many, with which strategy, from what was measured."""

from benchmarks.planning.candidates import Candidates, Machine, candidates
from benchmarks.planning.deciding import Decision, Limits, decide
from benchmarks.planning.goal import Examples, Goal, Target
from benchmarks.planning.levers import Lever, levers
from benchmarks.planning.record import record_of
from benchmarks.planning.ways import Way, ways_of

__all__ = [
    "Candidates",
    "Decision",
    "Examples",
    "Goal",
    "Lever",
    "Limits",
    "Machine",
    "Target",
    "Way",
    "candidates",
    "decide",
    "levers",
    "record_of",
    "ways_of",
]
