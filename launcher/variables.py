"""Environment variables in a configuration, `${oc.env:NAME}`: which may give their values to it.

What a configuration says is written to the run's folder, where others read it, and the value of a
variable may be a secret. So OmegaConf's resolver gives place to one that knows a list.
"""

import os
from typing import Any

from omegaconf import OmegaConf

from results.errors import UserError, nearest

WRITTEN = (
    "HOME", "HOSTNAME", "PWD", "SCRATCH", "TMPDIR", "USER", "WORK", "XDG_CACHE_HOME",
    "JOB_COMPLETION_INDEX", "LOCAL_RANK", "MASTER_ADDR", "NODE_RANK", "OMPI_COMM_WORLD_RANK",
    "PMI_RANK", "RANK", "SLURM_ARRAY_TASK_ID", "SLURM_JOB_ID", "SLURM_NODEID", "SLURM_PROCID",
    "VC_TASK_INDEX",
)  # fmt: skip
"""Variables that a configuration may take values from: places, and what a platform tells each of
its processes apart by."""
_NOT_GIVEN = object()


def register() -> None:
    """From now on `${oc.env:NAME}` and `${oc.env:NAME,default}` are `value_of`."""
    OmegaConf.register_new_resolver("oc.env", value_of, replace=True)


def value_of(name: str, default: Any = _NOT_GIVEN) -> str | None:
    """The value of an environment variable, or the default where it isn't set.

    Raises UserError where it isn't set and there is no default, or it may hold a secret.
    """
    value = os.environ.get(name)
    if value is None:
        if default is _NOT_GIVEN:
            near = nearest(name, WRITTEN)
            right = f"did you mean {near}?" if near else "set it, or give the value itself"
            raise UserError(f"the environment variable {name} isn't set; {right}")
        return None if default is None else str(default)
    if name not in WRITTEN:
        raise UserError(
            f"the value of {name} would be written to the run's folder; read it where it is used, "
            "from os.environ, or give the value itself where it is no secret"
        )
    return value


def as_typed(words: Any) -> list[str]:
    """Words of the command line, as a person typed them, out of Hydra's configuration: a look at
    one of its own would read the variables that the word names."""
    typed: list[str] = OmegaConf.to_container(words, resolve=False)  # type: ignore[assignment]
    return typed
