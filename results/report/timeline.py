"""What the tasks of one run recorded over time, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.errors import UserError
from results.loading import Run
from results.streams import RESOURCES, STEPS, read_rows


@dataclass(frozen=True)
class Timeline:
    """Rows of one run by task: columns as arrays [n], times in seconds since `began`."""

    began: float
    steps: Mapping[str, Mapping[str, np.ndarray]]
    resources: Mapping[str, Mapping[str, np.ndarray]]
    unreadable: Sequence[str] = ()
    """What can't be read, a line for each file."""

    @property
    def first_step(self) -> float | None:
        """When the first step started, in seconds since `began`; None without steps."""
        starts = [float(rows["start"].min()) for rows in self.steps.values()]
        return min(starts) - self.began if starts else None


def timeline(run: Run) -> Timeline:
    """What the tasks of `run` recorded; tasks that recorded nothing of a kind are left out."""
    steps: dict[str, dict[str, np.ndarray]] = {}
    resources: dict[str, dict[str, np.ndarray]] = {}
    unreadable = []
    for task in run.folder.tasks():
        for kind, found, key in ((STEPS, steps, "start"), (RESOURCES, resources, "time")):
            try:
                rows = _columns(run, task, kind)
            except UserError as error:
                unreadable.append(str(error))
                continue
            if len(rows[key]):
                found[task] = rows
    firsts = [float(rows["start"].min()) for rows in steps.values()]
    firsts += [float(rows["time"].min()) for rows in resources.values()]
    started = run.status.get("tasks_started")
    began = float(started) if isinstance(started, int | float) else min(firsts, default=0.0)
    return Timeline(began, steps, resources, tuple(unreadable))


def _columns(run: Run, task: str, kind: str) -> dict[str, np.ndarray]:
    table = read_rows(run.folder.task_folder(task), kind)
    return {name: table[name].to_numpy() for name in table.column_names}
