"""What a dataset is built from, and what becomes of one example. Runs in tasks only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from benchmarks.workloads.conversion import converted
from input_pipelines.own_pipeline import first_own_batch
from input_pipelines.pieces import Split
from input_pipelines.settings import PipelineSettings, StorageSettings
from results.errors import UserError


@dataclass(frozen=True)
class Feed:
    """Examples, the workload that takes them, and how they travel."""

    train: Split
    test: Split
    workload: Any
    pipeline: PipelineSettings
    seed: int
    cache_folder: str | None = None
    """An existing folder of this task for `pipeline.cache=disk`; None makes a temporary one."""
    storage: StorageSettings = field(default_factory=StorageSettings)
    """What reading the files has to wait for."""
    service: tuple[str, ...] = ()
    """The dispatcher of each data worker that prepares for this task; none: it does so itself."""

    @property
    def training_files(self) -> tuple[str, ...]:
        """Files that training reads; none where a person's own function reads what it likes."""
        return self.train.files if self.pipeline._target_ is None else ()

    @property
    def training_key(self) -> str:
        """The key that training batches come from, with its value where it is a person's own."""
        target = self.pipeline._target_
        return "source" if target is None else f"pipeline._target_={target}"

    @tf.autograph.experimental.do_not_convert
    def first_batch(self, batch: int, split: str = "train") -> tuple[Any, Any]:
        """(x, y) of a split's first examples, of `train` augmented as in training.

        A split of fewer than `batch` examples gives them again. Where `pipeline._target_` is given,
        the first batch of that stands for `train`.
        """
        if split == "train" and self.pipeline._target_ is not None:
            return first_own_batch(self, batch)
        chosen = self.train if split == "train" else self.test
        piece = chosen.pieces[0]
        pairs = chosen.read(piece.path, piece.first, piece.count).map(pair_of(self, chosen))
        augment = augment_of(self) if split == "train" else None
        if augment is not None:
            pairs = pairs.enumerate().map(lambda number, pair: augment(number, *pair)[1:])
        return next(iter(pairs.repeat().batch(batch, drop_remainder=True)))


def pair_of(feed: Feed, split: Split) -> Callable[[Any], tuple[Any, Any]]:
    """The function from one raw element to (x, y): the source's parse, the workload's features."""
    own = getattr(feed.workload, "features", None)
    features = converted(own) if own is not None else _default_features
    parse = converted(split.parse)

    def pair(raw):
        return _two("features(example)", features(parse(raw)))

    return pair


def augment_of(feed: Feed) -> Callable[[Any, Any, Any], tuple[Any, Any, Any]] | None:
    """The function from (number, x, y) to the same with x and y augmented; None where none is.

    The only randomness a workload gets is the pair (seed, number): an example looks the same
    whichever replica makes it and however often, and different in each epoch.
    """
    own = getattr(feed.workload, "augment", None)
    if own is None or not feed.pipeline.augment:
        return None
    augment = converted(own)

    def change(number, x, y):
        seed = tf.stack([tf.constant(feed.seed, tf.int64), number])
        return number, *_two("augment(x, y, seed)", augment(x, y, seed))

    return change


def parallel_map(
    feed: Feed, dataset: tf.data.Dataset, function: Callable, name: str, ordered: bool = True
) -> tf.data.Dataset:
    """`dataset.map` with as many calls at once as the pipeline says, for this stage or for all.

    The order stays where `ordered` says that it must, or where the pipeline keeps it anyway.
    """
    return dataset.map(
        function,
        num_parallel_calls=feed.pipeline.parallel.get(name, feed.pipeline.parallel_calls)
        or tf.data.AUTOTUNE,
        deterministic=ordered or feed.pipeline.deterministic,
        name=name,
    )


def batched(feed: Feed, dataset: tf.data.Dataset, batch: int) -> tf.data.Dataset:
    """The last stages: batches of a fixed shape, made ahead as the pipeline says."""
    dataset = dataset.batch(batch, drop_remainder=True, name="batch")
    ahead = feed.pipeline.prefetch
    if ahead != 0:
        dataset = dataset.prefetch(ahead or tf.data.AUTOTUNE, name="prefetch")
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    if feed.pipeline.threads is not None:
        options.threading.private_threadpool_size = feed.pipeline.threads
    return dataset.with_options(options)


def _two(what: str, returned: Any) -> tuple[Any, Any]:
    """What a function of the workload returned, if it is a pair."""
    if isinstance(returned, (tuple, list)) and len(returned) == 2:
        return returned[0], returned[1]
    kind = type(returned).__name__
    raise UserError(f"workload.{what}: must return (x, y), returned one {kind}")


def _default_features(example: Mapping[str, Any]) -> tuple[Any, Any]:
    """Of an example with two fields, one of them its label."""
    others = [field for field in example if field != "label"]
    if len(example) != 2 or len(others) != 1:
        raise UserError(
            f"workload.features: the source gives the fields {', '.join(sorted(example))}; without "
            "features(example) there must be exactly two, one of them label"
        )
    return example[others[0]], example["label"]
