"""Ways to train and machines of round numbers, so that a plan can be worked by hand.

One worker trains 100 examples a second, n train n × 100 up to 4 and 400 beyond. The weak machine is
the measured one, at 1 USD an hour; the strong one is 8 times as fast, at 10 USD an hour.
"""

from dataclasses import replace
from datetime import date

from benchmarks.catalogue import Instance
from benchmarks.planning.candidates import Machine
from benchmarks.planning.ways import Way
from benchmarks.scaling import MEASURED, PREDICTED, Prediction

EXAMPLES = 1_440_000
"""4 hours of one weak machine."""
TODAY = date(2026, 11, 25)


def instance(name: str, **fields: object) -> Instance:
    row = Instance(name, provider="own", published=TODAY, source="made")
    return replace(row, **fields)  # type: ignore[arg-type]


def speed_of(workers: int, spread: float = 0.0, kind: str = PREDICTED) -> Prediction:
    speed = 100.0 * min(workers, 4)
    return Prediction(speed, speed * (1 - spread), speed * (1 + spread), kind)


def multiworker(spread: float = 0.0) -> Way:
    return Way(
        strategy="multiworker",
        batch_of_one=32,
        on_one=((1, speed_of(1, spread, MEASURED)),),
        across=lambda workers, mbit: speed_of(workers, spread),
        held_out_error=0.02,
    )


MIRRORED = Way(
    strategy="mirrored",
    batch_of_one=32,
    on_one=(
        (1, speed_of(1, kind=MEASURED)),
        (2, Prediction(150, 150, 150, MEASURED)),
    ),
)
PARAMETER_SERVER = Way(
    strategy="parameter_server",
    batch_of_one=32,
    on_one=(),
    across=lambda workers, mbit: speed_of(workers),
    servers=2,
    synchronous=False,
)
WEAK = Machine(instance("weak"), 1.0, measured=True, usd_per_hour=1.0)
STRONG = Machine(instance("strong"), 8.0, usd_per_hour=10.0)
