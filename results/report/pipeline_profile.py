"""The profile of an input pipeline as `pipeline.json` holds it, read and put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from results.pipeline_file import number_in, record_in, records_in
from results.text import fixed, number, one_line, plain

_LONGEST_NAME = 24
_LONGEST_SENTENCE = 240
_MICROSECONDS = 1e6
_MILLION = 1e6


@dataclass(frozen=True)
class ShownStage:
    """A stage of the pipeline; microseconds are its own, per example. None: not measured."""

    name: str
    op: str
    cpu_us: float | None
    cpu_error_us: float | None
    """Half the width of the 95% interval."""
    wait_us: float | None
    parallelism_set: str
    parallelism_used: float | None
    buffer_set: str
    buffered: float | None
    ram_bytes: float | None
    alone: float | None
    """Examples a second."""
    limits: bool


@dataclass(frozen=True)
class ShownRate:
    """How fast the whole pipeline ran."""

    examples_per_second: float
    low: float | None
    high: float | None
    mb_per_second: float | None
    storage_mb_per_second: float | None
    cores_busy: float | None


@dataclass(frozen=True)
class ShownProfile:
    """All that is shown of a profile."""

    stages: tuple[ShownStage, ...]
    """In the order in which examples flow."""
    warm: ShownRate | None
    cold: ShownRate | None
    cold_missing: str
    limiting_stage: str
    limiting_why: str
    cores: int | None
    note: str
    emulated: str

    @property
    def message(self) -> str:
        """Which stage limits, in a sentence."""
        if not self.limiting_stage:
            return "No stage costs enough to say which one limits"
        why = f": {self.limiting_why}" if self.limiting_why else ""
        return f"{self.limiting_stage} limits{why}"


def shown_profile(profile: Mapping[str, Any]) -> ShownProfile:
    """The part "profile" of a `pipeline.json`; what is missing or of another kind is None."""
    cores = number_in(profile, "cores")
    return ShownProfile(
        stages=tuple(_stage(each) for each in records_in(profile, "stages")),
        warm=_rate(record_in(profile, "warm")),
        cold=_rate(record_in(profile, "cold")),
        cold_missing=_text(profile, "cold_missing", _LONGEST_SENTENCE),
        limiting_stage=_text(profile, "limiting_stage", _LONGEST_NAME),
        limiting_why=_text(profile, "limiting_why", _LONGEST_SENTENCE),
        cores=None if cores is None else int(cores),
        note=_text(profile, "note", _LONGEST_SENTENCE),
        emulated=_text(profile, "emulated", _LONGEST_SENTENCE),
    )


def rate_words(rate: ShownRate) -> str:
    """ "4,210 examples/s (4,180 to 4,240), 51.7 MB/s made, 1.8 cores busy"."""
    parts = [f"{number(rate.examples_per_second)} examples/s"]
    if rate.low is not None and rate.high is not None:
        parts[0] += f" ({number(rate.low)} to {number(rate.high)})"
    if rate.mb_per_second is not None:
        parts.append(f"{number(rate.mb_per_second)} MB/s made")
    if rate.storage_mb_per_second is not None:
        parts.append(f"{number(rate.storage_mb_per_second)} MB/s from storage")
    if rate.cores_busy is not None:
        parts.append(f"{fixed(rate.cores_busy, 1)} cores busy")
    return ", ".join(parts)


def calls_words(stage: ShownStage) -> str:
    """How many calls at once were asked for, and how many AUTOTUNE chose: "auto → 2"."""
    if not stage.parallelism_set:
        return "1"
    used = stage.parallelism_used
    chosen = f"{stage.parallelism_set} → {number(used)}" if used is not None else ""
    return chosen if stage.parallelism_set == "auto" and chosen else stage.parallelism_set


def buffer_words(stage: ShownStage) -> str:
    """How many elements lie in the buffer, of how many it takes: "3 of 4"; empty without one."""
    held, most = stage.buffered, stage.buffer_set
    if held is None:
        return most
    return f"{number(held)} of {most}" if most else number(held)


def rate_alone_words(stage: ShownStage) -> str:
    """Examples a second; above a million, where no pipeline comes near, only that."""
    return "> 1 M" if stage.alone is not None and stage.alone > _MILLION else number(stage.alone)


def _stage(record: Mapping[str, Any]) -> ShownStage:
    low, high = _microseconds(record, "cpu_low"), _microseconds(record, "cpu_high")
    return ShownStage(
        name=_text(record, "name", _LONGEST_NAME) or "unnamed",
        op=_text(record, "op", _LONGEST_NAME),
        cpu_us=_microseconds(record, "cpu_seconds_per_example"),
        cpu_error_us=None if low is None or high is None else (high - low) / 2,
        wait_us=_microseconds(record, "wait_seconds_per_example"),
        parallelism_set=_setting(record, "parallelism_set"),
        parallelism_used=number_in(record, "parallelism_used"),
        buffer_set=_setting(record, "buffer_size"),
        buffered=number_in(record, "buffered_elements"),
        ram_bytes=number_in(record, "ram_bytes"),
        alone=number_in(record, "examples_per_second_alone"),
        limits=record.get("limits") is True,
    )


def _rate(record: Mapping[str, Any]) -> ShownRate | None:
    rate = number_in(record, "examples_per_second")
    if rate is None:
        return None
    return ShownRate(
        examples_per_second=rate,
        low=number_in(record, "low"),
        high=number_in(record, "high"),
        mb_per_second=number_in(record, "mb_per_second"),
        storage_mb_per_second=number_in(record, "storage_mb_per_second"),
        cores_busy=number_in(record, "cores_busy"),
    )


def _microseconds(record: Mapping[str, Any], key: str) -> float | None:
    seconds = number_in(record, key)
    return None if seconds is None else _MICROSECONDS * seconds


def _setting(record: Mapping[str, Any], key: str) -> str:
    """A number or "auto", as text; empty where nothing was set."""
    value = number_in(record, key)
    if value is not None:
        return f"{value:,.10g}"
    return "auto" if record.get(key) == "auto" else ""


def _text(record: Mapping[str, Any], key: str, longest: int) -> str:
    found = record.get(key)
    return one_line(plain(found), longest) if isinstance(found, str) else ""
