"""Commands of Slurm's that say what a test wants them to say: shell scripts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.launcher.command_line import REPOSITORY

SILENCE = "Unable to contact slurm controller (connect failure)"


def command(folder: Path, name: str, script: str) -> None:
    """Puts the command `name` into `folder`."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def interrupted_in_silence(folder: Path, *words: str) -> tuple[int, str, list[str]]:
    """Runs the launcher in `folder` and interrupts it while `scontrol` waits for a controller that
    is down; returns the exit code, the line told before that gave up, and those told after it."""
    asked, gives_up = folder / "asked", folder / "gives_up"
    silent = f"echo '{SILENCE}' >&2; exit 1"
    waits = f"touch '{asked}'; until [ -e '{gives_up}' ]; do sleep 0.1; done"
    command(folder, "scontrol", f"{waits}; {silent}")
    for name in ("scancel", "squeue"):
        command(folder, name, silent)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-m", "launcher", *words],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as launcher:
        assert launcher.stderr is not None
        while not asked.exists():
            assert launcher.poll() is None
            time.sleep(0.05)
        launcher.send_signal(signal.SIGINT)
        at_once = launcher.stderr.readline().rstrip()
        gives_up.touch()
        told = launcher.stderr.read().splitlines()
    return launcher.returncode, at_once, told
