"""What counts as a yes when a person is asked whether to end a job."""

import os

import pytest

from launcher.queued import following


@pytest.mark.parametrize(
    ("typed", "is_yes"),
    [("y\n", True), ("Yes\n", True), ("n\n", False), ("what?\n\nno\n", False), ("", False)],
)
def test_only_yes_is_a_yes_and_a_terminal_that_has_gone_is_a_no(monkeypatch, typed, is_yes):
    reading, writing = os.pipe()
    os.write(writing, typed.encode())
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as raw, open(raw.fileno(), closefd=False) as typing:
        monkeypatch.setattr("sys.stdin", typing)
        assert following._asked_at_terminal("cancel? ", lambda: False) is is_yes


def test_a_second_ctrl_c_is_a_yes(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading) as typing, os.fdopen(writing, "w"):
        monkeypatch.setattr("sys.stdin", typing)
        assert following._asked_at_terminal("cancel? ", lambda: True)
