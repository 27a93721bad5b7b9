"""Which checkpoints are whole, whatever has happened to their files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.errors import UserError
from strategies.checkpoint_folder import (
    complete,
    damage,
    find,
    keep_newest,
    newest_whole,
    remove_incomplete,
)


def made(run: Path, *steps: int) -> None:
    for step in steps:
        unfinished(run, step)
        complete(folder(run, step), {"step": step})


def unfinished(run: Path, step: int) -> None:
    folder(run, step).mkdir(parents=True)
    (folder(run, step) / "state.index").write_bytes(b"index")
    (folder(run, step) / "state.data-00000-of-00001").write_bytes(bytes(range(200)))


def folder(run: Path, step: int) -> Path:
    return run / "checkpoints" / str(step)


def steps(run: Path) -> list[int]:
    return sorted(int(path.name) for path in (run / "checkpoints").iterdir())


def flip(path: Path) -> None:
    data = bytearray((path / "state.data-00000-of-00001").read_bytes())
    data[100] ^= 1
    (path / "state.data-00000-of-00001").write_bytes(data)


def cut_short(path: Path) -> None:
    (path / "state.data-00000-of-00001").write_bytes(b"")


def lose(path: Path) -> None:
    (path / "state.index").unlink()


def spoil_manifest(path: Path) -> None:
    (path / "manifest.json").write_text('{"step": 3')


def empty_manifest(path: Path) -> None:
    (path / "manifest.json").write_text('{"step": 30, "files": 3}')


DAMAGES = [
    (flip, "the contents of state.data-00000-of-00001 have changed"),
    (cut_short, "state.data-00000-of-00001 has 0 bytes and not 200"),
    (lose, "state.index is missing"),
    (spoil_manifest, "manifest.json can't be read"),
    (empty_manifest, "manifest.json can't be read"),
]


@pytest.mark.parametrize(("hurt", "told"), DAMAGES)
def test_a_damaged_checkpoint_is_left_out_and_said_why(
    tmp_path: Path, hurt: Callable[[Path], None], told: str
) -> None:
    made(tmp_path, 10, 20, 30)
    hurt(folder(tmp_path, 30))
    newest, warnings = newest_whole(tmp_path)
    assert newest == folder(tmp_path, 20)
    assert warnings == [f"{folder(tmp_path, 30)}: damaged, left out ({told})"]


def test_one_without_a_manifest_is_not_a_checkpoint_yet(tmp_path: Path) -> None:
    made(tmp_path, 9, 10)
    unfinished(tmp_path, 20)
    assert newest_whole(tmp_path) == (folder(tmp_path, 10), [])
    remove_incomplete(tmp_path)
    assert steps(tmp_path) == [9, 10]


def test_a_run_without_checkpoints_has_none(tmp_path: Path) -> None:
    assert newest_whole(tmp_path) == (None, [])
    remove_incomplete(tmp_path)


def test_restoring_says_which_was_found_and_refuses_a_damaged_one_by_name(tmp_path: Path) -> None:
    made(tmp_path, 10, 20)
    flip(folder(tmp_path, 20))
    path, manifest, warnings = find(tmp_path)
    assert (path, manifest["step"], len(warnings)) == (folder(tmp_path, 10), 10, 1)
    assert find(tmp_path / "checkpoints")[0] == path
    with pytest.raises(UserError, match="contents of state"):
        find(folder(tmp_path, 20))
    lose(folder(tmp_path, 10))
    with pytest.raises(UserError, match=r"no complete checkpoint.*is missing"):
        find(tmp_path)


@given(
    sound=st.lists(st.booleans(), min_size=1, max_size=6),
    keep=st.integers(1, 4),
)
def test_as_many_good_ones_stay_as_are_to_be_kept(
    tmp_path_factory: pytest.TempPathFactory, sound: list[bool], keep: int
) -> None:
    run = tmp_path_factory.mktemp("run")
    made(run, *range(len(sound)))
    for step, good in enumerate(sound):
        if not good:
            lose(folder(run, step))
    keep_newest(run, keep)
    good = [step for step in steps(run) if damage(folder(run, step)) is None]
    assert good == [step for step, good in enumerate(sound) if good][-keep:]
