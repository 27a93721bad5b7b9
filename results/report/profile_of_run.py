"""What the traced steps of a run cost, operation by operation, and where the trace lies."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.errors import UserError
from results.loading import Run
from results.profiles import OPERATIONS_CSV, TRACE, Profile, read_profile
from results.text import fixed, number, one_line, percent

HEAD = ("operation", "type", "times", "own ms", "share")
_TOP = 10
_LONGEST_NAME = 120
_MOST_RUNS = 20


@dataclass(frozen=True)
class ShownProfile:
    """A sentence, the costliest operations, and the files to go on with."""

    said: str
    rows: Sequence[Sequence[str]]
    links: Sequence[tuple[str, str]]
    """Path below the report's folder, and what lies there."""


def profiles(runs: Sequence[Run], single: bool) -> list[ShownProfile]:
    """Of each run that was profiled; of a sweep's only the first ones, without operations."""
    found = []
    for run in [run for run in runs if run.value("profiled")][:_MOST_RUNS]:
        try:
            profile = read_profile(run.folder)
        except UserError as error:
            found.append(ShownProfile(one_line(error), [], []))
            continue
        if profile is None:
            found.append(ShownProfile(f"{_of(run, single)} left no trace.", [], []))
        else:
            found.append(_shown(run, profile, single))
    return found


def _shown(run: Run, profile: Profile, single: bool) -> ShownProfile:
    first, last = profile.steps
    below = "" if single else f"{run.name}/"
    return ShownProfile(
        said=f"{_of(run, single)} traced steps {first} to {last} on {', '.join(profile.tasks)};"
        " their operations are added up. Tracing slows a run, so no speed is told of it.",
        rows=[
            [
                one_line(each.operation, _LONGEST_NAME),
                one_line(each.kind, _LONGEST_NAME),
                number(each.occurrences),
                fixed(1000 * each.self_seconds, 2),
                percent(each.self_share),
            ]
            for each in profile.operations[: _TOP if single else 0]
        ],
        links=[
            (below + OPERATIONS_CSV, f"all {len(profile.operations)} operations (CSV)"),
            (below + TRACE, "the trace, for ui.perfetto.dev"),
        ],
    )


def _of(run: Run, single: bool) -> str:
    return "The run" if single else f"Run {one_line(run.name, _LONGEST_NAME)}"
