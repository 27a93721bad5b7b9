"""scikit-learn's digits as a tensorflow-datasets builder. Importing it imports that package."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

TEST_EXAMPLES = 360
"""Of 1,797: a fifth, held out."""
GREY_LEVELS = 15
"""Times the original 0..16 gives 0..240."""
SPLIT_SEED = 0


class Digits(tfds.core.GeneratorBasedBuilder):
    """1,797 images of 8 by 8 handwritten digits, in an order and a split drawn once."""

    VERSION = tfds.core.Version("1.0.0")
    # Where checksums of downloads would lie; there are none. tfds 4.9.10 looks for it with the
    # package importlib_resources, which it doesn't require on Python 3.9 and later.
    code_path = None

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description="Handwritten digits of 8 by 8 pixels, from scikit-learn.",
            homepage="https://archive.ics.uci.edu/dataset/80",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 1), dtype=np.uint8),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        images, labels = digits()
        return {
            "train": self._generate_examples(images[TEST_EXAMPLES:], labels[TEST_EXAMPLES:]),
            "test": self._generate_examples(images[:TEST_EXAMPLES], labels[:TEST_EXAMPLES]),
        }

    def _generate_examples(
        self, images: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for key, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield key, {"image": image, "label": label}


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [1797, 8, 8, 1] of 0..240 and labels int64 [1797], in random order."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
    scaled = (images * GREY_LEVELS).astype(np.uint8).reshape(-1, 8, 8, 1)
    return scaled[order], labels[order].astype(np.int64)
