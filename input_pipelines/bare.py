"""A workload that takes examples as they are: for a pipeline that is studied without a model."""

from types import SimpleNamespace
from typing import Any


def workload() -> SimpleNamespace:
    """Nothing but `features`: x is the whole example, y is nothing."""
    return SimpleNamespace(features=_as_it_is)


def _as_it_is(example: Any) -> tuple[Any, tuple[()]]:
    return example, ()
