"""Which runs a sweep will make, known before the first of them starts."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

_BASIC_SWEEPER = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


def runs_of_sweep(config: DictConfig) -> list[tuple[list[str], DictConfig]] | None:
    """Overrides and configuration of every run of a sweep that Hydra is about to make.

    None where another sweeper than Hydra's own decides as it goes. Raises Hydra's errors for a run
    that doesn't compose.
    """
    if config.hydra.sweeper._target_ != _BASIC_SWEEPER:
        return None
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser

    loader = GlobalHydra.instance().config_loader()
    parameters: dict[str, Any] = OmegaConf.to_container(config.hydra.sweeper)["params"] or {}  # type: ignore[index,call-overload,assignment]
    words = [f"{key}={value}" for key, value in parameters.items()]
    words += list(config.hydra.overrides.task)
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(words)
    (runs,) = BasicSweeper.split_arguments(parsed, max_batch_size=None)
    return [(run, loader.load_sweep_config(config, list(run))) for run in runs]
