"""Rows of the README's table about failures, sweeps that are cut off, and who can connect."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.performance.killed_tasks import is_well


def killed(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rows = measured["runs"]
    for restarts, became in ((0, "ended as failed"), (1, "started again, ended well")):
        own = [row for row in rows if row["restarts"] == restarts]
        well = sum(map(is_well, own))
        longest = max(row["seconds"] for row in own)
        yield (
            "a random task killed at start-up, in its first step, in the middle or while it saves, "
            f"all strategies, isolated and not, `restarts={restarts}`: named, {became} within 5 s, "
            "no process, port or file left",
            f"{well} of {len(own)}, longest {longest:.1f} s",
        )


def recovery(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    restarts = measured["restart_seconds"]
    yield (
        f"four workers, one killed: from the kill to the first new step, {len(restarts)} times",
        f"median {np.median(restarts):.1f} s, longest {max(restarts):.1f} s",
    )
    stops = measured["stopped"]
    named = sum(each["named"] == "worker-1" for each in stops)
    yield (
        f"one of three workers stopped, `watch.stall_seconds={measured['stall_seconds']:g}`: "
        "the run has ended, and names it",
        f"{named} of {len(stops)}, longest {max(each['seconds'] for each in stops):.1f} s",
    )
    for row in measured["five_kills"]:
        plain, killed = row["steps"]
        kept = (
            f"{row['missing_examples']} examples missing, {row['repeated_examples']} repeated"
            if row["strategy"] == "parameter_server"
            else f"{'the same' if row['same_examples'] else 'OTHER'} examples, "
            f"loss differs by {row['loss_difference']:.1e}"
        )
        plural = "s" if row["workers"] > 1 else ""
        yield (
            f"{row['strategy']}, {row['workers']} worker{plural}, killed five times, "
            "against the same run undisturbed",
            f"{killed} steps against {plain}, {kept}; goodput {row['goodput_share'][1]:.0%} of the "
            f"time against {row['goodput_share'][0]:.0%}",
        )


def ports(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for isolation in ("namespace", "none"):
        own = [row for row in measured["tasks"] if row["isolation"] == isolation]
        reached = sum(bool(row["answers_at"]) for row in own)
        yield (
            f"tasks of all strategies that listen, whose port answers from outside, "
            f"`isolation={isolation}`",
            f"{reached} of {len(own)}",
        )


def killed_sweep(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kills = measured["kills"]
    moments = ", ".join(f"{count} {moment}" for moment, count in kills.items())
    yield (
        f"SIGKILL of the launcher at {sum(kills.values())} random moments of {measured['sweeps']} "
        f"sweeps, resumed each time ({moments})",
        f"{measured['done_once']} of {measured['runs']} runs done exactly once; "
        f"{measured['attempts_that_lost_steps']} attempts lost measured steps, "
        f"{measured['finished_files_changed']} finished files changed, "
        f"{measured['tables_that_differ']} tables differ from an undisturbed sweep's",
    )


def full_disk(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    filled, foreseen = measured["filled"], measured["foreseen"]
    after_all = filled["fills"] - len(filled["stops"])
    yield (
        f"a disk that becomes full at {filled['fills']} random moments of a sweep",
        f"stopped with one line {len(filled['stops'])} times ({after_all} came when all was done), "
        f"{filled['tracebacks']} tracebacks, "
        f"{filled['finished_files_changed']} finished files changed; with room again "
        f"{filled['done_once']} of {filled['runs']} runs done exactly once",
    )
    yield (
        "a disk that fits half of a sweep",
        f"stopped before run {foreseen['done_before'] + 1}; with room again "
        f"{foreseen['done_once']} of {foreseen['runs']} runs done exactly once",
    )
