"""Rows of the README's table about input that tf.data service prepares."""

from collections.abc import Iterator
from typing import Any

_INPUTS = {
    "waits": "waits 5 ms an example",
    "computes": "computes in TensorFlow's threads",
    "python": "runs Python for 1 ms an example",
}


def data_service(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for kind, what in _INPUTS.items():
        told = [
            f"{way}: {ratio:.2f} × ({low:.2f} to {high:.2f})"
            for of, way, ratio, low, high in measured["ratios"]
            if of == kind
        ]
        yield f"input that {what}: throughput ÷ the training process's own", "; ".join(told)
