"""The 17 jobs: the words of a command, and what holds that job back."""

from dataclasses import dataclass

_OWN = "workload._target_=tests.planted.workloads.workload"
_ARRAYS = "source.parameters.arrays=tests.planted.workloads.arrays"
_PIPELINE = "pipeline._target_=tests.planted.pipelines"


@dataclass(frozen=True)
class PlantedJob:
    """A job whose bottleneck is known by construction."""

    words: tuple[str, ...]
    truth: str
    """The class that a diagnosis has to name."""
    why: str


def _own(*words: str, **parameters: int) -> tuple[str, ...]:
    named = (f"+workload.parameters.{name}={value}" for name, value in parameters.items())
    return (_OWN, "source=array", _ARRAYS, *named, *words)


def _jpeg(*words: str) -> tuple[str, ...]:
    return ("workload=jpeg_cnn", "source.parameters.size=48", "workload.parameters.size=48", *words)


JOBS = {
    "slow storage": PlantedJob(
        _jpeg("source.parameters.examples=2048", "emulate.storage.mb_per_second=3"),
        "fetch",
        "32 images of 2 KB at 3 MB/s take 20 ms, all else 6 ms",
    ),
    "latency": PlantedJob(
        _jpeg(
            "source.parameters.examples=2048",
            "source.parameters.shards=64",
            "pipeline.parallel_reads=1",
            "emulate.storage.latency_ms=30",
        ),
        "fetch",
        "a file is a batch, and takes 30 ms to open",
    ),
    "one file per example": PlantedJob(
        _jpeg(
            "source.parameters.examples=512",
            "source.parameters.shards=512",
            "emulate.storage.latency_ms=8",
        ),
        "fetch",
        "32 files of 8 ms, four at once, take 64 ms; to open one takes some CPU too",
    ),
    "heavy parse": PlantedJob(
        _own(features_turns=20), "prepare", "20 products of matrices a parse"
    ),
    "heavy augment": PlantedJob(
        _own(augment_turns=20), "prepare", "20 products of matrices to augment one example"
    ),
    "single-threaded map": PlantedJob(
        _own(f"{_PIPELINE}.serial_map"),
        "prepare",
        "one example after the other, on one core of two",
    ),
    "Python generator": PlantedJob(
        _own(f"{_PIPELINE}.python_generator"), "prepare", "Python works on one example at a time"
    ),
    "tiny batch": PlantedJob(
        _own("batch.per_replica=1", "pipeline.cache=memory", width=256, depth=12),
        "overhead",
        "one example: the step is twelve layers' calls and updates",
    ),
    "huge shuffle buffer": PlantedJob(
        _own(f"{_PIPELINE}.huge_shuffle", "watch.memory_mb=1000"),
        "memory",
        "4,096 decoded examples of 0.2 MB in a buffer, 1,000 MB allowed",
    ),
    "filter after decode": PlantedJob(
        _own(f"{_PIPELINE}.filter_after_decode"),
        "prepare",
        "seven of eight examples are decoded and thrown away",
    ),
    "heavy model": PlantedJob(
        _own("pipeline.cache=memory", "batch.per_replica=512", width=1024, depth=3),
        "compute",
        "three layers of 1,024 for 512 examples, from memory",
    ),
    "heavy model and heavy map": PlantedJob(
        _own("batch.per_replica=64", augment_turns=14, width=768, depth=2),
        "prepare",
        "the map takes twice the model's cores, and no step waits long",
    ),
    "memory limit": PlantedJob(
        _own("pipeline.cache=memory", "watch.memory_mb=760", width=4096, depth=2),
        "memory",
        "the model's own memory is nearly all that is allowed",
    ),
    "slow network": PlantedJob(
        _own(
            "strategy=multiworker",
            "workers=2",
            "pipeline.cache=memory",
            "batch.per_replica=4",
            width=2048,
            depth=2,
        ),
        "communicate",
        "25 MB of gradients for eight examples",
    ),
    "a page cache that flatters": PlantedJob(
        _jpeg(
            "source.parameters.examples=2048",
            "batch.per_replica=32",
            "workload.parameters.width=48",
            "emulate.storage.mb_per_second=0.6",
        ),
        "fetch",
        "warm, the model holds it; from storage, 0.1 s of reading does",
    ),
    "readers that decompress": PlantedJob(
        _own(f"{_PIPELINE}.zipped_records", "batch.per_replica=16"),
        "prepare",
        "the storage is fast, and the reader busy with GZIP",
    ),
    "nothing wrong": PlantedJob(
        _own(
            "pipeline.cache=memory",
            "pipeline.batch_first=true",
            "batch.per_replica=2048",
            width=1024,
            depth=3,
        ),
        "compute",
        "a batch so large that nothing else counts, prepared whole, from memory",
    ),
}
