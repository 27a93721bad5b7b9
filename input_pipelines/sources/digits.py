"""`digits`: scikit-learn's digits, prepared to shards on disk by tensorflow-datasets."""

from input_pipelines.sources.tfds import BuiltHere


def source(shards: int = 4) -> BuiltHere:
    """Images uint8 [8, 8, 1] of 0..240 with labels 0..9: 1,437 to train on, 360 held out.

    `shards` is the number of files of each split.
    """
    from input_pipelines.sources.digits_builder import Digits

    return BuiltHere(Digits, {"train": "train", "test": "test"}, shards)
