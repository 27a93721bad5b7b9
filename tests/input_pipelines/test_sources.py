"""Each source prepares, opens, parses, and says what is wrong with what it was given."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from input_pipelines import load_source, open_source, prepare
from input_pipelines.build import find_corruption
from input_pipelines.pieces import Split
from results.errors import UserError


def opened(name: str, cache: Path, /, **parameters) -> tuple[Split, Split]:
    source = load_source(f"input_pipelines.sources.{name}.source", parameters)
    prepare(source, name, cache)
    return open_source(source, name, cache)


def examples(split: Split, first: int = 0, count: int | None = None) -> list[dict]:
    """Of each piece `count` examples from `first` on, read by tensors as on a remote worker."""
    places = [
        (p.first + first, (p.count - first) if count is None else count) for p in split.pieces
    ]
    columns = tuple(np.array(column, np.int64) for column in zip(*places, strict=True))
    paths = np.array([piece.path for piece in split.pieces])
    where = tf.data.Dataset.from_tensor_slices((paths, *columns))
    return list(where.flat_map(split.read).map(split.parse).as_numpy_iterator())


SMALL = {
    "digits": {"shards": 3},
    "jpeg_records": {"examples": 20, "size": 32, "classes": 4, "shards": 3},
    "csv_lines": {"examples": 100, "vocabulary": 50, "shards": 3},
    "array": {},
    "synthetic": {"examples": 50, "test_examples": 20},
}
FIELDS = {
    "digits": {"image": (np.uint8, (8, 8, 1)), "label": (np.int64, ())},
    "jpeg_records": {"image": (np.uint8, (32, 32, 3)), "label": (np.int64, ())},
    "csv_lines": {
        "dense": (np.float32, (4,)),
        "categorical": (np.int32, (8,)),
        "label": (np.int64, ()),
    },
    "array": {"image": (np.uint8, (8, 8, 1)), "label": (np.int64, ())},
    "synthetic": {"image": (np.float32, (8, 8, 1)), "label": (np.int64, ())},
}
SIZES = {
    "digits": (1437, 360),
    "jpeg_records": (20, 3),
    "csv_lines": (100, 13),
    "array": (1437, 360),
    "synthetic": (50, 20),
}


@pytest.mark.parametrize("name", SMALL)
def test_source_gives_its_fields_in_order_from_any_place(name: str, tmp_path: Path) -> None:
    train, test = opened(name, tmp_path, **SMALL[name])
    assert (train.examples, test.examples) == SIZES[name]
    assert find_corruption(train) is None
    whole = examples(train)
    assert len(whole) == train.examples
    assert {key: (value.dtype, value.shape) for key, value in whole[0].items()} == FIELDS[name]
    later = examples(train, first=2, count=3)
    for a, b in zip(whole[2:5], later[:3], strict=True):
        assert all(np.array_equal(a[key], b[key]) for key in a)
    assert len(examples(test)) == test.examples


@pytest.mark.ci
def test_digits_are_scikit_learns_split_once(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    train, test = opened("digits", tmp_path)
    assert len(train.pieces) == 4
    both = examples(train) + examples(test)
    made = sorted((e["image"].tobytes(), int(e["label"])) for e in both)
    images, labels = load_digits(return_X_y=True)
    images = (images * 15).astype(np.uint8)
    assert made == sorted((i.tobytes(), int(n)) for i, n in zip(images, labels, strict=True))
    assert max(e["image"].max() for e in both) == 240


@pytest.mark.ci
def test_jpeg_records_change_with_the_seed_alone(tmp_path: Path) -> None:
    def files(folder: str, **parameters) -> list[bytes]:
        train, _ = opened("jpeg_records", tmp_path / folder, **SMALL["jpeg_records"] | parameters)
        return [Path(path).read_bytes() for path in train.files]

    assert files("a") == files("b")
    assert files("a") != files("c", seed=1)


@pytest.mark.ci
def test_every_parameter_that_changes_the_bytes_changes_the_identity() -> None:
    for name, changes in {
        "jpeg_records": {"examples": 9, "size": 20, "classes": 2, "shards": 1, "quality": 1},
        "csv_lines": {"examples": 9, "dense": 1, "categorical": 1, "vocabulary": 1, "shards": 1},
        "text_bytes": {"length": 3, "held_out": 99, "shards": 1, "seed": 9, "pattern": "a*.py"},
        "digits": {"shards": 1},
    }.items():
        usual = load_source(f"input_pipelines.sources.{name}.source", {}).identity
        others = {
            load_source(f"input_pipelines.sources.{name}.source", {key: value}).identity
            for key, value in changes.items()
        }
        assert len(others | {usual}) == len(changes) + 1


def text_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for index in range(40):
        (folder / f"{index}.txt").write_bytes(bytes([65 + index]) * (5 * index + 7))
    return folder


def test_text_windows_are_the_files_cut_and_no_file_is_in_both_splits(tmp_path: Path) -> None:
    folder = text_folder(tmp_path)
    parameters = {"folder": str(folder), "pattern": "*.txt", "length": 4, "shards": 2}
    train, test = opened("text_bytes", tmp_path / "cache", **parameters)
    letters = [{bytes(e["text"])[0] for e in examples(split)} for split in (train, test)]
    assert not letters[0] & letters[1]
    assert letters[0] | letters[1] == set(range(65, 105))
    windows = sum((5 * index + 7) // 5 for index in range(40))
    assert train.examples + test.examples == windows
    assert all(e["text"].shape == (5,) and len(set(e["text"])) == 1 for e in examples(train))


@pytest.mark.ci
def test_text_defaults_to_the_standard_library(tmp_path: Path) -> None:
    train, test = opened("text_bytes", tmp_path, pattern="[a-c]*.py", held_out=8, shards=2)
    assert train.examples > 1000
    assert test.examples == 8
    text = b"".join(bytes(e["text"]) for e in examples(train, 0, 250))
    assert b"import " in text


def test_changed_text_is_prepared_anew(tmp_path: Path) -> None:
    folder = text_folder(tmp_path)
    target, parameters = (
        "input_pipelines.sources.text_bytes.source",
        {"folder": str(folder), "pattern": "*.txt"},
    )
    before = load_source(target, parameters).identity
    (folder / "0.txt").write_text("changed")
    assert load_source(target, parameters).identity != before


@pytest.mark.ci
def test_labels_of_csv_lines_follow_the_same_truth_in_both_splits(tmp_path: Path) -> None:
    splits = opened("csv_lines", tmp_path, examples=4000, dense=1, categorical=2, vocabulary=4)
    tables = []
    for split in splits:
        by_category: dict = {}
        for e in examples(split):
            by_category.setdefault(tuple(e["categorical"]), []).append(e["label"])
        tables.append({key: np.mean(labels) for key, labels in by_category.items()})
    frequent = [key for key in tables[0] if key in tables[1]]
    assert np.corrcoef(*[[table[key] for key in frequent] for table in tables])[0, 1] > 0.7


@pytest.mark.parametrize(
    ("kind", "field", "shape"),
    [("images", "image", (8, 8, 1)), ("clicks", "categorical", (8,)), ("text", "text", (65,))],
)
def test_synthetic_examples_are_a_function_of_their_number(kind, field, shape) -> None:
    parameters = {"kind": kind, "examples": 40, "test_examples": 40}
    target = "input_pipelines.sources.synthetic.source"
    train, test = open_source(load_source(target, parameters), "synthetic", None)
    first, again = examples(train), examples(train)
    assert first[0][field].shape == shape
    assert all(np.array_equal(a[field], b[field]) for a, b in zip(first, again, strict=True))
    both = [e[field].tobytes() for e in first + examples(test)]
    assert len(set(both)) > 70
    other = open_source(load_source(target, parameters | {"seed": 1}), "synthetic", None)[0]
    assert examples(other)[0][field].tobytes() != both[0]


def test_array_reads_an_npz_file(tmp_path: Path) -> None:
    values = np.arange(10, dtype=np.float32)
    path = str(tmp_path / "x.npz")
    np.savez(path, train_x=values, train_label=values, test_x=values[:3], test_label=values[:3])
    train, test = opened("array", tmp_path, path=path)
    assert [float(e["x"]) for e in examples(train)] == values.tolist()
    assert test.examples == 3


def own_arrays() -> dict:
    return {split: {"x": np.zeros((3, 2)), "label": np.arange(3)} for split in ("train", "test")}


def unequal_arrays() -> dict:
    return {split: {"x": np.zeros((3, 2)), "label": np.arange(4)} for split in ("train", "test")}


def test_array_takes_a_function_of_ones_own(tmp_path: Path) -> None:
    train, _ = opened("array", tmp_path, arrays=f"{__name__}.own_arrays")
    assert [int(e["label"]) for e in examples(train)] == [0, 1, 2]


def test_tfds_opens_what_lies_on_disk_with_slices(tmp_path: Path) -> None:
    source = load_source("input_pipelines.sources.digits.source", {})
    folder = prepare(source, "digits", tmp_path).folder
    parameters = {"name": "digits", "data_dir": str(folder), "train": "train[:50%]"}
    train, test = opened("tfds", tmp_path, **parameters)
    assert (train.examples, test.examples) == (718, 360)
    assert examples(train)[-1]["image"].shape == (8, 8, 1)
    with pytest.raises(UserError, match=r"source\.parameters\.test=validation.*splits test, train"):
        opened("tfds", tmp_path, name="digits", data_dir=str(folder), test="validation")


def test_tfds_says_what_is_missing_and_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"name=mnist.*{tmp_path}.*tfds build") as raised:
        opened("tfds", tmp_path, name="mnist", data_dir=str(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("jpeg_records", {"size": 4}, r"source\.parameters\.size=4: at least 16"),
        ("jpeg_records", {"quality": 101}, r"quality=101: at most 100"),
        ("csv_lines", {"examples": 3, "shards": 4}, r"shards=4"),
        ("text_bytes", {"folder": "/nowhere/at/all"}, r"folder=/nowhere/at/all: no such folder"),
        ("text_bytes", {"pattern": "*.nothing"}, r"hold 0 windows"),
        ("synthetic", {"kind": "image"}, r"kind=image: did you mean images"),
        ("array", {"path": "/nowhere.npz"}, r"path=/nowhere.npz: not an .npz file"),
        ("array", {"arrays": f"{__name__}.unequal_arrays"}, r"must have the same number"),
        ("array", {"arrays": f"{__name__}.no_arrays"}, r"has no no_arrays"),
        ("digits", {"shard": 3}, r"source\.parameters\.shard=3.*did you mean shards"),
    ],
)
def test_wrong_parameter_is_one_line_that_names_it(
    name: str, parameters: dict, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        opened(name, tmp_path, **parameters)
    assert "\n" not in str(raised.value)
