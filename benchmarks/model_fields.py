"""What a run's model is made of, and what it and its input take, as its tasks wrote it down."""

from collections.abc import Iterable, Mapping
from typing import Any

_BUILT, _COUNTED, _BUFFERED = "model_built", "step_counted", "input_buffered"


def model_fields(events: Iterable[Mapping[str, Any]]) -> dict[str, float | int | None]:
    """The fields of `benchmarks.summary` about them; null where no task told."""
    told = list(events)
    built = [event for event in told if event.get("event") == _BUILT]
    counted = [event for event in told if event.get("event") == _COUNTED]
    buffered = [event for event in told if event.get("event") == _BUFFERED]
    return {
        **{name: _first(built, name) for name in ("parameters", "variable_bytes")},
        "optimizer_bytes": _first(built, "optimizer_bytes"),
        "gradient_bytes": _first(counted, "gradient_bytes"),
        "step_flops": _first(counted, "flops"),
        "framework_mb": _most_mb(built, "framework_bytes"),
        "input_buffers_mb": _most_mb(buffered, "bytes"),
    }


def flop_utilization(
    step_flops: float | None,
    batch_per_replica: float | None,
    examples_per_second: float | None,
    peak: float | None,
) -> float | None:
    """What all replicas' contractions come to, of `peak` FLOP/s; None where one isn't known.

    `examples_per_second` is that of all replicas together. Recomputing isn't counted: "model FLOPs
    utilization" of Chowdhery et al., "PaLM", 2022, appendix B.
    """
    if not (step_flops and batch_per_replica and examples_per_second and peak):
        return None
    return step_flops * examples_per_second / batch_per_replica / peak


def _first(events: list[Mapping[str, Any]], name: str) -> Any:
    """All tasks build the same model."""
    return next((event[name] for event in events if event.get(name) is not None), None)


def _most_mb(events: list[Mapping[str, Any]], name: str) -> float | None:
    """Of the tasks that tell how many bytes that is."""
    known = [size for event in events if (size := event.get(name)) is not None]
    return max(known) / 1e6 if known else None
