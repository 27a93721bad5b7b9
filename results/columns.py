"""The columns that `results.load` gives: unit, meaning, and which way is better.

Figures come from `summary.json`; `benchmarks.summary` says how each one is measured. Besides these
there is a column for each key of the configuration ("batch.total", "pipeline.shuffle").
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from results.errors import UserError, nearest

HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True)
class Column:
    """What a column holds. `better` is `HIGHER`, `LOWER`, or None where neither is."""

    unit: str
    meaning: str
    better: str | None = None


_TEXT, _COUNT, _SHARE, _SECONDS, _BYTES = "text", "count", "0 to 1", "s", "bytes"
_MOMENT = "UTC, ISO 8601"

COLUMNS: dict[str, Column] = {
    "run": Column(_TEXT, "name of the run: its path below the folder that was read"),
    "folder": Column(_TEXT, "where the run lies"),
    "state": Column(
        _TEXT,
        "done, failed, interrupted, running, waiting, not_applicable, unreadable or unknown",
    ),
    "reason": Column(_TEXT, "why it is not done"),
    "repeat": Column(_COUNT, "which repeat of its configuration in its sweep, from 0"),
    "block": Column(_COUNT, "round of its sweep: runs of one round ran near each other"),
    "busy_share": Column(
        _SHARE, "of the machine's cores, busy with other things when the run began, if too much"
    ),
    "failed_task": Column(_TEXT, "the task that a failure began in"),
    "strategy": Column(_TEXT, "strategy of tf.distribute"),
    "workers": Column(_COUNT, "how many times the model is computed at once"),
    "ps": Column(_COUNT, "parameter servers"),
    "keras": Column(_COUNT, "3, or 2 for tf_keras"),
    "workload": Column(_TEXT, "what was trained"),
    "source": Column(_TEXT, "where examples came from"),
    "batch_total": Column("examples", "what all replicas took in a step"),
    "batch_per_replica": Column("examples", "what one replica took in a step"),
    "seed": Column(_COUNT, "everything random came from it"),
    "emulated": Column(_TEXT, "what was not the machine's own"),
    "isolation": Column(_TEXT, "namespace: nobody outside could connect; or none"),
    "isolation_why": Column(_TEXT, "why there was none"),
    "examples_per_second": Column(
        "examples/s", "throughput over all replicas, warm-up dropped", HIGHER
    ),
    "examples_per_second_low": Column("examples/s", "lower end of its 95% interval in the run"),
    "examples_per_second_high": Column("examples/s", "upper end of its 95% interval in the run"),
    "examples_per_second_interval": Column(_TEXT, "what that interval is about: within run"),
    "effective_sample": Column(_COUNT, "independent steps or windows that the interval rests on"),
    "step_seconds_median": Column(_SECONDS, "median over calls of a call's seconds a step", LOWER),
    "step_input_seconds": Column(_SECONDS, "of a measured step (mean), waiting for input", LOWER),
    "step_pull_seconds": Column(_SECONDS, "of it, reading variables of servers", LOWER),
    "step_compute_seconds": Column(_SECONDS, "of it, until gradients were ready", LOWER),
    "step_straggle_seconds": Column(_SECONDS, "of it, waiting for the slowest task", LOWER),
    "step_transfer_seconds": Column(_SECONDS, "of it, summing over replicas without that", LOWER),
    "step_push_seconds": Column(_SECONDS, "of it, handing gradients to servers", LOWER),
    "step_update_seconds": Column(_SECONDS, "of it, updating the variables", LOWER),
    "step_queue_seconds": Column(_SECONDS, "of it, a worker's waiting for its coordinator", LOWER),
    "step_call_seconds": Column(_SECONDS, "of it, between two calls", LOWER),
    "step_rest_seconds": Column(_SECONDS, "of it, what is left: between two steps", LOWER),
    "staleness_mean": Column("updates", "of others, between a worker's read and update", LOWER),
    "parameters": Column(_COUNT, "of the model"),
    "variable_bytes": Column(_BYTES, "of one copy of the model's variables"),
    "optimizer_bytes": Column(_BYTES, "of one copy of the optimizer's variables"),
    "gradient_bytes": Column(_BYTES, "that one replica sends into the reduction in a step"),
    "step_flops": Column("FLOP", "contractions of one replica's step"),
    "matmul_flops_per_second": Column("FLOP/s", "of this machine's cores, multiplying matrices"),
    "flop_utilization": Column(_SHARE, "of that, what the replicas' contractions come to", HIGHER),
    "framework_mb": Column("MB", "resident in a task before its model was built, at most"),
    "input_buffers_mb": Column("MB", "in a task's input buffers when training ended, at most"),
    "wait_share": Column(_SHARE, "of the measured steps' seconds, waited for input", LOWER),
    "steps": Column(_COUNT, "updates made"),
    "measured_steps": Column(_COUNT, "of these, after the warm-up"),
    "warmup_steps": Column(_COUNT, "first steps, which no figure counts"),
    "examples": Column(_COUNT, "examples trained on, over all replicas"),
    "seconds_to_first_step": Column(
        _SECONDS, "from the start of the tasks until the first step was done", LOWER
    ),
    "seconds_to_first_step_process": Column(_SECONDS, "of these, starting processes", LOWER),
    "seconds_to_first_step_import": Column(_SECONDS, "of these, importing", LOWER),
    "seconds_to_first_step_cluster": Column(_SECONDS, "of these, joining the cluster", LOWER),
    "seconds_to_first_step_data": Column(_SECONDS, "of these, opening the data", LOWER),
    "seconds_to_first_step_model": Column(_SECONDS, "of these, building the model", LOWER),
    "seconds_to_first_step_tracing": Column(_SECONDS, "of these, tracing the first call", LOWER),
    "training_seconds": Column(_SECONDS, "first step's start to last step's end", LOWER),
    "total_seconds": Column(_SECONDS, "start of the tasks to the end of the run", LOWER),
    "seconds_before_tasks": Column(_SECONDS, "server, preparation and preflight; before the run"),
    "preparation_seconds": Column(_SECONDS, "of these, writing the data once"),
    "core_seconds": Column("core-seconds", "CPU of all tasks", LOWER),
    "peak_rss_mb_task_max": Column("MB", "most memory of one task", LOWER),
    "peak_rss_mb_sum": Column("MB", "each task's most memory, added up", LOWER),
    "stalled_cpu_share": Column(_SHARE, "of the run, somebody waited for a core (PSI)", LOWER),
    "stalled_io_share": Column(_SHARE, "of the run, somebody waited for storage (PSI)", LOWER),
    "stalled_memory_share": Column(_SHARE, "of the run, somebody waited for memory (PSI)", LOWER),
    "read_bytes": Column(_BYTES, "read from storage by all tasks"),
    "written_bytes": Column(_BYTES, "written to storage by all tasks"),
    "sent_bytes": Column(_BYTES, "sent over TCP by all tasks, loopback included"),
    "received_bytes": Column(_BYTES, "received over TCP by all tasks, loopback included"),
    "quality": Column("as named", "last evaluation on held-out data; see quality_direction"),
    "quality_name": Column(_TEXT, "what that quality is"),
    "quality_direction": Column(_TEXT, "higher or lower: which is better"),
    "quality_step": Column(_COUNT, "the step that it was evaluated after"),
    "loss_first": Column("as the loss", "first loss that was recorded"),
    "loss_last": Column("as the loss", "last loss that was recorded", LOWER),
    "attempts": Column(_COUNT, "how often the run was begun", LOWER),
    "restarts": Column(_COUNT, "how often all tasks were started again after a failure", LOWER),
    "replaced_workers": Column(_COUNT, "workers replaced alone after a failure", LOWER),
    "lost_steps": Column(_COUNT, "steps made before a failure, after the last checkpoint", LOWER),
    "repeated_examples": Column(_COUNT, "examples trained on again after a failure", LOWER),
    "restart_seconds": Column(_SECONDS, "from failures to the next steps, added up", LOWER),
    "goodput_steps_per_second": Column("steps/s", "useful steps over all time", HIGHER),
    "goodput_examples_per_second": Column("examples/s", "useful examples over all time", HIGHER),
    "goodput_share": Column(_SHARE, "of all time, spent in measured steps", HIGHER),
    "bottleneck": Column(
        _TEXT,
        "what holds training back, by diagnosis: compute, prepare, fetch, communicate, or "
        "inconclusive",
    ),
    "bottleneck_share": Column(_SHARE, "of a step, spent on that", LOWER),
    "compute_share": Column(_SHARE, "of a step, spent computing, by diagnosis", HIGHER),
    "prepare_share": Column(_SHARE, "of a step, lost to preparing input, by diagnosis", LOWER),
    "fetch_share": Column(_SHARE, "of a step, lost to fetching input, by diagnosis", LOWER),
    "communicate_share": Column(_SHARE, "of a step, lost to communication, by diagnosis", LOWER),
    "overhead_share": Column(_SHARE, "of a step, lost to anything else, by diagnosis", LOWER),
    "profiled": Column(_TEXT, "steps that were traced; no speed is told of such a run"),
    "notes": Column(_TEXT, "what to know to read the figures right"),
    "started": Column(_MOMENT, "when the run began"),
}


def as_documented(record: Mapping[str, Any]) -> dict[str, Any]:
    """`record` where each value has its column's kind; what has another, of an older format or by
    damage, is missing."""
    return {name: value if _fits(name, value) else None for name, value in record.items()}


def _fits(name: str, value: Any) -> bool:
    if name not in COLUMNS or value is None:
        return True
    if COLUMNS[name].unit in (_TEXT, _MOMENT):
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)


def known(key: str, name: str, columns: Collection[str]) -> str:
    """`name`, which the key `key` of the command line names, where it is one of `columns`.

    Raises UserError with the nearest one where it is not.
    """
    if name not in columns:
        raise unknown(key, name, columns)
    return name


def unknown(key: str, name: str, columns: Collection[str]) -> UserError:
    """What is said of a `name` that is none of `columns`."""
    meant = nearest(name, columns)
    hint = f"did you mean {meant}?" if meant else "give one such as examples_per_second or workers"
    return UserError(f"{key}={name}: no run here has such a column; {hint}")
