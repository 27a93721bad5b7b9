"""Rows of the README's table about training, its loop, and how soon it starts."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from results.step_words import STEP_WORDS


def learns(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    runs = measured["runs"]
    cells = {(each["strategy"], each["keras"], each["workers"]) for each in runs}
    seeds = len({each["seed"] for each in runs})
    differ = sum(abs(each["quality"] - each["saved_quality"]) > 1e-6 for each in runs)
    yield (
        f"held-out accuracy on `digits_mlp`: {len(cells)} cells of strategy × Keras × workers, "
        f"{seeds} seeds each",
        f"{min(each['quality'] for each in runs):.3f} or better in all {len(runs)} runs, after "
        f"{max(each['steps'] for each in runs)} steps at most",
    )
    yield (
        "the saved model, loaded in a new process, scores the same",
        f"{len(runs) - differ} of {len(runs)}",
    )


def same(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rows = measured["largest_difference_from_one_device"]
    for workload in dict.fromkeys(row["workload"] for row in rows):
        own = [row for row in rows if row["workload"] == workload]
        loss, variable = (max(row[key] for row in own) for key in ("loss", "variable"))
        yield (
            f"`{workload}`: largest difference from one device after 10 steps, "
            + ", ".join(row["strategy"] for row in own),
            f"loss {loss:.1e}, variables {variable:.1e}",
        )


def loops(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, middle, low, high in measured["ratios"]:
        slower, _, rest = name.partition(" ÷ ")
        yield (
            f"time of a step, two workers: {slower} ÷ {rest}",
            f"{middle:.2f} × ({low:.2f} to {high:.2f})",
        )


def recorder(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for row in measured["cost"]:
        yield (
            f"the recorder costs, {row['calls']:,} calls of {row['steps_per_call']} steps",
            f"{row['cpu_us_per_step']:.1f} µs of CPU a step, {row['share']:.2%} of one of 2.7 ms",
        )
    for row in measured["ratio"]:
        yield (
            f"a step of {row['step_us']:.0f} µs, {row['steps_per_call']} a call: with "
            "the recorder ÷ without",
            f"{row['ratio']:.3f} × ({row['low']:.3f} to {row['high']:.3f})",
        )


def front_door(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, seconds in measured["seconds"].items():
        tensorflow = measured["tensorflow_imported"][name]
        yield (
            f"the launcher answers: {name}",
            f"median {np.median(seconds):.2f} s, longest {max(seconds):.2f} s"
            + (", imports TensorFlow" if tensorflow else ""),
        )


def start_up(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, middle, low, high in measured["ratios"]:
        yield f"time to the first step, {name}", f"{middle:.3f} × ({low:.3f} to {high:.3f})"
    between = measured["between_runs_seconds"]
    yield (
        "from the end of a run's tasks to the start of the next run's",
        f"median {np.median(between):.2f} s, longest {max(between):.2f} s",
    )


def breakdown(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for workload in dict.fromkeys(cell["workload"] for cell in measured["cells"]):
        own = [cell for cell in measured["cells"] if cell["workload"] == workload]
        left, calls = (
            ", ".join(
                f"{cell['strategy']} {share:.1%}"
                for cell in own
                if (share := cell["shares"][part]) is not None
            )
            for part in ("rest", "call")
        )
        outside = max(cell["unaccounted"] for cell in own)
        yield (
            f"`{workload}`: of a step, what no part names; and between two calls of ten steps",
            f"{left}; and {calls}; in no step {outside:.1%} at most",
        )


def stamps(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for row in measured["cost"]:
        yield (
            f"`{row['workload']}`, a step of {row['step_us']:.0f} µs: with the stamps of its parts "
            "÷ without",
            f"{row['ratio']:.3f} × ({row['low']:.3f} to {row['high']:.3f}), "
            f"{row['cpu_us_per_step']:.1f} µs of CPU a step",
        )


def truth(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    real = {name for name, cell in measured["cells"].items() if cell["real"]}
    rows = [row for row in measured["rows"] if row["cell"] not in real]
    for part in dict.fromkeys(row["part"] for row in rows):
        known = [row for row in rows if row["part"] == part and row["planted_ms"] > 0]
        if not known:
            continue
        farthest = max((row["error"] for row in known), key=abs)
        middle = float(np.median([abs(row["error"]) for row in known]))
        yield (
            f"{STEP_WORDS[part]}: what the parts of a step tell against what was planted (emulated "
            f"accelerators, networks, stragglers, slow input), {len(known)} rows",
            f"{middle:.1%} off in the median, farthest {farthest:+.1%}",
        )
    for name in measured["cells"]:
        if name in real:
            computed = [
                row["measured_ms"]
                for row in measured["rows"]
                if row["cell"] == name and row["part"] == "compute"
            ]
            yield (
                f"a task that really computes, made {measured['cells'][name]['slower']:g} × as "
                f"slow (`{measured['cells'][name]['strategy']}`): its computing ÷ the other task's",
                f"{max(computed) / min(computed):.2f} ×",
            )


def instrumentation(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for row in measured["cost"]:
        yield (
            f"`{row['workload']}`, a step of {row['step_us']:.0f} µs: with all instrumentation ÷ a "
            "plain loop",
            f"{row['ratio']:.3f} × ({row['low']:.3f} to {row['high']:.3f}), "
            f"{row['cpu_us_per_step']:.1f} µs of CPU a step over {row['calls']:,} calls",
        )
