"""`tfds`: any dataset of tensorflow-datasets that lies prepared on disk, by name.

Nothing is downloaded: a run must not depend on the network. A builder of one's own that makes its
examples by itself is named by its class (`name=my_package.MyBuilder`) and prepared here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.workloads.loading import find_callable, one_line
from input_pipelines.pieces import Piece, Split
from input_pipelines.sources.identity import identity_of
from input_pipelines.sources.records import record_split
from results.errors import UserError

VERSION = 1


def source(
    name: str, data_dir: str | None = None, train: str = "train", test: str = "test"
) -> "TfdsSource | BuiltHere":
    """The splits `train` and `test` (slices as `train[:80%]` too) of a builder.

    `name` is a builder's as `mnist` or `mnist/config:1.0.0` below `data_dir` (None is tfds's usual
    folder), or the dotted name of a `GeneratorBasedBuilder` class, prepared into the cache folder.
    """
    splits = {"train": train, "test": test}
    if data_dir is None and "." in name and not {"/", ":"} & set(name):
        return BuiltHere(find_callable("source.parameters.name", name), splits)
    return TfdsSource(name, data_dir, splits)


@dataclass(frozen=True)
class TfdsSource:
    """A dataset that somebody prepared."""

    name: str
    data_dir: str | None
    splits: dict[str, str]

    identity = None

    def prepare(self, folder: Path) -> None:
        """Nothing: what lies on disk is used as it is."""

    def open(self, folder: Path | None, split: str) -> Split:
        """The split; raises `UserError` where dataset or split is not on disk."""
        import tensorflow_datasets as tfds

        try:
            builder = tfds.core.read_only_builder.builder_from_files(
                self.name, data_dir=self.data_dir
            )
        except (tfds.core.DatasetNotFoundError, FileNotFoundError, ValueError) as error:
            looked = self.data_dir or tfds.core.constants.DATA_DIR
            raise UserError(
                f"source.parameters.name={self.name}: no such prepared dataset below "
                f"{looked} ({one_line(error, 120)}); prepare it there with "
                f"`tfds build {self.name} --data_dir {looked}` or give source.parameters.data_dir"
            ) from error
        return _opened(builder, split, self.splits[split])


@dataclass(frozen=True)
class BuiltHere:
    """A dataset that a builder's class makes, into the cache folder."""

    builder: Callable[..., Any]
    splits: dict[str, str]
    shards: int | None = None

    @property
    def identity(self) -> str:
        """Of the class, its version and the number of shards."""
        version = str(getattr(self.builder, "VERSION", ""))
        name = f"{self.builder.__module__}.{self.builder.__qualname__}"
        return identity_of(VERSION, builder=name, builder_version=version, shards=self.shards)

    def prepare(self, folder: Path) -> None:
        """Generates the examples and writes them as tfds does."""
        import tensorflow_datasets as tfds

        tfds.disable_progress_bar()
        builder = self.builder(data_dir=str(folder))
        config = tfds.download.DownloadConfig(num_shards=self.shards)
        builder.download_and_prepare(download_config=config)

    def open(self, folder: Path | None, split: str) -> Split:
        """The split of what lies below the folder."""
        import tensorflow_datasets as tfds

        assert folder is not None, "what is built here lies in a folder"
        (info,) = folder.glob("**/dataset_info.json")
        builder = tfds.builder_from_directory(str(info.parent))
        return _opened(builder, split, self.splits[split])


def _opened(builder: Any, split: str, name: str) -> Split:
    try:
        instructions = builder.info.splits[name].file_instructions
    except (KeyError, ValueError) as error:
        have = ", ".join(sorted(builder.info.splits)) or "none"
        raise UserError(
            f"source.parameters.{split}={name}: {builder.info.name} in {builder.data_dir} has the "
            f"splits {have}"
        ) from error
    if builder.info.file_format.value != "tfrecord":
        raise UserError(
            f"source.parameters.name={builder.info.name}: is stored as "
            f"{builder.info.file_format.value}; only tfrecord can be read"
        )
    pieces = tuple(Piece(str(part.filename), part.skip, part.take) for part in instructions)
    return record_split(pieces, builder.info.features.deserialize_example)
