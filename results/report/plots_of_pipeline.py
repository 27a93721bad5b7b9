"""The stages of an input pipeline as a waterfall: what an example costs on its way to the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from results.report.drawing import BLUE, INK, ORANGE, VERMILION, Numbers, Plot, draw, legend
from results.report.pipeline_profile import (
    ShownProfile,
    ShownStage,
    buffer_words,
    calls_words,
    rate_alone_words,
    shown_profile,
)
from results.text import DASH, fixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_STAGES = 24
_ROW_HEIGHT = 24
_BAR = 0.62
_ROOM_FOR_WORDS = 1.3
"""The axis is so many times as long as what is drawn: a word stands behind the limiting stage."""
_HEAD = ("stage", "CPU µs", "± µs", "waits µs", "calls", "buffer", "RAM MB", "alone / s")


def waterfall(profile: Mapping[str, Any]) -> Plot | None:
    """Each stage's own CPU and waiting per example, one behind the other as examples flow.

    `profile` is that part of a `pipeline.json`; None where it holds no measured stage.
    """
    shown = shown_profile(profile)
    stages = [each for each in shown.stages if each.cpu_us is not None][:_MOST_STAGES]
    if not stages:
        return None

    def paint(axes: Axes) -> None:
        begun = 0.0
        for place, stage in enumerate(stages):
            begun = _paint_stage(axes, place, stage, begun)
        axes.barh(0, 0, color=BLUE, label="computing")
        axes.barh(0, 0, color=ORANGE, label="waiting")
        axes.set_yticks(range(len(stages)), [each.name for each in stages])
        for stage, label in zip(stages, axes.get_yticklabels(), strict=True):
            label.set_fontweight("bold" if stage.limits else "normal")
        axes.set_ylim(len(stages) - 0.4, -0.6)
        axes.set_xlim(0, _ROOM_FOR_WORDS * begun or 1.0)
        axes.set_xlabel("µs an example, added up along the way")
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        legend(axes)

    height = 100 + _ROW_HEIGHT * max(len(stages), 3)
    rows = [_row(stage) for stage in shown.stages]
    return draw("pipeline", height, paint, _message(shown), Numbers(_HEAD, rows))


def _paint_stage(axes: Axes, place: int, stage: ShownStage, begun: float) -> float:
    """Draws one stage from where the one before it ended; returns where it ends."""
    computed = begun + (stage.cpu_us or 0.0)
    ended = computed + (stage.wait_us or 0.0)
    axes.barh(place, computed - begun, _BAR, left=begun, color=BLUE)
    axes.barh(place, ended - computed, _BAR, left=computed, color=ORANGE)
    axes.plot([ended, ended], [place - _BAR / 2, place + 1 - _BAR / 2], color=INK, linewidth=0.6)
    if stage.limits:
        axes.barh(
            place, ended - begun, _BAR + 0.2, left=begun, color="none", edgecolor=VERMILION, lw=2
        )
        axes.annotate(
            "limits",
            (ended, place),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold",
        )
    return ended


def _message(shown: ShownProfile) -> str:
    emulated = f" (emulated: {shown.emulated})" if shown.emulated else ""
    return f"{shown.message}{emulated}"


def _row(stage: ShownStage) -> list[str]:
    ram = None if stage.ram_bytes is None else stage.ram_bytes / 1e6
    return [
        stage.name + (" (limits)" if stage.limits else ""),
        fixed(stage.cpu_us, 1),
        fixed(stage.cpu_error_us, 1),
        fixed(stage.wait_us, 1),
        calls_words(stage),
        buffer_words(stage) or DASH,
        fixed(ram, 1),
        rate_alone_words(stage),
    ]
