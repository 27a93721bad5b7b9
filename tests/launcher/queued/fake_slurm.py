"""Commands of Slurm's that say what a test wants them to say: shell scripts."""

from pathlib import Path


def command(folder: Path, name: str, script: str) -> None:
    """Puts the command `name` into `folder`."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
