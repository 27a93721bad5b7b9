"""What a person asks of the planner, read from the words of the command line and judged at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from benchmarks import quantities
from benchmarks.planning.deciding import Limits
from results.errors import UserError

KEYS = {
    "deadline": "how long one training may take: 4h, 90m, 2d",
    "ready_by": "when the model must be ready, in UTC: 2026-12-24T18:00; training begins now",
    "deploy": "with ready_by: what deploying takes after training: 30m",
    "budget": "USD that one training may cost: 50",
    "per_day": "trainings a day, one after another: 6",
    "examples": "examples to train on: 1e9",
    "target": "held-out quality to reach, by runs with until.quality: 0.97",
    "allow": "which instances may be used: [g5.xlarge,c5.large]",
    "speed": "'{p4d.24xlarge: 3.2}': a whole instance is so many times as fast as the measured one",
    "machine": "which instance the runs were made on; usually one without a price",
    "usd_per_hour": "what an hour of the measured machine costs: 0.10",
    "spot": "true: spot prices; interruptions are not counted",
    "where": "which runs: where='workload == resnet'",
    "cost.catalogue": "a YAML file of your own instances, which adds rows or replaces them",
}
"""What each key of the command is, besides `folder`."""

_NOT_BOTH = (("deadline", "ready_by"), ("examples", "target"))


@dataclass(frozen=True)
class Request:
    """What is asked, all of it possible by itself."""

    seconds: float | None
    """What one training may take, the tightest of what was given; None: any time."""
    said: str
    """The words that `seconds` comes from, "deadline=4h"; empty where there are none."""
    budget: float | None
    per_day: float | None
    examples: float | None
    """This or `target` is given, not both."""
    target: float | None
    allow: tuple[str, ...]
    """Empty: any."""
    speed: Mapping[str, float]
    """Of whole instances, as times that of the measured machine."""
    machine: str | None
    usd_per_hour: float | None
    spot: bool
    where: str | None
    catalogue: str | None

    @property
    def limits(self) -> Limits:
        """What one training may take and cost."""
        return Limits(self.seconds, self.budget)


def request_of(words: Mapping[str, str], now: datetime) -> Request:
    """The request; raises UserError for what contradicts itself or can't be met by anything."""
    for one, other in _NOT_BOTH:
        if one in words and other in words:
            raise UserError(f"{other}={words[other]}: {one} is given too; give one of the two")
    if "examples" not in words and "target" not in words:
        raise UserError(
            "examples=: missing; give examples=1e9, or target=0.97 by runs that reach it"
        )
    if "deploy" in words and "ready_by" not in words:
        raise UserError(
            f"deploy={words['deploy']}: is for ready_by; a deadline is of training alone"
        )
    per_day = quantities.per_day("per_day", words["per_day"]) if "per_day" in words else None
    seconds, said = _time_limit(words, per_day, now)
    return Request(
        seconds=seconds,
        said=said,
        budget=quantities.usd("budget", words["budget"]) if "budget" in words else None,
        per_day=per_day,
        examples=(
            float(quantities.whole("examples", words["examples"])) if "examples" in words else None
        ),
        target=quantities.any_number("target", words["target"]) if "target" in words else None,
        allow=quantities.names("allow", words["allow"]) if "allow" in words else (),
        speed=quantities.ratios("speed", words["speed"]) if "speed" in words else {},
        machine=words.get("machine"),
        usd_per_hour=(
            quantities.usd_per_hour("usd_per_hour", words["usd_per_hour"])
            if "usd_per_hour" in words
            else None
        ),
        spot=quantities.truth("spot", words.get("spot", "false")),
        where=words.get("where"),
        catalogue=words.get("cost.catalogue"),
    )


def _time_limit(
    words: Mapping[str, str], per_day: float | None, now: datetime
) -> tuple[float | None, str]:
    """The tightest limit, and the words that it comes from."""
    found: list[tuple[float, str]] = []
    if "deadline" in words:
        seconds = quantities.duration("deadline", words["deadline"])
        found.append((seconds, f"deadline={words['deadline']}"))
    if "ready_by" in words:
        found.append(_ready(words, now))
    if per_day is not None:
        found.append((quantities.SECONDS_PER_DAY / per_day, f"per_day={words['per_day']}"))
    return min(found, default=(None, ""), key=lambda each: each[0])


def _ready(words: Mapping[str, str], now: datetime) -> tuple[float, str]:
    said = f"ready_by={words['ready_by']}"
    deploy = quantities.duration("deploy", words["deploy"]) if "deploy" in words else 0.0
    seconds = quantities.until(quantities.moment("ready_by", words["ready_by"]), deploy, now)
    if seconds + deploy <= 0:
        raise UserError(f"{said}: is over (it is {now:%Y-%m-%dT%H:%M} in UTC); give a later moment")
    if seconds <= 0:
        left = quantities.in_time(seconds + deploy)
        raise UserError(f"deploy={words['deploy']}: {said} is in {left}, which leaves no training")
    return seconds, said
