"""`target.json` of a sweep's folder: what `python -m benchmarks target` found, as plain records.

workload, quality, quality_name, direction   what all its runs trained until
price      usd_per_hour, machine, source, published; null where no price was given
left_out   why runs are in no cell, in sentences
says       what it came to, in sentences
cells      one record for runs that differ in nothing but the seed:
  label, strategy, workers, overlapping (workers that don't wait for each other), emulated
  batch_per_update   examples of one step: of all replicas, or of one worker where they overlap
  every_steps        how often held-out quality was looked at
  valid, reached     whether every seed reached the target; how many did
  steps, examples, seconds, start_up_seconds, usd, examples_per_second
             over seeds: median, low, high, confidence (of low to high), p10, p90; null in an
             invalid cell and where a seed lacks it. Seconds from the first touch of the data,
             dollars from the start of the tasks
  seeds      run, seed, state, reached, best_quality, and of the same fields its own; null where it
             did not reach the target
"""

from pathlib import Path
from typing import Any

from results.errors import UserError
from results.pipeline_file import records_in
from results.run_folder import RunFolder

TARGET = "target.json"


def target_in(folder: Path) -> dict[str, Any]:
    """The record of `folder`; empty where there is no file, or none that can be read."""
    try:
        found = RunFolder(folder).read_if_there(TARGET) or {}
        return dict(found) if records_in(found, "cells") else {}
    except UserError:
        return {}
