"""Which runs a person wants set against which: two folders, or the values of one key."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.errors import UserError, nearest
from results.groups import Group, grouped, makes_a_difference
from results.loading import Run, read_runs
from results.text import counted
from results.where import condition


@dataclass(frozen=True)
class Matchup:
    """Runs of one configuration against runs of another, and what they are called."""

    a: tuple[Run, ...]
    b: tuple[Run, ...]
    subject: str
    object: str


def between_folders(a: str, b: str, where: str | None = None) -> list[Matchup]:
    """What `a` ran against what `b` ran, each a run's or a sweep's folder.

    One configuration on each side: those two. Several: those that both sides ran. Raises UserError
    where there is nothing to set against each other.
    """
    if Path(a).expanduser().resolve() == Path(b).expanduser().resolve():
        raise UserError(
            f"b={b}: the same folder as a; to compare what lies in it, give folder and by"
        )
    ours, theirs = _done(a, "a", where), _done(b, "b", where)
    in_a = {id(run) for run in ours}
    groups = grouped([*ours, *theirs])
    halves = [
        (
            group,
            tuple(run for run in group.runs if id(run) in in_a),
            tuple(run for run in group.runs if id(run) not in in_a),
        )
        for group in groups
    ]
    only_a = [(group, of) for group, of, _ in halves if of]
    only_b = [(group, of) for group, _, of in halves if of]
    both = [each for each in halves if each[1] and each[2]]
    if len(only_a) == len(only_b) == 1 and not both:
        (first, of_a), (second, of_b) = only_a[0], only_b[0]
        return [Matchup(of_a, of_b, first.in_words, second.in_words)]
    if not both:
        raise UserError(
            f"b={b}: ran nothing that a={a} ran ({_names(only_a)} there, {_names(only_b)} here);"
            " give folders with a configuration in common, or choose one of each with where"
        )
    return [Matchup(of_a, of_b, group.in_words, f"in {b}") for group, of_a, of_b in both]


def by_key(
    folder: str, key: str, base: str | None = None, where: str | None = None
) -> list[Matchup]:
    """Each value of `key` against the value `base` (usually the first), all else being equal.

    Raises UserError where `key` doesn't vary in the runs of `folder`, or none has the value `base`.
    """
    if not makes_a_difference(key):
        raise UserError(
            f"by={key}: runs that differ in it are repeats; give a key such as strategy"
        )
    groups = grouped(_done(folder, "folder", where))
    values = _in_order(group.asked.get(key, "") for group in groups)
    if len(values) < 2:
        varying = [name for name in groups[0].asked if len({g.asked[name] for g in groups}) > 1]
        meant = nearest(key, varying)
        hint = f"did you mean {meant}?" if meant else f"give one of {', '.join(varying)}"
        if not varying:
            hint = "all of them ran the same"
        raise UserError(f"by={key}: is the same in all runs of {folder} that are done; {hint}")
    if base is not None and base not in values:
        raise UserError(f"base={base}: no run has {key}={base}; give one of {', '.join(values)}")
    found = []
    for alike in _alike(groups, key):
        against = _base_of(alike, key, base or values[0])
        found += [
            Matchup(group.runs, against.runs, group.in_words, _value_in_words(against, key))
            for group in alike
            if against is not None and group is not against
        ]
    if not found:
        raise UserError(
            f"base={base or values[0]}: ran nothing that another value of {key} ran too"
        )
    return found


def _in_order(values: Iterable[str]) -> list[str]:
    """Each value once; numbers from the smallest, anything else in the order of the runs."""
    found = list(dict.fromkeys(values))
    if all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in found):
        return sorted(found, key=float)
    return found


def _done(folder: str, key: str, where: str | None) -> list[Run]:
    runs = read_runs(folder, key)
    if where is not None:
        rows = {run.name: run.row() for run in runs}
        meant = condition(where, {name for row in rows.values() for name in row})
        runs = [run for run in runs if meant(rows[run.name])]
    done = [run for run in runs if run.state == "done"]
    if not done:
        which = f" that where={where} means" if where else ""
        raise UserError(f"{key}={folder}: none of its runs{which} is done; nothing to compare")
    return done


def _alike(groups: Sequence[Group], key: str) -> list[list[Group]]:
    """Groups that differ in nothing but `key`, together."""
    found: dict[tuple[tuple[str, str], ...], list[Group]] = {}
    for group in groups:
        rest = tuple((name, value) for name, value in group.asked.items() if name != key)
        found.setdefault(rest, []).append(group)
    return list(found.values())


def _base_of(alike: Sequence[Group], key: str, base: str) -> Group | None:
    return next((group for group in alike if group.asked[key] == base), None)


def _value_in_words(group: Group, key: str) -> str:
    value = group.asked[key]
    if key in ("strategy", "workload"):
        return value
    if key == "workers":
        return counted(group.workers, "worker")
    return f"{key}={value}"


def _names(groups: Sequence[tuple[Group, tuple[Run, ...]]]) -> str:
    shown = [group.label for group, _ in groups[:3]]
    return "; ".join(shown) + (" …" if len(groups) > 3 else "")
