"""Checkpoints of a run: model and optimizer by the chief, each task's input by itself.

A checkpoint is complete once its manifest is there: the chief writes that last, after a barrier.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from results.errors import UserError
from results.run_folder import RunFolder
from strategies.job import TrainingJob
from strategies.model import Training

CHECKPOINTS_FOLDER = "checkpoints"
MANIFEST = "manifest.json"
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
    state = tf.train.Checkpoint(model=training.model, optimizer=training.optimizer)
    if job.chief:
        state.write(str(folder / _STATE))
    elif training.keras_2:
        # tf_keras reduces variables when it reads them, so every task has to save (and all but the
        # chief's copy is thrown away).
        aside = folder / f"aside-{job.task}"
        state.write(str(aside / _STATE))
        shutil.rmtree(aside)
    if iterators:
        tf.train.Checkpoint(**iterators).write(str(folder / f"input-{job.task}"))
    barrier()
    if job.chief:
        RunFolder(folder).write(
            MANIFEST,
            {
                "step": step,
                "replicas": job.replicas,
                "batch_per_replica": job.batch_per_replica,
                "sharding": job.feed.pipeline.sharding,
                "seed": job.seed,
                "inputs": len(iterators),
                "position": position,
            },
        )
        _keep_newest(folder.parent, job.checkpoint.keep)


def find(folder: str | Path) -> tuple[Path, dict[str, Any]]:
    """The checkpoint in `folder` (or the newest complete one of a run's folder), and its manifest.

    Raises:
      UserError: there is none.
    """
    path = Path(folder)
    if not (path / MANIFEST).is_file():
        below = path if path.name == CHECKPOINTS_FOLDER else path / CHECKPOINTS_FOLDER
        complete = _complete(below)
        if not complete:
            raise UserError(
                f"checkpoint.restore={folder}: no complete checkpoint there; give a run's folder, "
                f"or a folder that holds {MANIFEST}"
            )
        path = complete[-1]
    return path, RunFolder(path).read(MANIFEST)


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


def restore_iterators(path: Path, task: str, iterators: dict[str, Any]) -> bool:
    """Sets the iterators where the checkpoint left them; False where it holds none for `task`."""
    prefix = path / f"input-{task}"
    if not prefix.with_name(prefix.name + ".index").is_file():
        return False
    tf.train.Checkpoint(**iterators).read(str(prefix)).assert_existing_objects_matched()
    return True


def _complete(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if (path / MANIFEST).is_file()]
    return sorted(found, key=lambda path: int(path.name))


def _keep_newest(folder: Path, keep: int) -> None:
    for path in _complete(folder)[:-keep]:
        shutil.rmtree(path)
