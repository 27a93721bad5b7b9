"""What a folder of converted examples says about itself. Free of TensorFlow."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from results.errors import UserError

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
FILES, TFRECORD, RAW = "files", "tfrecord", "raw"
FORMATS = (FILES, TFRECORD, RAW)
SPLITS = ("train", "test")


@dataclass(frozen=True)
class Field:
    """One tensor of an example in the format `raw`."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Manifest:
    """How the examples of a folder are stored."""

    format: str
    compression: str
    """`none` or `gzip`, of TFRecords."""
    splits: dict[str, list[tuple[str, int]]]
    """By split, its files in order, relative to the folder, with the examples in each."""
    fields: tuple[Field, ...]
    """Of `raw`, in the order of their bytes; of others none: what they hold was not looked at."""
    made_from: str
    """The source and its parameters, for people."""


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The last thing to be written: a folder without it is not complete."""
    record = {"format_version": FORMAT_VERSION, **asdict(manifest)}
    (folder / MANIFEST).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path, key: str) -> Manifest:
    """The manifest; raises UserError, which begins with `key`, where there is none to be read."""
    try:
        record: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version = record.pop("format_version")
        if version > FORMAT_VERSION:
            raise UserError(f"{key}: was converted by a newer version; convert it again")
        fields = tuple(Field(f["name"], f["dtype"], tuple(f["shape"])) for f in record["fields"])
        splits = {name: [(str(f), int(n)) for f, n in record["splits"][name]] for name in SPLITS}
        return Manifest(**{**record, "fields": fields, "splits": splits})
    except FileNotFoundError:
        raise UserError(
            f"{key}: holds no converted examples; give the folder that "
            "`python -m input_pipelines convert` named"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{key}: its {MANIFEST} is damaged ({error}); convert it again") from error
