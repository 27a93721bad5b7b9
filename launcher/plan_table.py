"""What `dry_run=true` prints: every task and what it is told of the others, in 80 columns."""

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from launcher.cluster_plan import DATA_SERVICE, SERVICE_ROLES, ClusterPlan
from launcher.experiment import Experiment

_COLUMNS = 80
_MOST_WHOLE = 16
"""Every TF_CONFIG names the whole cluster; of many, the first ones are shown in full."""


def print_plan(experiment: Experiment, plan: ClusterPlan, console: Console) -> None:
    """The plan of one run; nothing of it has been started."""
    batch = experiment.batch
    console.print(
        Text(
            f"strategy={experiment.strategy.name} workers={experiment.workers} "
            f"workload={experiment.workload.name} source={experiment.source.name} "
            f"devices={experiment.devices} batch={batch.total} ({batch.replicas} × "
            f"{batch.per_replica})"
        ),
        width=_COLUMNS,
    )
    tasks = Table(box=None, padding=(0, 2, 0, 0))
    for head in ("Task", "Address", "GPUs", "Keras"):
        tasks.add_column(head)
    for task in plan.tasks:
        gpus = ", ".join(experiment.gpus[gpu] for gpu in task.gpus) or "none"
        tasks.add_row(task.name, "\n".join(task.addresses) or "none", gpus, str(experiment.keras))
    console.print(tasks, width=_COLUMNS)
    if experiment.engine.elsewhere:
        told = "Hosts and ports are known when the run begins; these stand for them."
        console.print(Text(told), width=_COLUMNS)
    configs = Table(box=None, padding=(0, 2, 0, 0))
    configs.add_column("Task", no_wrap=True)
    configs.add_column("TF_CONFIG", overflow="fold")
    training = [task for task in plan.tasks if task.role not in SERVICE_ROLES]
    for number, task in enumerate(training):
        whole = task.environment.get("TF_CONFIG", "none: it talks to no other task")
        configs.add_row(task.name, Text(whole if number < _MOST_WHOLE else _shortened(whole)))
    console.print(configs, width=_COLUMNS)
    service = plan.tasks[0].environment.get(DATA_SERVICE)
    if service is not None:
        console.print(Text(f"{DATA_SERVICE} of every task: {service}"), width=_COLUMNS)


def _shortened(config: str) -> str:
    """A TF_CONFIG without the cluster, which is the same for all tasks."""
    return f'the same "cluster", "task": {json.dumps(json.loads(config)["task"])}'
