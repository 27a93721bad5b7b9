"""A run in one flat record with units in the names. What was not measured is null, never guessed.

state, reason, failed_task          how it ended; why, and which task began it, where it failed
strategy, workers, ps, keras, workload, source, batch_total, batch_per_replica, seed
isolation, isolation_why            `namespace`: nobody outside could connect; `none`, and why
emulated                            what was not the machine's own, comma separated; null is nothing
examples_per_second                 over all replicas, warm-up dropped, see `benchmarks.throughput`
examples_per_second_low, _high      95% interval within the run, where the effective sample is ≥ 50
examples_per_second_interval        "within run", or null where there is none
effective_sample                    independent steps (or windows) that the interval rests on
step_seconds_median                 median over calls of a call's seconds per step
step_input_seconds, _pull_, _compute_, _straggle_, _transfer_, _push_, _update_, _queue_, _call_,
_rest_                              parts of a measured step, means over steps and then over tasks,
                                    see `benchmarks.breakdown`; null where the strategy can't tell
staleness_mean                      of a parameter server: updates of others between a worker's read
                                    of the variables and its own update, mean over measured updates
parameters, variable_bytes, optimizer_bytes
                                    of one copy of the model and its optimizer
gradient_bytes                      that one replica sends into the reduction in a step (or pushes
                                    to parameter servers), in the type that travels
step_flops                          of one replica's step: its contractions, two FLOPs for each
                                    multiply-add, see `strategies.step_flops`
matmul_flops_per_second             float32, of this machine's cores just before the run; null where
                                    others compute
flop_utilization                    of that, what all replicas' `step_flops` come to; 0 to 1
framework_mb                        resident in the largest training task before the model was built
input_buffers_mb                    in tf.data's buffers and caches when training ended, in the task
                                    that held most; null where others hold them (parameter servers)
wait_share                          of the measured steps' seconds, waited for input; 0 to 1
steps, measured_steps, examples     updates made, those after the warm-up, examples trained on;
                                    without what was lost in a failure
warmup_steps                        dropped before measuring, at the beginning and after a restart
seconds_to_first_step, _process, _import, _cluster, _data, _model, _tracing
                                    from the start of the tasks, see `benchmarks.start_up`; where
                                    that failed, of the first start that got so far
training_seconds                    first step's start to last step's end, restarts included
restarts, replaced_workers          starts of all tasks after a failure; workers replaced alone
lost_steps                          made before a failure, after the checkpoint it went on from
repeated_examples                   of lost steps; of a coordinator also what was handed out again,
                                    which is at most as many: how far a lost worker got is not known
restart_seconds                     from seeing a failure to the end of the next step made, added up
goodput_steps_per_second, goodput_examples_per_second
                                    `steps`, `examples` ÷ seconds from the start of the tasks to the
                                    last step's end, restarts included
goodput_share                       of these seconds, spent in measured steps (mean over tasks)
total_seconds                       the start of the tasks to the run's end, without a diagnosis
seconds_before_tasks                server, preparation and preflight; not in the run's time
preparation_seconds                 of these, writing the data once
core_seconds                        CPU of all tasks, from process start to end
peak_rss_mb_task_max, _sum          most memory of one task; each task's most, added up
stalled_cpu_share, _io_, _memory_   of the run's seconds, in which a process of this machine waited
                                    for that (the kernel's PSI, `some`), whoever's it was
read_bytes, written_bytes, sent_bytes, received_bytes   storage and TCP, all tasks
quality, quality_name, quality_direction, quality_step  the last evaluation on held-out data
loss_first, loss_last
bottleneck                          the class of a diagnosis (`pipeline.json`); null without one
bottleneck_share                    of a step, spent on that
compute_share, prepare_share, fetch_share, communicate_share, overhead_share
                                    of a step, by the same diagnosis; null where it could not tell
profiled                            "20 to 30": steps that every task traced, which slows a run: no
                                    throughput, step time, waiting or goodput is told then
notes                               what to know to read the figures right; null is nothing
started                             UTC, ISO 8601
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.attempts import Attempt, TaskRows, attempts_of, split
from benchmarks.breakdown import (
    PARTS,
    StepParts,
    mean_parts,
    overlapping_parts,
    staleness_mean,
    synchronous_parts,
)
from benchmarks.goodput import goodput
from benchmarks.model_fields import flop_utilization, model_fields
from benchmarks.notes import notes_on
from benchmarks.start_up import seconds_to_first_step
from benchmarks.throughput import (
    StepRows,
    Throughput,
    overlapping_throughput,
    synchronous_throughput,
    wait_share,
)
from benchmarks.used import stalled, used
from results.configuration import configuration
from results.pipeline_file import DIAGNOSIS, SHARES, number_in, part, record_in
from results.run_folder import PLAN, STATUS, RunFolder, unix_seconds
from results.streams import STEPS, read_rows

_COORDINATOR = "coordinator"
"""The loop (`strategy.loop`) whose workers don't wait for each other."""
_TRAINING_ROLES = ("chief", "worker")
"""Others hold variables (`ps`) or prepare data (`dispatcher`, `data_worker`)."""

