"""`diagnose=true`, after training: from the blocks that tasks left to `diagnosis` in pipeline.json.

Runs in a process of its own, in the run's folder.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import psutil

from input_pipelines.diagnosis.actions import Action, actions, outlook, situation
from input_pipelines.diagnosis.blocks import APART, CACHED, COLD, WARM, Series, series
from input_pipelines.diagnosis.memory import Memory
from input_pipelines.diagnosis.shares import (
    FETCH,
    FEWEST_ROUNDS,
    PREPARE,
    Estimate,
    median_interval,
    shares,
)
from input_pipelines.diagnosis.trying import try_out
from input_pipelines.diagnosis.verdict import conditions, judge
from input_pipelines.study import Study
from results.errors import UserError
from results.pipeline_file import DIAGNOSIS, SHARES, put_part
from results.run_folder import BLOCKS, RunFolder

_MEGABYTE = 1e6


def diagnose(study: Study) -> None:
    """Judges the run in the study's folder. Raises UserError where it has too few blocks."""
    folder = RunFolder(study.folder)
    told = {
        task: folder.read(f"tasks/{task}/{BLOCKS}")
        for task in folder.tasks()
        if (folder.task_folder(task) / BLOCKS).is_file()
    }
    found = series({task: each["blocks"] for task, each in told.items()}) if told else {}
    if not found or len(found[CACHED].step_seconds) < FEWEST_ROUNDS:
        raise UserError("diagnose=true: the run ended before there was enough to judge by")
    rounds = len(found[CACHED].step_seconds)
    of = shares(found)
    memory = _memory(study, told)
    verdict = judge(of, memory, rounds)
    claimed = [claim.name for claim in verdict.claims]
    concerned = study.advice and {PREPARE, FETCH} & set(claimed)
    tried = try_out(study, claimed, cold=FETCH in claimed) if concerned else []
    now = situation(found, study.cores)
    examples = study.batch * study.replicas
    advice = actions(now, tried, claimed, study.batch)
    put_part(
        folder,
        DIAGNOSIS,
        {
            "rounds": rounds,
            "emulated": study.emulated,
            "block_seconds": study.block_seconds,
            "batch_total": examples,
            "replicas": study.replicas,
            "cores": study.cores,
            "shares": {name: _share(of[name]) if name in of.value else None for name in SHARES},
            "step_seconds": {
                name: asdict(median_interval(each.step_seconds)) for name, each in found.items()
            },
            "accelerator_utilization": _utilization(found, told),
            "memory": asdict(memory),
            "input_alone": {
                "examples_per_second": examples / now.input,
                "cores_busy": now.input_cpu / now.input,
            },
            "tried": [asdict(each) for each in tried],
            "verdict": {
                "class": verdict.name,
                "line": verdict.line
                + conditions(study.emulated, study.feed.pipeline.service.workers),
                "claims": [
                    {"class": each.name, "line": each.line, **_share(each.share)}
                    for each in verdict.claims
                ],
                "settle": verdict.settle,
                "outlook": outlook(now, claimed, examples),
                "actions": [_action(each) for each in advice],
            },
        },
    )


def _share(share: Estimate) -> dict[str, float]:
    return {"share": share.value, "low": share.low, "high": share.high}


def _action(action: Action) -> dict[str, Any]:
    return asdict(action)


def _utilization(found: Mapping[str, Series], told: Mapping[str, Any]) -> dict[str, Any]:
    """Of the accelerator, with the bytes that came from storage meanwhile: from the page cache it
    is high for nothing (https://github.com/mlcommons/storage/issues/464)."""
    alone = found.get(APART, found[CACHED]).step_seconds
    return {
        name: {
            **_share(median_interval(alone / found[name].step_seconds)),
            "storage_mb_per_second": _known(
                found[name].read_bytes.mean() / found[name].step_seconds.mean() / _MEGABYTE
            ),
        }
        for name in (COLD, WARM)
        if name in found
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _memory(study: Study, told: Mapping[str, Mapping[str, Any]]) -> Memory:
    blocks = [block for each in told.values() for block in each["blocks"]]
    stalled = [block["memory_stalled_seconds"] for block in blocks]
    known = [seconds for seconds in stalled if seconds is not None]
    passed = sum(block["seconds"] for block in blocks)
    machine = psutil.virtual_memory()
    return Memory(
        peak_bytes=max(int(each["peak_rss_bytes"]) for each in told.values()),
        limit_bytes=study.memory_limit_bytes or machine.total // len(told),
        limit_said="watch.memory_mb" if study.memory_limit_bytes else "its share of the machine",
        available_bytes=machine.available,
        cached_bytes=getattr(machine, "cached", None),
        major_faults=sum(block["major_faults"] for block in blocks),
        stalled_share=sum(known) / passed if known and passed else None,
    )
