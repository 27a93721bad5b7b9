"""Judges the configuration before Hydra makes any folder, and leaves when it isn't right.

Hydra calls `Judge` (named in `conf/config.yaml`) before a run or a sweep starts. What a callback
raises Hydra turns into a warning, but for SystemExit: so an error is printed and the process left.
"""

import sys
from collections.abc import Callable
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from launcher import folders
from launcher.cluster_plan import make_plan
from launcher.errors import NotApplicable, print_refusal
from launcher.experiment import Experiment, resolve
from launcher.hydra_errors import HYDRA_ERRORS, as_user_error
from launcher.plan_table import print_plan
from launcher.sweeps import runs_of_sweep
from results.errors import UserError

_REFUSED = 2


class Judge(Callback):
    """A configuration that is refused, and one that is only shown, leave nothing behind."""

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Before a single run."""
        _leave_if_refused(lambda: _judge_run(config))

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Before a sweep: a value that is wrong in any of its runs is told now, not tomorrow."""
        _leave_if_refused(lambda: _judge_sweep(config))


def _judge_run(config: DictConfig) -> None:
    experiment = _experiment(config, list(config.hydra.overrides.task))
    make_plan(experiment)
    if config.dry_run:
        print_plan(experiment, make_plan(experiment), _console())
        sys.exit(0)
    folders.check("hydra.run.dir", config.hydra.run)


def _judge_sweep(config: DictConfig) -> None:
    runs = runs_of_sweep(config)
    for overrides, run in runs or ():
        try:
            experiment = _experiment(run, overrides)
        except NotApplicable as error:
            if run.dry_run:
                _console().print(f"not applicable: {error}\n", markup=False)
            continue
        if run.dry_run:
            print_plan(experiment, make_plan(experiment), _console())
            print()
    if config.dry_run:
        sys.exit(0)
    folders.check("hydra.sweep.dir", config.hydra.sweep)
    if runs is not None:
        print(f"{len(runs)} run{'' if len(runs) == 1 else 's'} in {config.hydra.sweep.dir}")


def _experiment(config: DictConfig, overrides: list[str]) -> Experiment:
    names = [str(name) for name in config if name != "hydra"]
    return resolve(OmegaConf.masked_copy(config, names), overrides)


def _leave_if_refused(judge: Callable[[], None]) -> None:
    try:
        judge()
    except (UserError, *HYDRA_ERRORS) as error:
        refusal = as_user_error(error, sys.argv[1:])
        if refusal is None:
            raise SystemExit(_unforeseen()) from error
        print_refusal(refusal)
        sys.exit(_REFUSED)


def _unforeseen() -> int:
    import traceback

    traceback.print_exc()
    return 1


def _console() -> Console:
    return Console(highlight=False)
