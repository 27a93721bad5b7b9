"""The README's table of figures, made from the committed results and from nothing else.

python -m tests.performance.readme_table          prints it
python -m tests.performance.readme_table --write  puts it into README.md
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.performance.killed_tasks import is_well
from tests.performance.record import RESULTS

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def table() -> str:
    """Markdown, one row a figure, each with how it was made, the day and the revision."""
    rows = ["| figure | measured | how | when |", "|---|---|---|---|"]
    for name, figures in _FIGURES.items():
        path = RESULTS / f"{name}.json"
        if path.is_file():
            record = json.loads(path.read_text())
            when = f"{record['date'][:10]}, `{record['revision'][:7]}`"
            command = f"`python -m tests.performance.{name}`"
            for figure, measured in figures(record["measured"]):
                rows.append(f"| {figure} | {measured} | {command} | {when} |")
    return "\n".join(rows)


def write() -> None:
    text = README.read_text()
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    README.write_text(between.sub(f"{BEGIN}\n{table()}\n{END}", text))


def _learns(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


def _same(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rows = measured["largest_difference_from_one_device"]
    for workload in dict.fromkeys(row["workload"] for row in rows):
        own = [row for row in rows if row["workload"] == workload]
        loss, variable = (max(row[key] for row in own) for key in ("loss", "variable"))
        yield (
            f"`{workload}`: largest difference from one device after 10 steps, "
            + ", ".join(row["strategy"] for row in own),
            f"loss {loss:.1e}, variables {variable:.1e}",
        )


def _loops(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, middle, low, high in measured["ratios"]:
        slower, _, rest = name.partition(" ÷ ")
        yield (
            f"time of a step, two workers: {slower} ÷ {rest}",
            f"{middle:.2f} × ({low:.2f} to {high:.2f})",
        )


def _front_door(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, seconds in measured["seconds"].items():
        tensorflow = measured["tensorflow_imported"][name]
        yield (
            f"the launcher answers: {name}",
            f"median {np.median(seconds):.2f} s, longest {max(seconds):.2f} s"
            + (", imports TensorFlow" if tensorflow else ""),
        )


def _recorder(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


def _start_up(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, middle, low, high in measured["ratios"]:
        yield f"time to the first step, {name}", f"{middle:.3f} × ({low:.3f} to {high:.3f})"
    between = measured["between_runs_seconds"]
    yield (
        "from the end of a run's tasks to the start of the next run's",
        f"median {np.median(between):.2f} s, longest {max(between):.2f} s",
    )


def _killed(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


def _recovery(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


def _ports(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for isolation in ("namespace", "none"):
        own = [row for row in measured["tasks"] if row["isolation"] == isolation]
        reached = sum(bool(row["answers_at"]) for row in own)
        yield (
            f"tasks of all strategies that listen, whose port answers from outside, "
            f"`isolation={isolation}`",
            f"{reached} of {len(own)}",
        )


def _coverage(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    cells = measured["cells"]
    held = [cell["held"] for cell in cells]
    yield (
        f"95% intervals within a run: {len(cells)} kinds of correlated series, "
        f"{measured['series']:,} of each",
        f"hold the truth in {min(held):.1%} to {max(held):.1%}, wherever one is given",
    )


def _comparisons(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    pairs, share = measured["pairs"], measured["slowdown"]
    for row in measured["sets"]:
        name = f"{row['configuration']} ({row['recording'].replace('_', ' ')}, {row['runs']} runs)"
        claims, planted, told = row["false_claims"], row["planted"], row["told"]
        yield (
            f"compared with itself, {measured['draws']:,} times: {name}",
            f"a difference claimed in {claims['paired']:.1%} (pairs), "
            f"{claims['unpaired']:.1%} (unpaired)",
        )
        yield (
            f"a planted {share:.0%} slowdown, {pairs} pairs: {name}",
            f"found in {planted['found']:.0%}; pairs spread {planted['pair_spread']:.1%}, which "
            f"lets {pairs} show {planted['could_show']:.1%}",
        )
        yield (
            f"the smallest difference that {pairs} pairs tell, planted: {name}",
            f"found in {told['same']:.0%} of the same pairs, {told['other']:.0%} of others",
        )


def _report_of_many(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for row in measured["measured"]:
        reports = row["reports"]
        yield (
            f"a report over {row['runs']:,} runs, from the command",
            f"median {np.median([each['seconds'] for each in reports]):.1f} s, "
            f"{max(each['peak_mb'] for each in reports):.0f} MB of memory, "
            f"{max(each['page_mb'] for each in reports):.1f} MB of HTML"
            + (", imports TensorFlow" if reports[0]["tensorflow_imported"] else ""),
        )
        yield (
            f"its table of {row['runs']:,} runs sorts and filters, in Chromium",
            f"{max(row['slowest_answers'].values()):.2f} s at most",
        )


def _killed_sweep(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


def _full_disk(measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


_FIGURES = {
    "start_up": _start_up,
    "interval_coverage": _coverage,
    "comparisons": _comparisons,
    "report_of_many": _report_of_many,
    "learns_everywhere": _learns,
    "same_mathematics": _same,
    "loop_against_fit": _loops,
    "recorder_cost": _recorder,
    "front_door": _front_door,
    "killed_tasks": _killed,
    "recovery": _recovery,
    "closed_ports": _ports,
    "killed_sweep": _killed_sweep,
    "full_disk_sweep": _full_disk,
}

if __name__ == "__main__":
    write() if "--write" in sys.argv else print(table())
