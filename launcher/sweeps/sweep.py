"""A sweep from the command line to its last run: judged whole, opened, run."""

import sys
from collections.abc import Sequence

from hydra.types import HydraContext
from omegaconf import DictConfig
from rich.console import Console

from launcher.cluster_plan import make_plan, nominal_places
from launcher.disk import full_disk
from launcher.isolation import is_wanted
from launcher.jobs import Jobs
from launcher.plan_table import print_plan
from launcher.sweeps.cells import Composed, Manner, cells, manner
from launcher.sweeps.loop import SweepLoop
from launcher.sweeps.opening import opened
from launcher.sweeps.resuming import words_to_keep
from launcher.variables import as_typed
from results.errors import UserError
from results.sweep_folder import DONE, FAILED, NOT_APPLICABLE
from results.text import counted

_SWEEPER = "hydra_plugins.distribute_bench.JournaledSweeper"
_BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


def sweep(configuration: DictConfig, context: HydraContext, jobs: Jobs) -> None:
    """What Hydra's plugin does. `jobs` keeps the exit code.

    Raises:
      UserError: something about the sweep is wrong; nothing has started.
      KeyboardInterrupt: a person interrupted it; it can be gone on with.
    """
    how = manner(configuration)
    composed = cells(configuration, context.config_loader)
    if configuration.dry_run:
        _show(composed, jobs.console)
        return
    try:
        _run(configuration, how, composed, context, jobs)
    except OSError as error:
        full = full_disk(error)  # not even the journal could be written
        if full is None:
            raise
        raise UserError(f"hydra.sweep.dir={configuration.hydra.sweep.dir}: {full}") from error


def _run(
    configuration: DictConfig,
    how: Manner,
    composed: Sequence[Composed],
    context: HydraContext,
    jobs: Jobs,
) -> None:
    with opened(configuration, how, composed, words_to_keep(sys.argv[1:])) as (folder, journal):
        ended = journal.count(DONE, FAILED, NOT_APPLICABLE)
        so_far = f", {ended} of them ended before" if how.resume else ""
        print(f"{counted(len(journal.runs), 'run')} in {folder}{so_far}", flush=True)
        for note in journal.notes:
            print(note, flush=True)
        SweepLoop(folder, journal, how, configuration, context, jobs).run()


def check_plugins(configuration: DictConfig) -> None:
    """Raise UserError where Hydra is told to go about a sweep in a way that ours don't go."""
    hydra = configuration.hydra
    for group, target in (("sweeper", _SWEEPER), ("launcher", _BASIC_LAUNCHER)):
        if hydra[group]._target_ != target:
            raise UserError(
                f"hydra/{group}={hydra.runtime.choices.get(f'hydra/{group}')}: runs of a sweep "
                "are measured one after the other, and a journal is kept of them; leave it out"
            )
    for word in as_typed(hydra.overrides.hydra):
        if word.startswith("hydra.sweep.subdir="):
            raise UserError(f"{word}: a run's folder is its number; leave it out")


def _show(composed: Sequence[Composed], console: Console) -> None:
    """What a sweep would run."""
    for each in composed:
        if each.experiment is None:
            console.print(f"not applicable: {each.cell.not_applicable}\n", markup=False)
        else:
            plan = make_plan(
                each.experiment,
                private=is_wanted(each.experiment),
                places=nominal_places(each.experiment),
            )
            print_plan(each.experiment, plan, console)
            print()
