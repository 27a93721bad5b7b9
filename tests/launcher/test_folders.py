"""Folders are claimed once, and given back as they were found."""

import multiprocessing
import os
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from launcher import folders
from results.errors import UserError

_AT_ONCE = 6


def _claim(parent: str) -> str:
    return folders.claimed_folder(parent)


def test_commands_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(_AT_ONCE) as pool:
        claimed = pool.map(_claim, [str(tmp_path)] * _AT_ONCE, chunksize=1)
    assert len({*claimed}) == len([path for path in tmp_path.glob("*/*") if path.is_dir()])


def test_claimed_folder_is_the_same_each_time(tmp_path: Path) -> None:
    assert folders.claimed_folder(str(tmp_path)) == folders.claimed_folder(str(tmp_path))


def test_removed_claim_takes_the_folders_above_it_along(tmp_path: Path) -> None:
    claimed = Path(folders.claimed_folder(str(tmp_path / "outputs")))
    (claimed / "log.txt").write_text("something")
    folders.remove(claimed)
    assert list(tmp_path.iterdir()) == []


def test_removed_claim_leaves_what_others_use(tmp_path: Path) -> None:
    claimed = Path(folders.claimed_folder(str(tmp_path / "outputs")))
    (claimed.parent / "other").mkdir()
    folders.remove(claimed)
    assert os.listdir(claimed.parent) == ["other"]


def test_folder_that_was_there_before_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    node = OmegaConf.create({"dir": str(tmp_path)})
    folders.remove(folders.check("hydra.run.dir", node))
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_folder_given_by_the_user_is_removed_where_it_was_made_for_the_run(tmp_path: Path) -> None:
    asked = tmp_path / "a" / "b"
    folder = folders.check("hydra.run.dir", OmegaConf.create({"dir": str(asked)}))
    asked.mkdir(parents=True)
    folders.remove(folder)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_holds_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text("{}")
    with pytest.raises(UserError, match="holds a run already"):
        folders.check("hydra.run.dir", OmegaConf.create({"dir": str(tmp_path)}))


@pytest.mark.parametrize("place", ["a_file", "a_file/below", "dangling/below"])
def test_what_is_no_folder_can_not_be_written(place: str, tmp_path: Path) -> None:
    (tmp_path / "a_file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert not folders.writable(tmp_path / place)


def test_trying_to_write_leaves_nothing(tmp_path: Path) -> None:
    assert folders.writable(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
