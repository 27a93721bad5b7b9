"""One module for each `tf.distribute` strategy, and the two loops that train under them.

The names here are free of TensorFlow; `train` and what it needs are imported inside a task.
"""

from strategies.settings import (
    CheckpointSettings,
    EvaluateSettings,
    LoopSettings,
    MeasureSettings,
    UntilSettings,
)

__all__ = [
    "CheckpointSettings",
    "EvaluateSettings",
    "LoopSettings",
    "MeasureSettings",
    "UntilSettings",
]
