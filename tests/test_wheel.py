"""What `pip install .` brings along."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.ci

_REPOSITORY = Path(__file__).resolve().parents[1]
_ROOMS = ("launcher", "strategies", "input_pipelines", "benchmarks", "results")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the files that git knows, so that no leftover of a checkout hides a gap."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=_REPOSITORY, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        original, copy = _REPOSITORY / name, source / name
        if original.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(original.read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(built), str(source)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (found,) = built.glob("*.whl")
    return found


def test_wheel_holds_the_rooms_their_configuration_and_templates_but_no_tests(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    for room in _ROOMS:
        for path in (_REPOSITORY / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and _is_tracked(path):
                assert str(path.relative_to(_REPOSITORY)) in packed
    assert not [name for name in packed if name.startswith("tests/")]
    tops = {name.partition("/")[0] for name in packed if ".dist-info/" not in name}
    assert tops == {*_ROOMS, "hydra_plugins"}


def test_unpacked_wheel_answers_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    unpacked, elsewhere = tmp_path / "unpacked", tmp_path / "elsewhere"
    zipfile.ZipFile(wheel).extractall(unpacked)
    elsewhere.mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "launcher", "strategy=multiworker", "workers=2", "dry_run=true"],
        cwd=elsewhere,
        env={"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin", "HOME": str(elsewhere)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "worker-0" in ended.stdout


def test_wheel_names_its_license_and_its_command(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel)
    texts = {name.rpartition("/")[2]: name for name in packed.namelist() if ".dist-info/" in name}
    assert "LICENSE" in texts
    assert "License-Expression: Apache-2.0" in packed.read(texts["METADATA"]).decode()
    assert (
        "distribute-bench = launcher.console:main"
        in packed.read(texts["entry_points.txt"]).decode()
    )


def _is_tracked(path: Path) -> bool:
    found = subprocess.run(
        ["git", "ls-files", "--error-unmatch", str(path)],
        cwd=_REPOSITORY,
        capture_output=True,
        check=False,
    )
    return found.returncode == 0
