"""`decision.json` of a folder: what to do, as plain records.

plan         what `python -m benchmarks plan` found:
  goal, headline       in words
  seconds_limit, seconds_limit_said, budget_usd, per_day   what was asked; null is no limit
  priced               whether cost is USD; else nothing had a price and it is machine-hours
  emulated             what was not the machine's own; null is nothing
  recommendation, runner_up   one option each; null where nothing fits
  front                options that nothing beats in time and cost at once, fastest first
  curves               the same of each machine by itself, a list for each
  says                 recommendation and runner-up, what each constraint costs or which one would
                       have to give, in sentences
  levers               name, what, times_as_fast, seconds, usd, kind: a device, input or machines
  answer               which of them gains most, in a sentence; null where none can be compared
  candidates           how many options there were; unknown: instances that have none; notes
An option: instance, devices, machines, workers, strategy; most_measured_workers: of any run of
that strategy; speed (examples/s), seconds and usd of one training, each with _low and _high (95%);
machine_hours; known_by, emulated, usd_per_hour, price_published, price_is_old; strong: whether its
machine is one of the faster ones.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results.errors import UserError
from results.pipeline_file import record_in
from results.run_folder import RunFolder

DECISION = "decision.json"
PLAN_PART = "plan"


def put_plan(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes the plan into the folder's file; other parts stay. Raises as `RunFolder` does."""
    of = RunFolder(folder)
    of.write(DECISION, (of.read_if_there(DECISION) or {}) | {PLAN_PART: record})


def plan_in(folder: Path) -> dict[str, Any]:
    """The plan of `folder`; empty where there is none, or none that can be read."""
    try:
        return record_in(RunFolder(folder).read_if_there(DECISION) or {}, PLAN_PART)
    except UserError:
        return {}
