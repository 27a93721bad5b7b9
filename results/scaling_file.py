"""`scaling.json` of a sweep's folder: what `python -m benchmarks scale` found, as plain records.

fits       one record for each strategy, workload and batch rule:
  label, strategy, workload, rule, emulated, runs, left_out, fitted_full, held_out_error
  headline where it ends, in half a sentence
  says     what it rests on and where it ends, in sentences
  series   one record for each network, gradient and number of servers: conditions (in words),
    points   workers, examples_per_second, kept_apart; one for each run
    curve    workers, examples_per_second, low, high: what the model says, with its 95% interval;
             measured, measured_low, measured_high: null where it was not; efficiency, cores_full
  held_out workers, conditions, predicted, low, high, measured, error, ernest_error, cores_full:
           cells of the most workers, predicted from the others
"""

from pathlib import Path
from typing import Any

from results.errors import UserError
from results.pipeline_file import records_in
from results.run_folder import RunFolder

SCALING = "scaling.json"


def fits_in(folder: Path) -> list[dict[str, Any]]:
    """The records of `folder`; none where there is no file, or none that can be read."""
    try:
        return records_in(RunFolder(folder).read_if_there(SCALING) or {}, "fits")
    except UserError:
        return []
