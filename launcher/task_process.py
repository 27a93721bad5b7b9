"""How a task of a plan is started, by whichever launcher starts it."""

from collections.abc import Mapping

from launcher.cluster_plan import TaskPlan
from launcher.engines import TaskProcess
from launcher.experiment import Experiment
from results.run_folder import LOG, RunFolder

_BYTES_IN_MB = 1_000_000


def task_process(
    task: TaskPlan, experiment: Experiment, folder: RunFolder, environment: Mapping[str, str]
) -> TaskProcess:
    """The process of `task` of the run in `folder`.

    Args:
      environment: set on top of what the plan says.
    """
    memory_mb = experiment.watch.memory_mb
    return TaskProcess(
        name=task.name,
        function="launcher.task:main",
        arguments=[str(folder.path), task.name],
        environment={**task.environment, **environment},
        log=folder.task_folder(task.name) / LOG,
        memory_bytes=None if memory_mb is None else memory_mb * _BYTES_IN_MB,
        host=task.host,
    )
