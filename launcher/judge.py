"""Judges the configuration before Hydra makes any folder, and leaves when it isn't right.

Hydra calls `Judge` (named in `conf/config.yaml`) before a run or a sweep starts. What a callback
raises Hydra turns into a warning, but for SystemExit: so an error is printed and the process left.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, read_write

from launcher import folders
from launcher.cluster_plan import make_plan, nominal_places
from launcher.engines.given import CHIEF
from launcher.errors import print_refusal
from launcher.experiment import Experiment, resolve
from launcher.holding import the_host
from launcher.hydra_errors import HYDRA_ERRORS, as_user_error
from launcher.isolation import is_wanted
from launcher.plan_table import print_plan
from launcher.sweeps.cells import check_single, without_hydra
from launcher.sweeps.sweep import check_plugins
from launcher.variables import as_typed
from results.errors import UserError
from results.terminal import terminal

_KEY = "hydra.run.dir"
_REFUSED = 2


class Judge(Callback):
    """A configuration that is refused, and one that is only shown, leave nothing behind."""

    def __init__(self) -> None:
        self._held = ExitStack()

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Before a single run; from now on to its end the host is its own."""
        _leave_if_refused(lambda: self._judge_run(config))

    def on_run_end(self, config: DictConfig, **_: Any) -> None:
        self._held.close()

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Before a sweep; the rest is judged by `launcher.sweeps.sweep`, which can raise errors."""
        _leave_if_refused(lambda: check_plugins(config))

    def _judge_run(self, config: DictConfig) -> None:
        experiment = _experiment(config, as_typed(config.hydra.overrides.task))
        check_single(config)
        plan = make_plan(
            experiment, private=is_wanted(experiment), places=nominal_places(experiment)
        )
        if config.dry_run:
            print_plan(experiment, plan, terminal())
            sys.exit(0)
        given = experiment.engine.given
        if given is not None:
            self._share_folder(config, leads=given.task == CHIEF)
            return
        folder = folders.check(_KEY, config.hydra.run)
        if not experiment.engine.elsewhere:
            name_folder = self._held.enter_context(the_host(config.wait))
            name_folder(folder)

    def _share_folder(self, config: DictConfig, leads: bool) -> None:
        folders.check_shared(_KEY, config.hydra.run, leads)
        if not leads:
            with read_write(config.hydra):
                config.hydra.output_subdir = None  # what was asked is kept by the chief's launcher


def _experiment(config: DictConfig, overrides: list[str]) -> Experiment:
    return resolve(without_hydra(config), overrides)


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
