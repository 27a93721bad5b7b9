"""What sbatch says of a request that it doesn't take, in words that name the key."""

import re
from collections.abc import Mapping
from typing import Any

from launcher.engines.slurm.commands import SlurmError
from results.errors import UserError
from results.text import counted

_MOST_SHOWN = 300
_NEEDS = ("nodes", "cpus_per_task", "mem", "partition")


def refusal(
    error: SlurmError, options: Mapping[str, Any], tasks: int, gpus: int, gpus_asked: str
) -> UserError:
    """A line that names the key and the value that sbatch complains of, as far as it can be told.

    Args:
      options: the keys of `engine`.
      tasks, gpus: how many tasks were asked for, and GPUs for each.
      gpus_asked: the word that asked for these.
    """
    text = str(error)
    for pattern, key, right in _SAID:
        if re.search(pattern, text, re.IGNORECASE):
            given = f"{key}={_shown(options[key.removeprefix('engine.')])}" if key else gpus_asked
            return UserError(f"{given}: {right}")
    if re.search(r"node configuration is not available|Memory specification", text):
        asked = {"engine." + key: options[key] for key in _NEEDS if options[key] is not None}
        told = " ".join(f"{key}={_shown(value)}" for key, value in asked.items())
        run = counted(tasks, "task") + (f" with {counted(gpus, 'GPU')} each" if gpus else "")
        return UserError(
            f"{told or 'engine=slurm'}: more than the cluster has in this partition for the run's "
            f"{run}; ask for less, sinfo shows what there is"
        )
    return UserError(
        f"engine=slurm: sbatch doesn't take it: {' '.join(text.split())[:_MOST_SHOWN]}"
    )


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return f"[{','.join(value)}]" if isinstance(value, list | tuple) else str(value)


_SAID = (
    (
        r"invalid partition",
        "engine.partition",
        "the cluster has no such partition; sinfo lists them",
    ),
    (
        r"Invalid feature",
        "engine.constraint",
        "no node has such a feature; sinfo --format='%N %f' lists them",
    ),
    (
        r"Invalid account",
        "engine.account",
        "no such account, or not with this partition; sacctmgr show associations lists yours",
    ),
    (
        r"Requested time limit is invalid|Invalid --time",
        "engine.time",
        "more than the partition allows, or no time; sinfo --format='%P %l' lists limits",
    ),
    (r"Invalid --mem", "engine.mem", "not an amount of memory; give such as 16G"),
    (
        r"Invalid generic resource",
        None,
        "the cluster has no such GPUs; sinfo --format='%N %G' lists what it has",
    ),
    (
        r"(?:unrecognized|invalid|ambiguous) option|requires an argument|Invalid qos|"
        r"reservation is invalid|Invalid node name",
        "engine.extra",
        "sbatch doesn't take one of these options; man sbatch lists them",
    ),
)
"""What sbatch says, the key that it complains of (None: the one that asked for GPUs), and what is
right."""
