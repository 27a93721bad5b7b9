"""`csv_lines`: generated click logs as CSV files, as recommenders train on.

A line is the label (0 or 1), then the dense columns, then one number for each categorical column.
Each category has a weight of its own, drawn once; a click is likelier the larger the sum of the
line's weights, so the label is learnt by learning the categories. Few categories are frequent and
most are rare (drawn from a power law), as in real logs.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from input_pipelines.pieces import Piece, Split, span
from input_pipelines.sources.identity import identity_of
from results.errors import UserError

VERSION = 1
TEST_SHARE = 8
"""One held-out example is drawn for so many to train on."""
SKEW = 3.0
"""Category = vocabulary · u^SKEW for u uniform in 0..1: half the lines lie in an eighth."""
SHARPNESS = 3.0
"""Standard deviation of a line's logit: the best possible accuracy is about 0.84."""
SPLITS = ("train", "test")


def source(
    examples: int = 65_536,
    dense: int = 4,
    categorical: int = 8,
    vocabulary: int = 10_000,
    shards: int = 8,
    seed: int = 0,
) -> "CsvLines":
    """`examples` lines to train on, an eighth as many held out, in `shards` training files.

    `dense` columns of real numbers and `categorical` columns of categories below `vocabulary`.
    """
    given = {"examples": examples, "dense": dense, "categorical": categorical}
    given |= {"vocabulary": vocabulary, "shards": shards}
    for name, value in given.items():
        if value < 1:
            raise UserError(f"source.parameters.{name}={value}: at least 1 is needed")
    if shards > examples:
        raise UserError(f"source.parameters.shards={shards}: at most one for each of {examples}")
    return CsvLines(examples, dense, categorical, vocabulary, shards, seed)


@dataclass(frozen=True)
class CsvLines:
    """The source for one choice of parameters."""

    examples: int
    dense: int
    categorical: int
    vocabulary: int
    shards: int
    seed: int

    @property
    def identity(self) -> str:
        """Of all parameters."""
        return identity_of(VERSION, **asdict(self))

    def prepare(self, folder: Path) -> None:
        """Draws all lines and writes the files, a file at a time."""
        for index, split in enumerate(SPLITS):
            for shard, piece in enumerate(self._layout(folder, split)):
                rng = np.random.default_rng([self.seed, index, shard])
                _write(Path(piece.path), *self._draw(rng, piece.count))

    def open(self, folder: Path | None, split: str) -> Split:
        """Examples {dense float32 [dense], categorical int32 [categorical], label int64 []}."""
        assert folder is not None, "what is drawn lies in a folder"
        pieces = tuple(self._layout(folder, split))
        return Split(pieces, _read, self._parse, tuple(piece.path for piece in pieces))

    def _layout(self, folder: Path, split: str) -> Iterator[Piece]:
        train = split == "train"
        examples = self.examples if train else -(-self.examples // TEST_SHARE)
        shards = self.shards if train else -(-self.shards // TEST_SHARE)
        for shard in range(shards):
            first, end = span(examples, shard, shards)
            path = folder / f"{split}-{shard:05d}-of-{shards:05d}.csv"
            yield Piece(str(path), 0, end - first)

    def _draw(self, rng: np.random.Generator, lines: int) -> tuple[np.ndarray, ...]:
        """Labels [lines], dense [lines, dense], categories [lines, categorical]."""
        truth = np.random.default_rng([self.seed, len(SPLITS)])
        category_weights = truth.normal(size=(self.categorical, self.vocabulary))
        dense_weights = truth.normal(size=self.dense)
        dense = rng.normal(size=(lines, self.dense))
        uniform = rng.uniform(size=(lines, self.categorical))
        categories = (self.vocabulary * uniform**SKEW).astype(np.int64)
        logits = dense @ dense_weights
        logits += category_weights[np.arange(self.categorical), categories].sum(1)
        logits *= SHARPNESS / np.sqrt(self.categorical + (dense_weights**2).sum())
        labels = rng.uniform(size=lines) < 1 / (1 + np.exp(-logits))
        return labels.astype(np.int64), dense, categories

    def _parse(self, line: Any) -> dict[str, Any]:
        import tensorflow as tf

        defaults = [tf.constant([], tf.int64)] + [tf.constant([], tf.float32)] * self.dense
        defaults += [tf.constant([], tf.int32)] * self.categorical
        columns = tf.io.decode_csv(line, defaults)
        return {
            "dense": tf.stack(columns[1 : 1 + self.dense]),
            "categorical": tf.stack(columns[1 + self.dense :]),
            "label": columns[0],
        }


def _write(path: Path, labels: np.ndarray, dense: np.ndarray, categories: np.ndarray) -> None:
    with path.open("w") as file:
        for label, numbers, chosen in zip(labels, dense, categories, strict=True):
            columns = [str(label), *(f"{number:.4f}" for number in numbers), *map(str, chosen)]
            file.write(",".join(columns) + "\n")


def _read(path: Any, first: Any, count: Any) -> Any:
    import tensorflow as tf

    lines = tf.data.TextLineDataset(path, name="lines")
    return lines.skip(first, name="skip").take(count, name="take")
