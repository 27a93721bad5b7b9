"""What a report says, whatever its form: verdict, rankings, plots, for one run or for many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from results.decision_file import plan_in
from results.groups import Group, grouped
from results.loading import Run
from results.pipeline_file import PROFILE, part_if_readable
from results.report import (
    all_runs,
    plots_of_loss,
    plots_of_memory,
    plots_of_phases,
    plots_of_pipeline,
    plots_of_plan,
    plots_of_runs,
    plots_of_scaling,
    plots_of_shares,
    plots_of_steps,
    plots_of_target,
    plots_of_tasks,
    tables,
    words,
)
from results.report.drawing import Plot
from results.report.held_back import HeldBack, held_back
from results.report.ranking import Ranked, ranked
from results.report.timeline import Timeline, timeline
from results.scaling_file import fits_in
from results.sweep_folder import is_sweep, problem, read_journal
from results.target_file import target_in
from results.text import one_line

_MOST_WORKLOADS = 6
_LONGEST_PROBLEM = 500


class Content:
    """The report on `runs`. Its parts are made when they are asked for, each once."""

    def __init__(self, folder: Path, runs: Sequence[Run], single: bool) -> None:
        self.folder = folder
        self.runs = runs
        self.single = single
        self.groups: Sequence[Group] = grouped(runs)

    @cached_property
    def rankings(self) -> dict[str, list[Ranked]]:
        """The configurations of each workload, fastest first; none for a single run."""
        if self.single:
            return {}
        workloads = list(dict.fromkeys(group.workload for group in self.groups))
        found = {
            name: ranked([each for each in self.groups if each.workload == name])
            for name in workloads[:_MOST_WORKLOADS]
        }
        return {name: ranking for name, ranking in found.items() if ranking}

    @cached_property
    def headline(self) -> str:
        """The verdict, in a sentence or a few."""
        if self.single:
            return words.headline_of_run(self.runs[0])
        return words.headline_of_sweep(self.runs, self.rankings)

    @cached_property
    def points(self) -> list[str]:
        """What held a run back, where that was diagnosed; what to take from a sweep."""
        if self.single:
            return [self.held_back.line] if self.held_back else []
        return words.points_of_sweep(self.runs, self.rankings)

    @cached_property
    def held_back(self) -> HeldBack | None:
        """The diagnosis of a single run; None where it has none."""
        return held_back(self.runs[0]) if self.single else None

    @cached_property
    def scaling(self) -> list[dict[str, Any]]:
        """The models that `python -m benchmarks scale` fitted to a sweep; none before it was asked,
        and none of a single run."""
        return [] if self.single else fits_in(self.folder)

    @cached_property
    def target(self) -> dict[str, Any]:
        """What `python -m benchmarks target` said of a sweep; empty before it was asked."""
        return {} if self.single else target_in(self.folder)

    @cached_property
    def plan(self) -> dict[str, Any]:
        """What `python -m benchmarks plan` said to rent; empty before it was asked."""
        return plan_in(self.folder)

    @cached_property
    def under(self) -> str:
        """How many runs there are, and what they have in common."""
        common = all_runs.in_common(self.runs)
        if self.single:
            return common
        repeats = words.repeats(self.groups)
        return f"{words.counts(self.runs)} In common: {common or 'nothing'}.{repeats}"

    @cached_property
    def figures(self) -> list[tables.Figure]:
        """The key figures."""
        if self.single:
            return tables.key_figures(self.runs[0])
        return tables.key_figures_of_sweep(self.runs)

    @cached_property
    def ordered_groups(self) -> list[Group]:
        """The configurations, fastest first where they were measured."""
        return [each.group for of in self.rankings.values() for each in of] or list(self.groups)

    @cached_property
    def plots(self) -> list[Plot]:
        """All plots, in the order of the page."""
        found = self._plots_of_run() if self.single else self._plots_of_sweep()
        plots = [plot for plot in found if plot is not None]
        if not any(run.value("emulated") for run in self.runs):
            return plots
        return [_labelled(plot) for plot in plots]

    @cached_property
    def problems(self) -> list[str]:
        """What can't be read, why the sweep stopped, what its journal notes; a line for each."""
        told = [problem(self.folder)]
        if is_sweep(self.folder) and told == [None]:
            journal = read_journal(self.folder)
            told += [journal.reason, *journal.notes]
        lines = [one_line(each, _LONGEST_PROBLEM) for each in told if each]
        return [*lines, *self._timeline.unreadable]

    @cached_property
    def _shown_apart(self) -> tuple[Run, str] | None:
        """The run whose tasks are shown: the only one, or one of the fastest configuration."""
        if self.single:
            return self.runs[0], ""
        firsts = [ranking[0] for ranking in self.rankings.values()]
        fastest = max(firsts, key=lambda each: each.speed, default=None)
        return (fastest.group.runs[0], fastest.group.label) if fastest else None

    @cached_property
    def _timeline(self) -> Timeline:
        shown = self._shown_apart
        return timeline(shown[0]) if shown else Timeline(0.0, {}, {})

    def _plots_of_run(self) -> list[Plot | None]:
        run, of = self.runs[0], self._timeline
        alone, warmup = grouped([run]), int(run.value("warmup_steps") or 0)
        return [
            None if run.value("profiled") else plots_of_tasks.throughput_over_time(of, warmup),
            plots_of_loss.loss_of_run(run, of),
            plots_of_phases.phases(run, of),
            _pipeline(run),
            plots_of_shares.shares(alone),
            plots_of_steps.steps(run),
            plots_of_runs.time_to_first_step(alone),
            plots_of_runs.step_time(alone),
            plots_of_tasks.cpu(of),
            plots_of_tasks.memory(of),
            plots_of_memory.kinds_of_memory(alone),
        ]

    def _plots_of_sweep(self) -> list[Plot | None]:
        found: list[Plot | None] = []
        for name, ranking in self.rankings.items():
            found.append(plots_of_runs.throughput([each.group for each in ranking], name))
            found.append(plots_of_runs.efficiency(ranking, name))
        found += plots_of_scaling.scaling_plots(self.scaling)
        found += plots_of_target.target_plots(self.target)
        found.append(plots_of_plan.plan_plot(self.plan))
        groups = self.ordered_groups
        found.append(plots_of_shares.shares(groups))
        found += [plots_of_runs.time_to_first_step(groups), plots_of_runs.step_time(groups)]
        found.append(plots_of_memory.kinds_of_memory(groups))
        for name, ranking in self.rankings.items():
            found.append(plots_of_loss.loss_of_runs([each.group for each in ranking], name))
        if self._shown_apart is not None:
            run, label = self._shown_apart
            found.append(plots_of_phases.phases(run, self._timeline, label))
            found.append(plots_of_steps.steps(run, label))
            found.append(plots_of_tasks.cpu(self._timeline, label))
            found.append(plots_of_tasks.memory(self._timeline, label))
        return found


def _labelled(plot: Plot) -> Plot:
    """Says that figures of emulated runs are in it, where it doesn't yet."""
    return plot if "emulated" in plot.message else plot.saying(f"{plot.message} (emulated)")


def _pipeline(run: Run) -> Plot | None:
    profile = part_if_readable(run.folder, PROFILE)
    return None if profile is None else plots_of_pipeline.waterfall(profile)
