"""Workloads: what is trained. Importing this package doesn't import TensorFlow.

A workload is any object with these attributes (a dict with these keys will do); nothing has to be
inherited from.

model() -> tf.keras.Model
    built fresh, in the strategy's scope; maps x [batch, …] to outputs [batch, …]
optimizer() -> tf.keras.optimizers.Optimizer
loss(y, outputs) -> float32 [batch]
    per example
quality
    an object (or dict) with `name`, `direction` ("higher" or "lower") and
    score(y, outputs) -> float32 [batch], per example, whose mean over the held-out set counts
features(example: dict of tensors) -> (x, y)
    optional; one example, graph-safe. Without it an example has two fields, one of them `label`
augment(x, y, seed: int64 [2]) -> (x, y)
    optional; one example, random only through tf.random.stateless_* and the seed

`workload._target_` names a callable that takes `workload.parameters` and returns such an object.
"""

from benchmarks.workloads.loading import load_component, load_workload
from benchmarks.workloads.workload import Quality, Workload

__all__ = ["Quality", "Workload", "load_component", "load_workload"]
