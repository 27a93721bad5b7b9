"""The README's table of figures, made from the committed results and from nothing else.

python -m tests.performance.readme_table          prints it
python -m tests.performance.readme_table --write  puts it into README.md
"""

import json
import re
import sys
from pathlib import Path

from tests.performance.record import RESULTS
from tests.performance.rows import (
    clusters,
    deciding,
    emulated,
    faults,
    memory,
    pipelines,
    reading,
    served,
    training,
)

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def table() -> str:
    """Markdown, one row a figure, each with how it was made, and the days and revisions."""
    rows = ["| figure | measured | how | when |", "|---|---|---|---|"]
    for name, figures in _FIGURES.items():
        path = RESULTS / f"{name}.json"
        if path.is_file():
            record = json.loads(path.read_text())
            made = [*record.get("earlier", ()), record]
            moments = [f"{one['date'][:10]}, `{one['revision'][:7]}`" for one in made]
            when = "; ".join(dict.fromkeys(moments))
            command = f"`python -m {_MADE_BY.get(name, f'tests.performance.{name}')}`"
            for figure, measured in figures(record["measured"]):
                rows.append(f"| {figure} | {measured} | {command} | {when} |")
    return "\n".join(rows)


def write() -> None:
    text = README.read_text()
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    README.write_text(between.sub(f"{BEGIN}\n{table()}\n{END}", text))


_FIGURES = {
    "start_up": training.start_up,
    "killed_tasks": faults.killed,
    "recovery": faults.recovery,
    "closed_ports": faults.ports,
    "killed_sweep": faults.killed_sweep,
    "full_disk_sweep": faults.full_disk,
    "interval_coverage": reading.coverage,
    "comparisons": reading.comparisons,
    "report_of_many": reading.report_of_many,
    "learns_everywhere": training.learns,
    "same_mathematics": training.same,
    "loop_against_fit": training.loops,
    "recorder_cost": training.recorder,
    "step_breakdown": training.breakdown,
    "breakdown_truth": training.truth,
    "step_stamps_cost": training.stamps,
    "instrumentation_cost": training.instrumentation,
    "front_door": training.front_door,
    "data_service": served.data_service,
    "planted_jobs": pipelines.planted,
    "predicted_gains": pipelines.predicted,
    "tuned_pipelines": pipelines.tuned,
    "tuned_well_written": pipelines.well_written,
    "profile_cost": pipelines.profiling,
    "emulated_accelerators": emulated.accelerators,
    "emulated_hosts": emulated.hosts,
    "emulated_network": emulated.network,
    "fit_batch": memory.batch,
    "scaling_held_out": deciding.held_out,
    "planner_time": deciding.planner,
    "cluster_engines": clusters.engines,
}
_MADE_BY = {
    "planted_jobs": "tests.planted",
    "predicted_gains": "tests.planted --predictions",
    "tuned_well_written": "tests.performance.tuned_pipelines --well-written",
}
"""Figures that no module of their own name in this package makes."""

if __name__ == "__main__":
    write() if "--write" in sys.argv else print(table())
