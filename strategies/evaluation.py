"""Quality on held-out data: each held-out example counts once, whatever the number of replicas."""

import functools
from typing import Any

import tensorflow as tf

from benchmarks.workloads.conversion import converted
from input_pipelines.build import evaluation_dataset
from strategies.job import TrainingJob
from strategies.placed import on_replicas


class Evaluator:
    """Scores a model over all replicas of a strategy; every task must call it at the same step.

    A coordinator, which has no replica, scores a model of its own `alone`.
    """

    def __init__(
        self, job: TrainingJob, strategy: tf.distribute.Strategy, model: Any, *, alone: bool = False
    ) -> None:
        self._job = job
        self._first, self._own = job.first_replica, job.placement.replicas
        self._replicas = job.replicas
        if alone:
            self._first, self._own, self._replicas = 0, 1, 1
        predict, judge = converted(model), converted(job.workload.quality.score)

        def score(weight: tf.Tensor, x: Any, y: Any) -> tf.Tensor:
            outputs = tf.nest.map_structure(
                lambda t: tf.cast(t, tf.float32), predict(x, training=False)
            )
            scores = tf.cast(judge(y, outputs), tf.float32)
            return tf.stack([tf.reduce_sum(weight * scores), tf.reduce_sum(weight)])

        @tf.function(autograph=False)
        def scored(batches: list[Any]) -> tf.Tensor:
            weight, x, y = on_replicas(strategy, batches)
            return strategy.reduce(
                tf.distribute.ReduceOp.SUM, strategy.run(score, args=(weight, x, y)), axis=None
            )

        self._scored = scored
        self._beat = job.recorder.beat

    @functools.cached_property
    def _datasets(self) -> list[tf.data.Dataset]:
        """One a replica of this task; made when first asked for: the first step needs none."""
        job = self._job
        return [
            evaluation_dataset(job.feed, replica, self._replicas, job.batch_per_replica)
            for replica in range(self._first, self._first + self._own)
        ]

    def quality(self) -> float:
        """The mean score over the held-out set."""
        total = tf.zeros([2])
        for batches in zip(*self._datasets, strict=True):
            total += self._scored(list(batches))
            self._beat()
        return float(total[0] / total[1])
