"""Keys that a study can't follow are told, not passed over."""

from pathlib import Path

import pytest

from input_pipelines.asked import Asked
from input_pipelines.commands import verb, verb_names
from input_pipelines.settings import (
    ConvertSettings,
    PipelineSettings,
    ServiceSettings,
    StorageSettings,
)
from results.errors import UserError
from tests.launcher.command_line import study_pipeline


def asked(
    pipeline: PipelineSettings | None = None,
    storage: StorageSettings | None = None,
    convert: ConvertSettings | None = None,
    given: tuple[str, ...] = (),
) -> Asked:
    return Asked(
        pipeline or PipelineSettings(),
        storage or StorageSettings(),
        convert or ConvertSettings(),
        set(given),
    )


OWN = PipelineSettings(_target_="my.own")
SERVED = PipelineSettings(service=ServiceSettings(workers=2))


@pytest.mark.parametrize(
    ("names", "of", "line"),
    [
        (verb_names(), asked(SERVED), "pipeline.service.workers=2: a study prepares its batches"),
        (
            ["convert", "compare-formats"],
            asked(OWN),
            "pipeline._target_=my.own: only a source's examples can be stored in another way; give "
            "source=",
        ),
        (
            ["convert", "compare-formats"],
            asked(storage=StorageSettings(latency_ms=5.0)),
            "emulate.storage.latency_ms=5: formats are written to and read from the storage",
        ),
        (
            ["convert"],
            asked(convert=ConvertSettings("raw", compression="gzip")),
            "convert.compression=gzip: only convert.format=tfrecord compresses",
        ),
        (
            ["convert"],
            asked(convert=ConvertSettings("files"), given=("convert.shards",)),
            "convert.shards=8: convert.format=files has one file for each example",
        ),
        (
            ["convert"],
            asked(convert=ConvertSettings("tfrecord", size=16)),
            "convert.size=16: only convert.format=raw resizes",
        ),
    ],
)
def test_what_a_study_would_pass_over_is_refused(names, of, line) -> None:
    for name in names:
        with pytest.raises(UserError) as refused:
            verb(name).check(of)
        assert str(refused.value).startswith(line)


def test_source_beside_a_persons_own_pipeline_is_said_to_be_left_alone() -> None:
    both = asked(OWN, given=("source", "source.parameters.size", "pipeline._target_"))
    for name in ("profile", "tune"):
        (line,) = verb(name).check(both)
        assert line.startswith("source, source.parameters.size: not measured, pipeline._target_=my")
        assert verb(name).check(asked(OWN)) == verb(name).check(asked(given=("source",))) == ()


def test_what_is_usual_is_let_pass() -> None:
    assert all(verb(name).check(asked()) == () for name in verb_names())


def test_refused_study_leaves_no_folder(tmp_path: Path) -> None:
    own = "pipeline._target_=tests.input_pipelines.own_functions.pairs"
    ended = study_pipeline(tmp_path, "convert", own)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {own}: only a source's examples can be stored")
    assert list(tmp_path.iterdir()) == []
