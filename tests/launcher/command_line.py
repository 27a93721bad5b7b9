"""The launcher as a person starts it: a process of its own, in a folder of its own."""

import contextlib
import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

REPOSITORY = Path(__file__).resolve().parents[2]
_SECONDS = 240


def launch(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m launcher <words>` in `folder` and returns how it ended."""
    return _run([sys.executable, "-m", "launcher", *words], folder, environment)


def launch_here(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same inside this process, for many words that start nothing: a process of its own spends
    a second on what it imports."""
    from launcher.command import main

    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()) as said,
        contextlib.redirect_stderr(io.StringIO()) as warned,
        mock.patch.dict(os.environ),
        mock.patch.object(sys, "argv", ["launcher"]),
        mock.patch.object(sys, "path", [*sys.path, str(folder)]),
        mock.patch.object(logging, "raiseExceptions", True),
    ):
        try:
            code = main([*words, "launch.method=spawn"])  # imports no TensorFlow ahead of its tasks
        except SystemExit as left:
            code = int(str(left.code))
    return subprocess.CompletedProcess(words, code, said.getvalue(), warned.getvalue())


def study_pipeline(
    folder: Path, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m input_pipelines <words>` in `folder` and returns how it ended."""
    return _run([sys.executable, "-m", "input_pipelines", *words], folder, environment)


def decide(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m benchmarks <words>` in `folder` and returns how it ended."""
    return _run([sys.executable, "-m", "benchmarks", *words], folder, environment)


def distribute_bench(
    folder: Path, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The installed command, whether or not it is installed where the tests run."""
    program = "import sys; sys.argv[0] = 'distribute-bench'; from launcher.console import main;"
    return _run([sys.executable, "-c", f"{program} sys.exit(main())", *words], folder, environment)


def _run(
    command: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    inherited["PYTHONPATH"] = str(REPOSITORY)
    return subprocess.run(
        command,
        cwd=folder,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
