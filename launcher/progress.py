"""What a person sees while a run is going on, read from the files that tasks replace once a second.

On a terminal a live view with one line a task and a bar; elsewhere a plain line every few seconds.
Both go to standard error, so that standard output holds results only.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from launcher.cluster_plan import task_names
from launcher.experiment import Experiment
from results.run_folder import RunFolder
from results.terminal import terminal

_LIVE_SECONDS = 0.25
_LINE_SECONDS = 5.0
_MOST_NAMED = 4
"""More tasks in one state are counted."""
_BAR_COLUMNS = 16
"""Leaves room for the words beside it in a terminal of 80 columns."""
Said = Mapping[str, Mapping[str, Any]]
"""What each task last said of itself, by the task's name."""


class View(Protocol):
    """Shows how far a run is."""

    def update(self) -> None:
        """Look again, and show what changed; cheap when called more often than it shows."""


@contextmanager
def progress_view(
    experiment: Experiment, folder: RunFolder, console: Console | None = None
) -> Iterator[View]:
    """A view of the run in `folder` for as long as the context lasts."""
    console = console or terminal(file=sys.stderr)
    tasks = task_names(experiment)
    watched = _Watched(experiment, tasks, folder)
    if not console.is_terminal:
        yield _Lines(watched, console)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield _LiveView(watched, live)


class _Watched:
    """A run from its start: what its tasks say, and how much of `until.*` is done."""

    def __init__(self, experiment: Experiment, tasks: list[str], folder: RunFolder) -> None:
        self._until = experiment.until
        self._coordinated = experiment.strategy.loop == "coordinator"
        batch = experiment.batch
        self._examples_per_step = batch.per_replica if self._coordinated else batch.total
        self._tasks = tasks
        self._folder = folder
        self._began = time.perf_counter()
        self._training_began: float | None = None

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def look(self) -> Said:
        """By task, in the plan's order; a task that hasn't spoken yet is `starting`."""
        found = self._folder.progress()
        said = {task: found.get(task) or {"state": "starting"} for task in self._tasks}
        if self._training_began is None and _most(said, "step"):
            self._training_began = time.perf_counter()
        return said

    def share_done(self, said: Said) -> float | None:
        """Of the limit that is nearest, 0 to 1; None where only a quality ends the run."""
        until, shares = self._until, []
        if until.steps is not None:
            shares.append(_most(said, "step") / until.steps)
        if until.examples is not None:
            shares.append(_most(said, "step") * self._examples_per_step / until.examples)
        if until.seconds is not None:
            began = self._training_began
            shares.append(0.0 if began is None else (time.perf_counter() - began) / until.seconds)
        return min(1.0, max(shares)) if shares else None

    def figures(self, said: Said) -> list[str]:
        """`step 120 of 400`, `812 examples/s`, `loss 0.231`: what is known of them."""
        if not _most(said, "step"):
            return []
        of = f" of {self._until.steps:,}" if self._until.steps is not None else ""
        figures = [f"step {int(_most(said, 'step')):,}{of}"]
        # A coordinator counts what its workers do; others count for themselves.
        tasks = self._tasks[:1] if self._coordinated else self._tasks
        rate = sum(said[task].get("examples_per_second") or 0 for task in tasks)
        losses = [loss for task in tasks if (loss := said[task].get("loss")) is not None]
        if rate:
            figures.append(f"{rate:,.0f} examples/s")
        if losses:
            figures.append(f"loss {losses[0]:.4g}")
        return figures


class _Lines:
    def __init__(self, watched: _Watched, console: Console) -> None:
        self._watched = watched
        self._console = console
        self._next = _LINE_SECONDS

    def update(self) -> None:
        if self._watched.seconds < self._next:
            return
        self._next = self._watched.seconds + _LINE_SECONDS
        said = self._watched.look()
        line = progress_line(self._watched.seconds, said, self._watched.figures(said))
        self._console.print(line, soft_wrap=True)


def progress_line(seconds: float, said: Said, figures: list[str]) -> Text:
    """One line about all tasks: `12 s  training  step 120 of 400  812 examples/s  loss 0.231`."""
    states: dict[str, list[str]] = {}
    for task, record in said.items():
        states.setdefault(str(record.get("state")), []).append(task)
    told = [
        state if len(states) == 1 else f"{state}: {_who(tasks)}" for state, tasks in states.items()
    ]
    return Text("  ".join([f"{seconds:4.0f} s", "; ".join(told), *figures]))


def _who(tasks: list[str]) -> str:
    return ", ".join(tasks) if len(tasks) <= _MOST_NAMED else f"{len(tasks)} tasks"


class _LiveView:
    def __init__(self, watched: _Watched, live: Live) -> None:
        self._watched = watched
        self._live = live
        self._next = 0.0

    def update(self) -> None:
        if self._watched.seconds < self._next:
            return
        self._next = self._watched.seconds + _LIVE_SECONDS
        said = self._watched.look()
        self._live.update(Group(_table(said), self._foot(said)), refresh=True)

    def _foot(self, said: Said) -> Table:
        foot = Table.grid(padding=(0, 2))
        share = self._watched.share_done(said)
        words = [f"{self._watched.seconds:.0f} s", *self._watched.figures(said)]
        bar = (
            Text("until the quality is reached")
            if share is None
            else ProgressBar(total=1.0, completed=share, width=_BAR_COLUMNS)
        )
        foot.add_row(bar, Text("  ".join(words), no_wrap=True, overflow="ellipsis"))
        return foot


def _table(said: Said) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("Task", "State"):
        table.add_column(head)
    for head in ("Step", "Examples/s", "Loss", "CPU %", "Memory MB"):
        table.add_column(head, justify="right")
    for task, record in said.items():
        table.add_row(
            task,
            str(record.get("state")),
            _shown(record.get("step"), ",.0f"),
            _shown(record.get("examples_per_second"), ",.0f"),
            _shown(record.get("loss"), ".4g"),
            _shown(record.get("cpu_percent"), ".0f"),
            _shown(record.get("rss_mb"), ",.0f"),
        )
    return table


def _most(said: Said, field: str) -> float:
    return max((float(record.get(field) or 0) for record in said.values()), default=0.0)


def _shown(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)