_ASKED = {
    "strategy": ("strategy",),
    "workers": ("workers",),
    "ps": ("ps",),
    "keras": ("keras",),
    "workload": ("workload", "workload.name"),
    "source": ("source", "source.name"),
    "batch_total": ("batch.total", "batch_total"),
    "batch_per_replica": ("batch.per_replica", "batch_per_replica"),
    "seed": ("seed",),
    "warmup_steps": ("measure.warmup_steps", "warmup_steps"),
}
_NOT_OF_A_PROFILED_RUN = (
    "examples_per_second",
    "examples_per_second_low",
    "examples_per_second_high",
    "examples_per_second_interval",
    "effective_sample",
    "step_seconds_median",
    "wait_share",
    *(f"step_{part}_seconds" for part in PARTS),
    "staleness_mean",
    "goodput_steps_per_second",
    "goodput_examples_per_second",
    "goodput_share",
    "flop_utilization",
)
"""Fields that tracing falsifies: a traced step takes 10 to 20% longer, and a call of its own."""


def summarize(folder: RunFolder) -> dict[str, Any]:
    """The flat record of the run in `folder`, whatever it got to before it ended.

    Raises UserError where a file was written by a newer version or is damaged.
    """
    return summary_and_breakdown(folder)[0]


def summary_and_breakdown(folder: RunFolder) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The same record, and what `breakdown.json` holds: `tasks`, for each that trained the
    `StepParts` of its measured steps; None where its rows don't tell, or where tracing slowed them.
    """
    plan = folder.read_if_there(PLAN) or {}
    status = folder.read_if_there(STATUS) or {}
    config = configuration(folder)
    asked = _asked(config)
    overlapping = config.get("strategy.loop") == _COORDINATOR
    events = {task: folder.events(task) for task in folder.tasks()}
    all_events = [event for of in events.values() for event in of]
    rows = {task: _step_rows(folder, task) for task in folder.tasks()}
    parts = split(rows, attempts_of(status, _tasks_started(status)))
    useful, measured = parts.all_useful(), parts.measured(asked["warmup_steps"] or 0)
    by_task = overlapping_parts(measured) if overlapping else synchronous_parts(measured)
    amounts = _amounts(useful, measured, overlapping)
    speed = _speed(useful, measured, plan, overlapping, config)
    model = model_fields(all_events)
    peak = status.get("matmul_flops_per_second")
    profiled = _profiled(config)
    record = {
        **_outcome(status),
        **asked,
        **_isolation(plan),
        "emulated": ", ".join(str(each) for each in plan.get("emulated") or []) or None,
        **speed,
        **_step_parts(by_task, measured, overlapping),
        **model,
        "matmul_flops_per_second": peak,
        "flop_utilization": flop_utilization(
            model["step_flops"], asked["batch_per_replica"], speed["examples_per_second"], peak
        ),
        **amounts,
        **_first_step(parts.attempts, events),
        **_durations(rows, status, events),
        **goodput(
            parts,
            measured,
            steps=amounts["steps"],
            examples=amounts["examples"],
            replaced=len(status.get("replaced") or []),
            overlapping=overlapping,
            batch_total=asked["batch_total"],
            events=all_events,
        ),
        **used(folder),
        **stalled(status),
        **_quality(all_events),
        **_losses(useful),
        **_bottleneck(folder),
        "profiled": profiled,
        "notes": notes_on(plan, all_events, profiled),
        "started": status.get("started"),
    }
    if profiled is not None:
        return record | dict.fromkeys(_NOT_OF_A_PROFILED_RUN), None
    tasks = {task: asdict(of) for task, of in by_task.items()}
    return record, {"tasks": tasks} if tasks else None


def _step_parts(
    by_task: Mapping[str, StepParts], measured: TaskRows, overlapping: bool
) -> dict[str, float | None]:
    mean = mean_parts(by_task)
    return {
        **{f"step_{part}_seconds": getattr(mean, part, None) for part in PARTS},
        "staleness_mean": staleness_mean(measured) if overlapping else None,
    }


def _profiled(config: Mapping[str, Any]) -> str | None:
    steps = config.get("profile.steps")
    return None if steps is None else " to ".join(str(step) for step in steps)


def _outcome(status: Mapping[str, Any]) -> dict[str, Any]:
    cause = status.get("cause") or {}
    return {
        "state": status.get("state"),
        "reason": status.get("reason") or cause.get("message"),
        "failed_task": cause.get("task"),
    }


def _isolation(plan: Mapping[str, Any]) -> dict[str, Any]:
    found = plan.get("isolation") or {}
    return {"isolation": found.get("kind"), "isolation_why": found.get("why")}


def _asked(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field: next((config[key] for key in keys if config.get(key) is not None), None)
        for field, keys in _ASKED.items()
    }


def _data_workers(config: Mapping[str, Any]) -> int:
    return int(config.get("pipeline.service.workers") or 0)


def _speed(
    useful: TaskRows,
    measured: TaskRows,
    plan: Mapping[str, Any],
    overlapping: bool,
    config: Mapping[str, Any],
) -> dict[str, Any]:
    found: Throughput | None
    steps_per_call = int(config.get("loop.steps_per_call") or 1)
    if overlapping:
        found = overlapping_throughput(measured, steps_per_call)
    else:
        tasks = plan.get("tasks", [])
        expected = [each["task"] for each in tasks if each.get("role") in _TRAINING_ROLES]
        nothing = StepRows.none()
        trained = {task: measured.get(task, nothing) for task in expected or _with_rows(useful)}
        found = synchronous_throughput(trained, max(1, _data_workers(config)), steps_per_call)
    interval = "within run" if found and found.low is not None else None
    return {
        "examples_per_second": found and found.examples_per_second,
        "examples_per_second_low": found and found.low,
        "examples_per_second_high": found and found.high,
        "examples_per_second_interval": interval,
        "effective_sample": found and found.effective_sample,
        "step_seconds_median": found and found.step_seconds_median,
        "wait_share": wait_share(measured),
    }


def _amounts(useful: TaskRows, measured: TaskRows, overlapping: bool) -> dict[str, Any]:
    trained = [of for of in useful.values() if len(of)]
    if not trained:
        return {"steps": None, "measured_steps": None, "examples": None}
    count = sum if overlapping else max
    return {
        "steps": count(len(of) for of in trained),
        "measured_steps": count(len(of) for of in measured.values()),
        "examples": int(sum(of.examples.sum() for of in trained)),
    }


def _first_step(
    attempts: Sequence[Attempt], events: Mapping[str, list[dict[str, Any]]]
) -> dict[str, float | None]:
    """Of the first attempt that got so far; of a run without a failure there is one."""
    for attempt, after in zip(attempts, [*attempts[1:], None], strict=True):
        limit = float("inf") if after is None else after.started
        own = {
            task: [event for event in of if attempt.started <= float(event["time"]) < limit]
            for task, of in events.items()
        }
        found = seconds_to_first_step(attempt.started, own)
        if found["seconds_to_first_step"] is not None:
            return found
    return seconds_to_first_step(None, events)


def _with_rows(rows: TaskRows) -> list[str]:
    return [task for task, of in rows.items() if len(of)]


def _durations(
    rows: TaskRows, status: Mapping[str, Any], events: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    trained = [rows[task] for task in _with_rows(rows)]
    asked, ended = _moment(status.get("started")), _moment(status.get("ended"))
    started = _tasks_started(status)
    first = min((float(each.start.min()) for each in trained), default=None)
    last = max((float((each.start + each.seconds).max()) for each in trained), default=None)
    diagnosing = max(
        (float(each["seconds"]) for of in events.values() for each in of if _diagnosed(each)),
        default=0.0,
    )
    return {
        "training_seconds": last - first if first is not None and last is not None else None,
        "total_seconds": ended - started - diagnosing if ended and started else None,
        "seconds_before_tasks": started - asked if asked is not None and started else None,
        "preparation_seconds": status.get("preparation_seconds"),
    }


def _diagnosed(event: Mapping[str, Any]) -> bool:
    return event.get("event") == "diagnosed"


def _quality(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    evaluated = [
        event
        for event in events
        if event.get("event") == "evaluated" and event.get("quality") is not None
    ]
    last = max(evaluated, key=lambda event: float(event["time"]), default={})
    return {
        "quality": last.get("quality"),
        "quality_name": last.get("quality_name"),
        "quality_direction": last.get("quality_direction"),
        "quality_step": last.get("step"),
    }


def _losses(rows: TaskRows) -> dict[str, Any]:
    trained = [rows[task] for task in _with_rows(rows)]
    ends = np.concatenate([each.start + each.seconds for each in trained] or [np.empty(0)])
    losses = np.concatenate([each.loss for each in trained] or [np.empty(0)])
    losses = losses[np.argsort(ends, kind="stable")]
    losses = losses[np.isfinite(losses)]
    if not len(losses):
        return {"loss_first": None, "loss_last": None}
    return {"loss_first": float(losses[0]), "loss_last": float(losses[-1])}


def _bottleneck(folder: RunFolder) -> dict[str, Any]:
    diagnosis = part(folder, DIAGNOSIS) or {}
    told = record_in(diagnosis, "shares")
    shares = {name: number_in(record_in(told, name), "share") for name in SHARES}
    bottleneck = record_in(diagnosis, "verdict").get("class")
    return {
        "bottleneck": bottleneck,
        "bottleneck_share": shares.get(str(bottleneck)),
        **{f"{name}_share": share for name, share in shares.items()},
    }


def _step_rows(folder: RunFolder, task: str) -> StepRows:
    table = read_rows(folder.task_folder(task), STEPS)
    return StepRows(**{name: table[name].to_numpy() for name in table.column_names})


def _tasks_started(status: Mapping[str, Any]) -> float | None:
    """When the engine began to start tasks, unix seconds; else when the run began."""
    told = status.get("tasks_started")
    return float(told) if told is not None else _moment(status.get("started"))


def _moment(text: str | None) -> float | None:
    return unix_seconds(text) if text else None
