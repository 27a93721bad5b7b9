"""From a source's name and parameters to its splits. Free of TensorFlow until a split is opened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from benchmarks.workloads import load_component
from input_pipelines.pieces import Split
from input_pipelines.preparation import prepared_folder
from results.errors import UserError


class Source(Protocol):
    """What a source's `_target_` returns."""

    @property
    def identity(self) -> str | None:
        """Names what is prepared: a hash of all that changes the bytes. None: nothing is."""

    def prepare(self, folder: Path) -> None:
        """Writes everything into the empty folder, or raises."""

    def open(self, folder: Path | None, split: str) -> Split:
        """The split `train` or `test` of what was prepared there."""


def load_source(target: str, parameters: Mapping[str, Any]) -> Source:
    """The source that the callable `target` returns for `parameters`.

    Raises `UserError` where the name can't be imported, the callable doesn't take a parameter, it
    raises, or what it returns is not a source.
    """
    source = load_component("source", target, parameters)
    for name in ("identity", "prepare", "open"):
        if not hasattr(source, name):
            raise UserError(
                f"source._target_={target}: returned a {type(source).__name__} without {name}; "
                "a source has identity, prepare(folder) and open(folder, split)"
            )
    return source


def open_source(source: Source, name: str, cache_folder: Path | None) -> tuple[Split, Split]:
    """The splits (train, test) of a source that is prepared, where it has anything to prepare."""
    folder = prepared_folder(source, name, cache_folder)
    if folder is not None and not folder.is_dir():
        raise UserError(f"source={name}: {folder} is missing; it has to be prepared first")
    train, test = source.open(folder, "train"), source.open(folder, "test")
    for split, split_name in ((train, "train"), (test, "test")):
        if not split.examples:
            raise UserError(f"source={name}: its split {split_name} has no examples")
    return train, test
