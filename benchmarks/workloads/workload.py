"""The shape of a workload, as ours return it. Free of TensorFlow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Quality:
    """What is measured on held-out data."""

    name: str
    """With its unit where it has one, as `bits_per_byte`."""
    score: Callable[[Any, Any], Any]
    """(y, outputs) -> float32 [batch], per example."""
    direction: str
    """`higher` or `lower`, whichever is better."""


@dataclass(frozen=True)
class Workload:
    """A model with what it is trained by; see the package for the meaning of each attribute."""

    model: Callable[[], Any]
    optimizer: Callable[[], Any]
    loss: Callable[[Any, Any], Any]
    quality: Quality
    features: Callable[[Any], tuple[Any, Any]] | None = None
    augment: Callable[[Any, Any, Any], tuple[Any, Any]] | None = None
