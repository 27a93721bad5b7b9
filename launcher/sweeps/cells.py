"""Which runs a sweep makes and how it goes about them, judged before the first of them starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from launcher import schema, values
from launcher.engines.given import GIVEN
from launcher.errors import NotApplicable
from launcher.experiment import Experiment, resolve
from launcher.sweeps.journal import Cell
from launcher.variables import as_typed
from results.errors import UserError

OF_THE_SWEEP = ("repeat", "resume", "resume_anyway", "wait", "sweep", "quiet")
"""Keys that mean the sweep as a whole: none of its runs has them among its overrides."""
_OF_A_SWEEP_ONLY = ("repeat", "resume", "resume_anyway", "sweep")
_SECONDS_IN_MINUTE, _SECONDS_IN_HOUR = 60, 3600


@dataclass(frozen=True)
class Manner:
    """How a sweep goes about its runs."""

    repeat: int
    resume: Path | None
    resume_anyway: bool
    wait: bool
    budget_seconds: float | None
    retries: int
    timeout_seconds: float | None
    timeout_said: str
    """As the command line gave it."""
    at_once: int
    stop_on_failure: bool
    quiet_seconds: float


@dataclass(frozen=True)
class Composed:
    """One configuration of a sweep."""

    cell: Cell
    configuration: DictConfig
    """Without the keys of the sweep and Hydra's."""
    experiment: Experiment | None
    """None where it makes no sense."""


def manner(configuration: DictConfig) -> Manner:
    """What the keys of the sweep say. Raises UserError for a value that can't be right."""
    asked: dict[str, Any] = OmegaConf.to_container(without_hydra(configuration), resolve=True)  # type: ignore[assignment]
    values.check(asked)
    sweep = schema.SweepSettings(**asked["sweep"])
    _check_at_once(sweep, asked["engine"])
    return Manner(
        repeat=asked["repeat"],
        resume=None if asked["resume"] is None else Path(asked["resume"]).expanduser(),
        resume_anyway=asked["resume_anyway"],
        wait=asked["wait"],
        budget_seconds=_scaled(sweep.hours, _SECONDS_IN_HOUR),
        retries=sweep.retries,
        timeout_seconds=_scaled(sweep.timeout_minutes, _SECONDS_IN_MINUTE),
        timeout_said=f"sweep.timeout_minutes={sweep.timeout_minutes}",
        at_once=sweep.at_once,
        stop_on_failure=sweep.stop_on_failure,
        quiet_seconds=asked["quiet"]["seconds"],
    )


def _check_at_once(sweep: schema.SweepSettings, engine: dict[str, Any]) -> None:
    if sweep.at_once == 1:
        return
    if engine["job"] is None:
        raise UserError(
            f"sweep.at_once={sweep.at_once}: runs of engine={engine['name']} are measured one "
            "after the other; leave it out, or give an engine with a queue such as slurm"
        )
    if sweep.timeout_minutes is not None:
        raise UserError(
            f"sweep.timeout_minutes={sweep.timeout_minutes:g}: with sweep.at_once={sweep.at_once} "
            "it would count the time in the queue; give engine.time"
        )


def check_single(configuration: DictConfig) -> None:
    """Raise UserError where a single run was given a key that only a sweep has."""
    usual = {name: default for name, (default, _) in schema.known_keys().items()}
    for key in usual:
        value = OmegaConf.select(configuration, key)
        if key.partition(".")[0] in _OF_A_SWEEP_ONLY and value != usual[key]:
            raise UserError(f"{key}={value}: says how a sweep goes; add -m")


def words_of_runs(configuration: DictConfig) -> list[str]:
    """The words that the runs are made of: the sweeper's own and the command line's, without
    those of the sweep. Raises UserError where one of those has several values."""
    parameters: dict[str, Any] = OmegaConf.to_container(configuration.hydra.sweeper)["params"] or {}  # type: ignore[index,call-overload,assignment]
    words = [f"{key}={value}" for key, value in parameters.items()]
    words += as_typed(configuration.hydra.overrides.task)
    kept = []
    for word, parsed in zip(words, OverridesParser.create().parse_overrides(words), strict=True):
        if not is_of_the_sweep(word):
            kept.append(word)
        elif parsed.is_sweep_override():
            raise UserError(f"{word}: holds for the whole sweep; give one value")
    return kept


def cells(configuration: DictConfig, loader: ConfigLoader) -> list[Composed]:
    """Every configuration of a sweep that Hydra is about to make, in the command line's order.

    Raises Hydra's errors for one that doesn't compose, and UserError for a value that is wrong in
    any of them: told now, not tomorrow.
    """
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    words = words_of_runs(configuration)
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(words)
    (products,) = BasicSweeper.split_arguments(parsed, max_batch_size=None)
    return [_composed(configuration, loader, overrides) for overrides in products]


def is_of_the_sweep(word: str) -> bool:
    """Whether a word of the command line sets a key of the sweep as a whole."""
    return word.partition("=")[0].lstrip("+~").partition(".")[0] in OF_THE_SWEEP


def without_hydra(configuration: DictConfig) -> DictConfig:
    """The configuration that a run is given."""
    names = [str(name) for name in configuration if name != "hydra"]
    return OmegaConf.masked_copy(configuration, names)


def _composed(master: DictConfig, loader: ConfigLoader, overrides: Sequence[str]) -> Composed:
    configuration = without_hydra(loader.load_sweep_config(master, list(overrides)))
    if configuration.engine.name == GIVEN:
        raise UserError(
            "engine=given: each process is one task of one run; leave -m out, and give one value "
            "to each key"
        )
    try:
        experiment = resolve(configuration, list(overrides))
    except NotApplicable as error:
        return Composed(Cell(tuple(overrides), str(error)), configuration, None)
    return Composed(Cell(tuple(overrides)), configuration, experiment)


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else scale * value
