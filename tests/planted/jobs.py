"""17 jobs whose bottleneck is known by how they are built, as words of the launcher."""

from dataclasses import dataclass

COMPUTE, PREPARE, FETCH = "compute", "prepare", "fetch"
COMMUNICATE, OVERHEAD, MEMORY = "communicate", "overhead", "memory"

PIPELINES = "tests.planted.pipelines"


@dataclass(frozen=True)
class PlantedJob:
    """One job and what holds it back."""

    name: str
    overrides: tuple[str, ...]
    """Words of `python -m launcher`."""
    truth: str
    """The class of the verdict."""
    why: str
    """How it is built, so that it must be so."""


def _job(
    name: str,
    truth: str,
    why: str,
    *overrides: str,
    width: int = 32,
    parse_work: int = 0,
    augment_work: int = 0,
    images: int = 2048,
    files: int = 8,
    size: int = 32,
    batch: int = 32,
) -> PlantedJob:
    dials = {"size": size, "width": width, "parse_work": parse_work, "augment_work": augment_work}
    words = [
        "workload._target_=tests.planted.workloads.workload",
        *(f"+workload.parameters.{key}={value}" for key, value in dials.items()),
        "source=jpeg_records",
        f"source.parameters.examples={images}",
        "source.parameters.size=32",
        f"source.parameters.shards={files}",
        f"batch.per_replica={batch}",
        "until.steps=300",
    ]
    return PlantedJob(name, (*words, *overrides), truth, why)


def _own(function: str, **parameters: object) -> list[str]:
    words = [f"pipeline._target_={PIPELINES}.{function}"]
    return words + [f"+pipeline.parameters.{key}={value}" for key, value in parameters.items()]


_ALL = (
    _job(
        "slow_storage",
        FETCH,
        "a batch of 38 kB through 2 MB/s takes 19 ms, its step 3 ms",
        "emulate.storage.mb_per_second=2",
    ),
    _job(
        "latency",
        FETCH,
        "64 files of 32 kB, 4 at once, each opened in 80 ms: 20 ms a batch",
        "emulate.storage.latency_ms=80",
        files=64,
    ),
    _job(
        "one_file_per_example",
        FETCH,
        "every example opens a file in 4 ms, 4 at once: 32 ms a batch",
        "emulate.storage.latency_ms=4",
        images=512,
        files=512,
    ),
    _job(
        "heavy_parse",
        PREPARE,
        "features sort 10,000 numbers an example: 16 ms a batch on two cores",
        parse_work=10_000,
    ),
    _job(
        "heavy_augment",
        PREPARE,
        "augmentation sorts 10,000 numbers an example: 16 ms a batch on two cores",
        augment_work=10_000,
    ),
    _job(
        "single_threaded_map",
        PREPARE,
        "features sort 10,000 numbers an example, one example at a time; the other core is free",
        "pipeline.parallel_calls=1",
        parse_work=10_000,
    ),
    _job(
        "python_generator",
        PREPARE,
        "Python makes each example in about 0.5 ms, one after the other",
        *_own("python_generator"),
    ),
    _job(
        "tiny_batch",
        OVERHEAD,
        "one example a step, one step a call: dispatching it is all there is to do",
        "loop.steps_per_call=1",
        "pipeline.cache=memory",
        batch=1,
    ),
    _job(
        "huge_shuffle_buffer",
        MEMORY,
        "403 MB of decoded images in a shuffle buffer, where 100 MB are allowed",
        "tune.ram_mb=100",
        *_own("shuffle_decoded"),
        size=128,
    ),
    _job(
        "filter_after_decode",
        PREPARE,
        "8 examples are prepared for each that is kept: 50 ms a batch on two cores",
        *_own("filter_after_decode"),
    ),
    _job(
        "heavy_model",
        COMPUTE,
        "10 million weights, a batch prepared in a tenth of its step",
        width=2048,
    ),
    _job(
        "heavy_model_and_map",
        PREPARE,
        "the map takes at least twice what the model takes, on the same two cores",
        width=1024,
        parse_work=20_000,
    ),
    _job(
        "memory_limit",
        MEMORY,
        "403 MB of decoded images beside TensorFlow, within a limit of 1,100 MB",
        "watch.memory_mb=1100",
        *_own("shuffle_decoded"),
        size=128,
    ),
    _job(
        "slow_network",
        COMMUNICATE,
        "17 MB of gradients a step between two workers, for 4 examples each",
        "strategy=multiworker",
        "workers=2",
        width=1024,
        batch=4,
    ),
    _job(
        "page_cache_that_flatters",
        FETCH,
        "storage of 2 MB/s, read once: from the second epoch on memory hides it",
        "emulate.storage.mb_per_second=2",
        "pipeline.cache=memory",
    ),
    _job(
        "busy_readers_on_fast_storage",
        PREPARE,
        "4 MB a batch come out of 4 kB of GZIP on one core; hardly a byte from the disk",
        *_own("compressed_reader"),
    ),
    _job(
        "nothing_wrong",
        COMPUTE,
        "examples parsed once and kept in memory, for a model of 10 million weights",
        "pipeline.cache=memory",
        width=2048,
        images=512,
        batch=64,
    ),
)

JOBS: dict[str, PlantedJob] = {job.name: job for job in _ALL}
"""All of them, by name."""
