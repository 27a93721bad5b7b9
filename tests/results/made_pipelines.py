"""A `pipeline.json` as a profile and a diagnosis leave it, for tests and for looking at reports."""

from typing import Any

PROFILE: dict[str, Any] = {
    "pipeline": {"shuffle": 10000},
    "batch": 32,
    "cores": 2,
    "emulated": None,
    "rounds": 7,
    "block_seconds": 0.5,
    "note": "the stages were measured one call at a time, without tf.data's rewriting",
    "limiting_stage": "parse",
    "limiting_why": "its one call at a time could give 9,091 examples/s",
    "warm": {
        "examples_per_second": 8912.4,
        "low": 8820.0,
        "high": 9004.0,
        "mb_per_second": 109.6,
        "storage_mb_per_second": 0.0,
        "cores_busy": 1.24,
    },
    "cold": {
        "examples_per_second": 8412.4,
        "low": 8320.0,
        "high": 8504.0,
        "mb_per_second": 103.6,
        "storage_mb_per_second": 23.4,
        "cores_busy": 1.21,
    },
    "cold_missing": None,
}


def stage(name: str, op: str, cpu_us: float, wait_us: float = 0.0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "op": op,
        "cpu_seconds_per_example": cpu_us * 1e-6,
        "cpu_low": 0.9e-6 * cpu_us,
        "cpu_high": 1.1e-6 * cpu_us,
        "wait_seconds_per_example": wait_us * 1e-6,
        "wait_low": 0.0,
        "wait_high": 1.2e-6 * wait_us,
        "parallelism_set": None,
        "parallelism_used": None,
        "buffer_size": None,
        "buffered_elements": None,
        "bytes_in_per_example": 2764.0,
        "bytes_out_per_example": 2764.0,
        "ram_bytes": None,
        "examples_per_second_alone": 1e6 / (cpu_us + wait_us) if cpu_us + wait_us else None,
        "random": None,
        "limits": False,
    } | more


PROFILE["stages"] = [
    stage("files", "TensorSliceDataset", 0.1),
    stage("order", "ShuffleDatasetV3", 0.1, buffer_size=8, buffered_elements=4.0, ram_bytes=976.0),
    stage(
        "read", "ParallelInterleaveDatasetV4", 6.2, 9.4, parallelism_set=4, parallelism_used=4.0,
        buffered_elements=130.0, ram_bytes=364274.0,
    ),
    stage(
        "shuffle", "ShuffleDatasetV3", 1.9, buffer_size=4096, buffered_elements=4095.0,
        ram_bytes=11.3e6,
    ),
    stage("repeat", "RepeatDataset", 0.2),
    stage("number", "ZipDataset", 0.9),
    stage("parse", "ParallelMapDatasetV2", 108.1, 1.9, parallelism_set=1, limits=True),
    stage("augment", "ParallelMapDatasetV2", 21.4, 0.6, parallelism_set="auto",
          parallelism_used=2.0),
    stage("batch", "BatchDatasetV2", 1.2),
    stage("prefetch", "PrefetchDataset", 0.1, buffer_size="auto", buffered_elements=3.6,
          ram_bytes=1.57e6),
]  # fmt: skip

DIAGNOSIS: dict[str, Any] = {
    "strategy": "multiworker",
    "workers": 2,
    "batch_total": 128,
    "rounds": 7,
    "block_seconds": 0.5,
    "emulated": None,
    "shares": {
        "compute": {"share": 0.41, "low": 0.37, "high": 0.45},
        "prepare": {"share": 0.46, "low": 0.43, "high": 0.49},
        "fetch": {"share": 0.03, "low": 0.0, "high": 0.06},
        "communicate": {"share": 0.10, "low": 0.08, "high": 0.12},
        "overhead": None,
    },
    "verdict": {
        "class": "prepare",
        "line": "Preparing input holds training back: 46% of a step (43% to 49%)",
        "claims": [
            "preparing input takes 46% of a step (43% to 49%)",
            "communication takes 10% of a step (8% to 12%)",
        ],
        "settle": None,
        "actions": [
            {
                "name": "parallel_calls",
                "line": "parse 2 examples at once: one core of two is idle",
                "predicted_speedup": 1.31,
                "overrides": ["pipeline.parallel_calls=2"],
            },
            {
                "name": "cache",
                "line": "keep parsed examples in memory: 50 MB of 20 GB free",
                "predicted_speedup": 1.22,
                "overrides": ["pipeline.cache=memory", "pipeline.shuffle=2000"],
            },
        ],
    },
}
