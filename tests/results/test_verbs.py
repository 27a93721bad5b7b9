"""The front door of a room: how a command ends that a person breaks off, or that a disk does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from results.run_folder import RunFolder
from results.verbs import FrontDoor
from tests.launcher.command_line import REPOSITORY

FULL = Path("/dev/full")
"""Takes nothing, as a full disk."""

INTERRUPTED_VERB = """
from results.verbs import Verb

def run(words):
    raise KeyboardInterrupt  # as Ctrl-C does, but where a shell has it ignored in the background

VERB = Verb(does="waits", keys={}, needed=(), run=run)
"""


def test_ctrl_c_ends_a_command_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "interrupted_verb.py").write_text(INTERRUPTED_VERB)
    monkeypatch.syspath_prepend(tmp_path)
    door = FrontDoor("benchmarks", about="", modules={"wait": "interrupted_verb"})
    assert door.run(["wait"]) == 130
    assert capsys.readouterr().err == "benchmarks: interrupted\n"


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [["list", "folder=."], ["--help"]])
def test_output_that_finds_no_room_is_one_line(tmp_path: Path, words: list[str]) -> None:
    RunFolder(tmp_path).write("status.json", {"state": "done"})
    with FULL.open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "results", *words],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ended.returncode == 1
    assert ended.stderr == "results: the disk is full; make space\n"
