"""Checkpoints of a run: model and optimizer by the chief, each task's input by itself.

A checkpoint is complete once its manifest is there: the chief writes that last, after a barrier
(`checkpoint_folder`). The rows of all steps up to it are on disk by then.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from results.errors import UserError
from strategies import checkpoint_folder
from strategies.checkpoint_folder import CHECKPOINTS_FOLDER, MANIFEST
from strategies.job import TrainingJob
from strategies.model import Training

_STATE = "state"


def save(
    job: TrainingJob,
    training: Training,
    step: int,
    iterators: dict[str, Any],
    barrier: Callable[[], None],
    position: dict[str, Any] | None = None,
) -> None:
    """Writes `checkpoints/<step>/`; every task that trains calls it at the same step.

    Args:
      iterators: this task's input iterators by name; empty where input is handed out by number.
      barrier: returns once every task has called it.
      position: what a coordinator needs to go on handing out input; kept in the manifest.
    """
    folder = job.folder.path / CHECKPOINTS_FOLDER / str(step)
    folder.mkdir(parents=True, exist_ok=True)
    if job.chief:
        # A damaged one of the same step, which is now made anew, is complete no more.
        (folder / MANIFEST).unlink(missing_ok=True)
    state = tf.train.Checkpoint(model=training.model, optimizer=training.optimizer)
    if job.chief:
        state.write(str(folder / _STATE))
    elif training.keras_2:
        # tf_keras reduces variables when it reads them, so every task has to save (and all but the
        # chief's copy is thrown away).
        aside = folder / f"aside-{job.task}"
        state.write(str(aside / _STATE))
        shutil.rmtree(aside)
    saved = bool(iterators) and _save_iterators(job, folder, iterators)
    job.recorder.flush()
    barrier()
    if job.chief:
        checkpoint_folder.complete(
            folder,
            {
                "step": step,
                "replicas": job.replicas,
                "batch_per_replica": job.batch_per_replica,
                "sharding": job.feed.pipeline.sharding,
                "seed": job.seed,
                "inputs": len(iterators) if saved else 0,
                "position": position,
            },
        )
        checkpoint_folder.keep_newest(job.folder.path, job.checkpoint.keep)


def find(job: TrainingJob) -> tuple[Path, dict[str, Any]] | None:
    """The checkpoint that the job is to start from, and its manifest; None where it starts afresh.

    A damaged one that is left out is told in the task's log and among its events.

    Raises:
      UserError: there is none that is whole.
    """
    if job.checkpoint.restore is None:
        return None
    path, manifest, warnings = checkpoint_folder.find(job.checkpoint.restore)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
        job.recorder.event("checkpoint_left_out", warning=warning)
    return path, manifest


def restore_state(path: Path, training: Training) -> None:
    """Fills model and optimizer from the checkpoint at `path`.

    Raises:
      UserError: it was made by another model or optimizer.
    """
    state = tf.train.Checkpoint(model=training.model, optimizer=training.optimizer)
    try:
        status = state.read(str(path / _STATE))
        status.assert_existing_objects_matched()
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UserError(
            f"checkpoint.restore={path}: it does not fit this model and optimizer ({reason}); "
            "give a checkpoint of the same workload"
        ) from error


def _save_iterators(job: TrainingJob, folder: Path, iterators: dict[str, Any]) -> bool:
    """False where they can't be saved: an operation of the user's own keeps a state that tf.data
    can't write down (`tf.random.uniform`, `tf.py_function`)."""
    try:
        tf.train.Checkpoint(**iterators).write(str(folder / f"input-{job.task}"))
    except (tf.errors.FailedPreconditionError, tf.errors.UnimplementedError) as error:
        job.recorder.event("input_not_saved", reason=str(error).splitlines()[0][:200])
        return False
    return True


def restore_iterators(path: Path, task: str, iterators: dict[str, Any]) -> bool:
    """Sets the iterators where the checkpoint left them; False where it holds none for `task`."""
    prefix = path / f"input-{task}"
    if not prefix.with_name(prefix.name + ".index").is_file():
        return False
    tf.train.Checkpoint(**iterators).read(str(prefix)).assert_existing_objects_matched()
    return True
