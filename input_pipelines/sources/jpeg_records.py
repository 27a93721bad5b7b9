"""`jpeg_records`: JPEG images in TFRecord shards, drawn once into the cache folder.

An image shows waves whose wavelength is its class; direction, phase, colours, brightness and noise
are drawn anew for each, and a disc hides a part. So no pixel, colour or place tells the class,
flipping, cropping and changing the brightness keep it, and a small convolutional network learns it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from input_pipelines.pieces import Piece, Split, span
from input_pipelines.sources.identity import identity_of
from input_pipelines.sources.records import record_split
from results.errors import UserError

VERSION = 1
TEST_SHARE = 8
"""One held-out example is drawn for so many to train on."""
SHORTEST_WAVE_PIXELS = 3.5
"""What survives JPEG at quality 85."""
LONGEST_WAVE_SHARE = 0.5
"""Of the image's side."""
NOISE_GREY_LEVELS = 25
"""Standard deviation, of 255."""
SPLITS = ("train", "test")


def source(
    examples: int = 4096,
    size: int = 64,
    classes: int = 8,
    shards: int = 8,
    seed: int = 0,
    quality: int = 85,
) -> "JpegRecords":
    """`examples` to train on, an eighth as many held out; `size` pixels a side.

    `shards` is the number of training files (the held-out ones are one for eight of those),
    `quality` is JPEG's, 1 to 100.
    """
    least = {"examples": (examples, 1), "size": (size, 16), "classes": (classes, 2)}
    least |= {"shards": (shards, 1), "quality": (quality, 1)}
    for name, (value, smallest) in least.items():
        if value < smallest:
            raise UserError(f"source.parameters.{name}={value}: at least {smallest} is needed")
    if quality > 100:
        raise UserError(f"source.parameters.quality={quality}: at most 100")
    if shards > examples:
        raise UserError(f"source.parameters.shards={shards}: at most one for each of {examples}")
    return JpegRecords(examples, size, classes, shards, seed, quality)


@dataclass(frozen=True)
class JpegRecords:
    """The source for one choice of parameters."""

    examples: int
    size: int
    classes: int
    shards: int
    seed: int
    quality: int

    @property
    def identity(self) -> str:
        """Of all parameters."""
        return identity_of(VERSION, **asdict(self))

    def prepare(self, folder: Path) -> None:
        """Draws all images and writes the shards."""
        for split in SPLITS:
            for piece, numbers in self._layout(folder, split):
                self._write(piece.path, split, numbers)

    def open(self, folder: Path | None, split: str) -> Split:
        """Examples {image uint8 [size, size, 3], label int64 []}."""
        assert folder is not None, "what is drawn lies in a folder"
        pieces = tuple(piece for piece, _ in self._layout(folder, split))
        return record_split(pieces, self._parse)

    def _layout(self, folder: Path, split: str) -> Iterator[tuple[Piece, range]]:
        """Each file of the split with the numbers of its examples."""
        train = split == "train"
        examples = self.examples if train else -(-self.examples // TEST_SHARE)
        shards = self.shards if train else -(-self.shards // TEST_SHARE)
        for shard in range(shards):
            first, end = span(examples, shard, shards)
            path = folder / f"{split}-{shard:05d}-of-{shards:05d}.tfrecord"
            yield Piece(str(path), 0, end - first), range(first, end)

    def _write(self, path: str, split: str, numbers: range) -> None:
        import tensorflow as tf

        with tf.io.TFRecordWriter(path) as writer:
            for number in numbers:
                rng = np.random.default_rng([self.seed, SPLITS.index(split), number])
                label = int(rng.integers(self.classes))
                pixels = draw(rng, self.size, wavelength(label, self.classes, self.size))
                jpeg = tf.io.encode_jpeg(pixels, quality=self.quality).numpy()
                features = {
                    "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[jpeg])),
                    "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())

    def _parse(self, record: Any) -> dict[str, Any]:
        import tensorflow as tf

        fields = {
            "image": tf.io.FixedLenFeature([], tf.string),
            "label": tf.io.FixedLenFeature([], tf.int64),
        }
        example = tf.io.parse_single_example(record, fields)
        image = tf.io.decode_jpeg(example["image"], channels=3)
        image = tf.ensure_shape(image, [self.size, self.size, 3])
        return {"image": image, "label": example["label"]}


def wavelength(label: int, classes: int, size: int) -> float:
    """Pixels from crest to crest, evenly spaced in proportion over the classes."""
    longest = LONGEST_WAVE_SHARE * size
    return SHORTEST_WAVE_PIXELS * (longest / SHORTEST_WAVE_PIXELS) ** (label / (classes - 1))


def draw(rng: np.random.Generator, size: int, wave_pixels: float) -> np.ndarray:
    """One image, uint8 [size, size, 3]."""
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    direction, phase = rng.uniform(0, 2 * np.pi, 2)
    along = across * np.cos(direction) + down * np.sin(direction)
    waves = np.sin(2 * np.pi * along / wave_pixels + phase)
    colour, hidden = rng.uniform(80, 175, (2, 3))
    contrast = rng.uniform(30, 90) * rng.uniform(0.5, 1, 3)
    image = colour + waves[..., None] * contrast
    centre, radius = rng.uniform(0, size, 2), rng.uniform(0.1, 0.3) * size
    disc = (across - centre[0]) ** 2 + (down - centre[1]) ** 2 < radius**2
    image[disc] = hidden
    image += rng.normal(0, NOISE_GREY_LEVELS, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)
