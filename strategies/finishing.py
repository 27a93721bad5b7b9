"""The end of a run, which both loops share."""

from collections.abc import Callable
from typing import Any

from input_pipelines.build import evaluation_dataset
from strategies.job import TrainingJob
from strategies.model import Training
from strategies.saving import MODEL_FOLDER, local_copy, read_weights, save_model
from strategies.stopping import INTERRUPTED


def reaches_quality(job: TrainingJob, quality: float) -> bool:
    """Whether `until.quality` is given and `quality` is as good or better."""
    target = job.until.quality
    if target is None:
        return False
    return quality >= target if job.workload.quality.direction == "higher" else quality <= target


def finish(
    job: TrainingJob,
    training: Training,
    step: int,
    reason: str,
    barrier: Callable[[], None],
    diagnose: Callable[[], None] | None,
) -> None:
    """Saves the final model (the chief does, where one was trained), and returns once every task is
    done.

    `diagnose` is called by all tasks when nothing is needed of the variables any more.
    """
    job.recorder.state("saving")
    weights = read_weights(training.model)
    if job.chief and not job.emulated:
        save_final_model(job, weights)
        job.recorder.event("saved", step=step)
    barrier()
    if diagnose is not None and reason != INTERRUPTED:
        diagnose()
        barrier()
    job.recorder.event("finished", step=step, reason=reason)


def save_final_model(job: TrainingJob, weights: list[Any]) -> None:
    """Writes `model/` from the values of all weights."""
    model = local_copy(job.workload, weights)
    _, x, _ = evaluation_dataset(job.feed, 0, 1, job.batch_per_replica).element_spec
    save_model(model, x, job.folder.path / MODEL_FOLDER)
