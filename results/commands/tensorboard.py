"""`python -m results tensorboard folder=…`: TensorBoard on a run or on all runs of a sweep."""

import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from results.errors import UserError
from results.loading import Run, is_single, read_runs
from results.text import one_line
from results.verbs import Verb

_EVENTS = "tensorboard"
"""Where a run keeps what TensorBoard shows."""
_HOST = "localhost"
_HIGHEST_PORT = 65535
_LONGEST_NAME = 80


def run(words: Mapping[str, str]) -> None:
    """Serve on this machine only, until Ctrl-C or SIGTERM, which is how it is meant to end."""
    port = _port(words.get("port", "0"))
    runs = read_runs(words["folder"])
    shown = [each for each in runs if (each.folder.path / _EVENTS).is_dir()]
    if not shown:
        raise UserError(
            f"folder={words['folder']}: no run in it has a folder {_EVENTS}/, which a run writes"
            " from its first step on; give one that has trained"
        )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with tempfile.TemporaryDirectory(prefix="distribute-bench-") as named:
        _link(shown, Path(named), is_single(words["folder"]))
        address = _serve(named, port)
        print(f"TensorBoard on {_what(shown)}: {address} (Ctrl-C ends it)", flush=True)
        ended.wait()


def _port(word: str) -> int:
    if not word.isdecimal() or int(word) > _HIGHEST_PORT:
        raise UserError(
            f"port={word}: no port; give one up to {_HIGHEST_PORT}, or 0 for any that is free"
        )
    return int(word)


def _link(runs: Sequence[Run], named: Path, single: bool) -> None:
    """A link to each run's events, whose name is what TensorBoard calls the run."""
    for each in runs:
        name = each.name.replace("/", " ")
        if not single:
            asked = " ".join(f"{key}={value}" for key, value in each.overrides.items())
            name = one_line(f"{name} {asked}".replace("/", "-").strip(), _LONGEST_NAME)
        (named / name).symlink_to((each.folder.path / _EVENTS).resolve())


def _serve(folder: str, port: int) -> str:
    """Starts TensorBoard in threads of this process; returns its address."""
    with _native_code_silent():
        return _served(folder, port)


def _served(folder: str, port: int) -> str:
    try:
        from tensorboard import program
    except ImportError as error:
        raise UserError(
            f"tensorboard: not installed ({error}); pip install 'tensorboard>=2.20,<2.22'"
        ) from error
    logging.disable(logging.WARNING)  # of each plugin that lacks a package of its own
    board = program.TensorBoard()
    options = ["--logdir", folder, "--host", _HOST, "--port", str(port)]
    board.configure([sys.argv[0], *options])
    try:
        return str(board.launch())
    except program.TensorBoardServerException as error:
        raise UserError(
            f"port={port}: TensorBoard can't listen there ({one_line(error)}); give another, or 0"
            " for any that is free"
        ) from error


@contextlib.contextmanager
def _native_code_silent() -> Iterator[None]:
    """TensorFlow and TensorBoard's data server would write dozens of lines to standard error."""
    kept = os.dup(sys.stderr.fileno())
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    try:
        yield
    finally:
        os.dup2(kept, sys.stderr.fileno())
        os.close(kept)


def _what(runs: Sequence[Run]) -> str:
    return "1 run" if len(runs) == 1 else f"{len(runs)} runs"


VERB = Verb(
    does="TensorBoard on loss, throughput and quality of every run, until Ctrl-C",
    keys={
        "folder": "a run's folder, a sweep's, or one that holds some of them",
        "port": "the port on this machine (usually 0: any that is free)",
    },
    needed=("folder",),
    run=run,
)
