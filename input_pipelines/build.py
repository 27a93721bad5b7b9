"""The datasets that tasks run on, in one place to import from. Imports TensorFlow."""

from input_pipelines.corruption import find_corruption
from input_pipelines.evaluation import evaluation_batches, evaluation_dataset
from input_pipelines.feed import Feed
from input_pipelines.requests import requested_dataset
from input_pipelines.training import training_dataset

__all__ = [
    "Feed",
    "evaluation_batches",
    "evaluation_dataset",
    "find_corruption",
    "requested_dataset",
    "training_dataset",
]
