"""The front door of a room: how a command ends that a person breaks off."""

from pathlib import Path

import pytest

from results.verbs import FrontDoor

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
