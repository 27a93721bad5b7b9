"""The input of `jpeg_cnn` for processes that know nothing of the launcher: our own pipeline."""

from pathlib import Path

from benchmarks.workloads.jpeg_cnn import workload
from input_pipelines import PipelineSettings, load_source, open_source

SOURCE, NAME = "input_pipelines.sources.jpeg_records.source", "jpeg_records"
BATCH_PER_WORKER = 32


def dataset(cache_folder: str, worker: int, workers: int):
    """(x, y) that worker `worker` of `workers` trains on, from what a run of ours has prepared."""
    from input_pipelines.build import Feed, training_dataset

    train, test = open_source(load_source(SOURCE, {}), NAME, Path(cache_folder))
    feed = Feed(train, test, workload(), PipelineSettings(), seed=0)
    numbered = training_dataset(feed, worker, workers, BATCH_PER_WORKER)
    return numbered.map(lambda number, x, y: (x, y))
