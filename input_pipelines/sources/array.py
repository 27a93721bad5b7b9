"""`array`: examples that lie in memory as numpy arrays."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workloads.loading import find_callable, guarded
from input_pipelines.pieces import Piece, Split
from results.errors import UserError

PIECES = 8
"""The arrays are cut into so many pieces, whose order changes each epoch as files' does."""
SPLITS = ("train", "test")

Arrays = Mapping[str, Mapping[str, np.ndarray]]


def source(arrays: str | None = None, path: str | None = None) -> "ArraySource":
    """The arrays that a function of yours returns, or those of an .npz file.

    `arrays` is the dotted name of a function without parameters that returns {"train": {field:
    array}, "test": {field: array}}, all arrays of a split with one row an example. `path` is an
    .npz file of arrays named train_<field> and test_<field>. Neither is scikit-learn's digits.
    """
    if arrays is not None and path is not None:
        raise UserError(f"source.parameters.arrays={arrays}: give it or path={path}, not both")
    if path is not None:
        return ArraySource(_checked(f"path={path}", _from_file(path)))
    if arrays is not None:
        key = "source.parameters.arrays"
        returned = guarded(f"{key}={arrays}", find_callable(key, arrays))
        return ArraySource(_checked(f"arrays={arrays}", returned))
    return ArraySource(_digits())


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Arrays of examples, by split and field."""

    arrays: Arrays

    identity = None

    def prepare(self, folder: Path) -> None:
        """Nothing: the arrays are in memory."""

    def open(self, folder: Path | None, split: str) -> Split:
        """Examples {field: one row}; the raw element is the row's index, int64 []."""
        import tensorflow as tf

        fields = {name: tf.constant(array) for name, array in self.arrays[split].items()}
        rows = len(next(iter(self.arrays[split].values())))
        bounds = np.linspace(0, rows, min(PIECES, rows) + 1).astype(int).tolist()
        pieces = tuple(
            Piece(f"memory:{split}", first, end - first)
            for first, end in itertools.pairwise(bounds)
        )

        def read(path: Any, first: Any, count: Any) -> Any:
            return tf.data.Dataset.range(first, first + count, name="rows")

        def parse(row: Any) -> dict[str, Any]:
            return {name: tf.gather(array, row) for name, array in fields.items()}

        return Split(pieces, read, parse)


def _from_file(path: str) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {
                split: {
                    name.removeprefix(f"{split}_"): file[name]
                    for name in file.files
                    if name.startswith(f"{split}_")
                }
                for split in SPLITS
            }
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"source.parameters.path={path}: not an .npz file ({error})") from error


def _checked(key: str, arrays: Arrays) -> Arrays:
    """The arrays if they are what a source needs; raises `UserError` else."""
    wanted = "{'train': {field: array}, 'test': {field: array}}"
    if not isinstance(arrays, Mapping) or not all(
        isinstance(arrays.get(split), Mapping) and arrays[split] for split in SPLITS
    ):
        raise UserError(
            f"source.parameters.{key}: gives no {wanted}; in a file the names begin with "
            "train_ and test_"
        )
    made = {
        split: {name: np.asarray(array) for name, array in arrays[split].items()}
        for split in SPLITS
    }
    for split, fields in made.items():
        rows = {name: len(array) if array.ndim else 0 for name, array in fields.items()}
        if len(set(rows.values())) != 1 or not min(rows.values()):
            raise UserError(
                f"source.parameters.{key}: the arrays of {split} have {rows} rows; they must "
                "have the same number, at least 1"
            )
    if made["train"].keys() != made["test"].keys():
        raise UserError(
            f"source.parameters.{key}: train has the fields {sorted(made['train'])}, test has "
            f"{sorted(made['test'])}; they must be the same"
        )
    return made


def _digits() -> Arrays:
    from input_pipelines.sources.digits_builder import TEST_EXAMPLES, digits

    images, labels = digits()
    return {
        "train": {"image": images[TEST_EXAMPLES:], "label": labels[TEST_EXAMPLES:]},
        "test": {"image": images[:TEST_EXAMPLES], "label": labels[:TEST_EXAMPLES]},
    }
