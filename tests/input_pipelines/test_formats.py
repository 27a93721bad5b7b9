"""The same examples, whatever they are stored as."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hydra.core.override_parser.overrides_parser import OverridesParser

from input_pipelines.commands.convert import show
from input_pipelines.equivalence import Fingerprint, fingerprint
from input_pipelines.feed import Feed
from input_pipelines.formats.manifest import MANIFEST
from input_pipelines.formats.study import convert
from input_pipelines.formats.writing import parsed, write_examples
from input_pipelines.pieces import Split
from input_pipelines.settings import ConvertSettings, PipelineSettings
from input_pipelines.sources import array, csv_lines, jpeg_records, text_bytes
from input_pipelines.sources.stored import source as stored
from results.errors import UserError
from results.pipeline_file import FORMATS, part, put_part
from results.run_folder import RunFolder
from tests.input_pipelines.made_splits import study_on
from tests.launcher.command_line import REPOSITORY, study_pipeline

WAYS = [
    ConvertSettings("files"),
    ConvertSettings("tfrecord", shards=3),
    ConvertSettings("tfrecord", shards=2, compression="gzip"),
    ConvertSettings("raw", shards=2),
]


@pytest.fixture(scope="module", params=["jpeg", "csv", "text"])
def splits(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    sources = {
        "jpeg": lambda: jpeg_records.source(examples=16, size=16, shards=2),
        "csv": lambda: csv_lines.source(examples=24, vocabulary=50, shards=3),
        "text": lambda: text_bytes.source(
            str(Path(tf.__file__).parent / "python" / "data" / "ops"),
            length=1024,
            held_out=8,
            shards=2,
        ),
    }
    source, folder = sources[request.param](), tmp_path_factory.mktemp(request.param)
    source.prepare(folder)
    return {name: source.open(folder, name) for name in ("train", "test")}


def content(split: Split) -> Fingerprint:
    return fingerprint(parsed(split, None))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.format}-{way.compression}")
def test_stored_examples_are_those_of_the_source_in_their_order(splits, way, tmp_path) -> None:
    write_examples(tmp_path, splits, way, "made")
    for name, before in splits.items():
        after = stored(str(tmp_path)).open(None, name)
        assert after.examples == before.examples
        assert content(after).same_order(content(before))


def test_part_of_a_file_is_read_by_place(splits, tmp_path) -> None:
    for number, way in enumerate(WAYS[1:]):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_examples(folder, splits, way, "made")
        split = stored(str(folder)).open(None, "train")
        piece = split.pieces[0]
        whole = list(split.read(piece.path, 0, piece.count).as_numpy_iterator())
        assert list(split.read(piece.path, 2, 3).as_numpy_iterator()) == whole[2:5]


def test_images_are_resized(tmp_path) -> None:
    source = jpeg_records.source(examples=8, size=32, shards=1)
    (tmp_path / "source").mkdir()
    source.prepare(tmp_path / "source")
    made = {name: source.open(tmp_path / "source", name) for name in ("train", "test")}
    (tmp_path / "small").mkdir()
    write_examples(tmp_path / "small", made, ConvertSettings("raw", size=16), "made")
    split = stored(str(tmp_path / "small")).open(None, "train")
    example = next(iter(parsed(split, None)))
    assert example["image"].shape == [16, 16, 3]
    assert example["image"].dtype == tf.uint8


def own_splits(folder: Path, parse: Callable[[Any], dict[str, Any]]) -> dict[str, Split]:
    """Eight records of one number each, and what parses them."""
    source = csv_lines.source(examples=8, vocabulary=50, shards=1)
    source.prepare(folder)
    made = {name: source.open(folder, name) for name in ("train", "test")}
    return {name: replace(split, parse=parse) for name, split in made.items()}


def test_images_of_real_numbers_are_not_rounded(tmp_path) -> None:
    made = own_splits(tmp_path, lambda _: {"image": tf.fill([4, 4, 3], 0.25)})
    (tmp_path / "small").mkdir()
    write_examples(tmp_path / "small", made, ConvertSettings("raw", size=2), "made")
    example = next(iter(parsed(stored(str(tmp_path / "small")).open(None, "train"), None)))
    assert np.all(example["image"].numpy() == np.float32(0.25))


def test_text_is_refused_as_raw(tmp_path) -> None:
    made = own_splits(tmp_path, lambda raw: {"line": raw})
    with pytest.raises(UserError, match=r"line has no fixed size \(string \(\)\)"):
        write_examples(tmp_path, made, ConvertSettings("raw"), "made")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ConvertSettings("raw", size=16), "convert.size=16: the examples hold no image"),
        (ConvertSettings("tfrecord", shards=99), "convert.shards=99: at most one for each of 24"),
    ],
    ids=["no image", "shards"],
)
def test_what_cannot_be_is_one_line(settings, said, tmp_path) -> None:
    source = csv_lines.source(examples=24, vocabulary=50, shards=3)
    (tmp_path / "source").mkdir()
    source.prepare(tmp_path / "source")
    made = {name: source.open(tmp_path / "source", name) for name in ("train", "test")}
    with pytest.raises(UserError, match=said):
        write_examples(tmp_path, made, settings, "made")


def test_examples_of_no_file_are_refused(tmp_path) -> None:
    made = {name: array.source().open(None, name) for name in ("train", "test")}
    with pytest.raises(UserError, match="lie in no files"):
        write_examples(tmp_path, made, ConvertSettings(), "array")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "holds no converted examples"),
        ("{", "is damaged"),
        ('{"format_version": 99}', "newer version"),
        ('{"format_version": 1, "fields": []}', "is damaged"),
    ],
)
def test_folder_that_cannot_be_read_is_one_line(text, said, tmp_path) -> None:
    if text is not None:
        (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UserError, match=said):
        stored(str(tmp_path)).open(None, "train")


def test_file_that_vanished_is_named(splits, tmp_path) -> None:
    write_examples(tmp_path, splits, ConvertSettings("tfrecord", shards=2), "made")
    (lost,) = tmp_path.glob("train-00001-*")
    lost.unlink()
    with pytest.raises(UserError, match=lost.name):
        stored(str(tmp_path)).open(None, "train")


@pytest.mark.parametrize("folder", ["there", "my images/raw", "a=b, c", 'it\'s \\"quoted\\"'])
def test_words_to_train_with_can_be_pasted(folder, tmp_path, capsys) -> None:
    converted = {"folder": folder, "times_the_source": 1.0, "format": "raw", "examples": 4}
    put_part(RunFolder(tmp_path), FORMATS, {"converted": converted})
    show(tmp_path)
    words = shlex.split(capsys.readouterr().out.splitlines()[2])
    read = OverridesParser.create().parse_overrides(words)
    assert [each.value() for each in read] == ["stored", folder]


@pytest.mark.ci
def test_converted_examples_are_named_for_training(tmp_path) -> None:
    words = ("source=jpeg_records", "source.parameters.examples=64", "convert.format=raw")
    ended = study_pipeline(tmp_path, "convert", *words, "convert.folder=there", "convert.shards=2")
    assert ended.returncode == 0, ended.stderr
    assert "source=stored source.parameters.path=there\n" in ended.stdout
    assert json.loads((tmp_path / "there" / MANIFEST).read_text())["format"] == "raw"
    again = study_pipeline(tmp_path, "convert", *words, "convert.folder=there")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_conversion_that_fails_leaves_no_folder_that_it_made(tmp_path) -> None:
    made = {name: array.source().open(None, name) for name in ("train", "test")}
    feed = Feed(made["train"], made["test"], None, PipelineSettings(), 0)
    target = tmp_path / "there" / "and" / "there"
    study = study_on(feed, tmp_path, convert=ConvertSettings(folder=str(target)))
    with pytest.raises(UserError, match="lie in no files"):
        convert(study)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.ci
def test_conversion_that_is_interrupted_leaves_nothing(tmp_path) -> None:
    words = ("source=jpeg_records", "convert.format=files", "convert.folder=deep/there")
    command = [sys.executable, "-m", "input_pipelines", "convert", *words, "cache_folder=cache"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [*command, "source.parameters.examples=5000", "source.parameters.size=16"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        while not list(tmp_path.glob("deep/.there-*/train")):
            assert started.poll() is None, started.stderr.read()
            time.sleep(0.02)
        started.send_signal(signal.SIGINT)
        said = started.communicate()[1]
    assert started.returncode == 130
    assert "what was measured" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.ci
def test_formats_are_compared_in_a_table_and_a_plot(tmp_path) -> None:
    ended = study_pipeline(
        tmp_path,
        "compare-formats",
        "source=jpeg_records",
        "source.parameters.examples=128",
        "measure.rounds=5",
        "measure.block_seconds=0.05",
        "hydra.run.dir=run",
    )
    assert ended.returncode == 0, ended.stderr
    compared = (part(RunFolder(tmp_path / "run"), FORMATS) or {})["compared"]
    ways = {way["name"]: way for way in compared["ways"]}
    assert set(ways) == {"files", "tfrecord", "tfrecord, gzip", "raw"}
    assert ways["raw"]["bytes_per_example"] > ways["tfrecord"]["bytes_per_example"]
    assert all(way["warm"]["examples_per_second"] > 0 for way in ways.values())
    assert all(name in ended.stdout for name in ways)
    assert (tmp_path / "run" / "plots" / "formats.svg").is_file()
    assert max(map(len, ended.stdout.splitlines()[:6])) <= 80
    assert not list((tmp_path / "run").glob("formats-*"))
