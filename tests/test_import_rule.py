"""The design's rule: rooms import downwards only, and the parent imports nothing slow."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[1]
_ROOMS = ("launcher", "strategies", "input_pipelines", "benchmarks", "results")
"""From the top to the bottom."""
_PUBLIC_FACE = "launcher"
"""What a front door (`__main__.py`) may use besides the rooms below its own."""
_SLOW = {"tensorflow", "keras", "tf_keras", "tensorflow_datasets", "pandas", "matplotlib", "scipy"}
_TASK_SIDE = {"launcher.task", "launcher.training_job", "launcher.preflight"}
"""Modules of the launcher's room that only task processes import."""

_STRATEGIES_OF_THE_PARENT = ("strategies.settings", "strategies.checkpoint_folder")
"""What the parent may use of the room that runs in tasks."""


def _modules() -> Iterator[Path]:
    for room in _ROOMS:
        yield from sorted((_REPOSITORY / room).rglob("*.py"))


def _imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports anywhere, also within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield node.module or ""


@pytest.mark.parametrize(
    "path", list(_modules()), ids=lambda path: str(path.relative_to(_REPOSITORY)) if path else ""
)
def test_module_imports_only_from_its_own_room_and_those_below(path: Path) -> None:
    room = path.relative_to(_REPOSITORY).parts[0]
    allowed = set(_ROOMS[_ROOMS.index(room) :])
    if path.name == "__main__.py":
        allowed.add(_PUBLIC_FACE)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {name.partition(".")[0] for name in _imported(tree)}
    upwards = (used & set(_ROOMS)) - allowed
    assert not upwards, f"{room} is below {', '.join(sorted(upwards))}"


def _launcher_modules_of_the_parent() -> list[str]:
    names = []
    for path in sorted((_REPOSITORY / "launcher").rglob("*.py")):
        name = ".".join(path.relative_to(_REPOSITORY).with_suffix("").parts)
        name = name.removesuffix(".__init__")
        if name not in _TASK_SIDE and not name.endswith("__main__"):
            names.append(name)
    return names


def test_parent_imports_nothing_slow_before_a_run_has_ended() -> None:
    names = [*_launcher_modules_of_the_parent(), *_ROOMS, *_STRATEGIES_OF_THE_PARENT]
    program = f"import sys, {', '.join(names)}; print(*sorted({_SLOW!r} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == []


def test_room_below_is_never_the_tests() -> None:
    for path in _modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not any(name.partition(".")[0] == "tests" for name in _imported(tree)), path
