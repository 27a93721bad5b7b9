"""Journals of sweeps made through the real writer."""

from pathlib import Path
from typing import Any

from results.run_folder import now
from results.sweep_folder import Journal, SweptRun, write_journal


def swept_run(number: int, **fields: Any) -> SweptRun:
    """A run of a sweep over workers; `fields` say what has become of it."""
    overrides = ("strategy=mirrored", f"workers={number + 1}")
    usual = {"number": number, "folder": str(number), "overrides": overrides, "cell": number}
    return SweptRun(**(usual | fields))


def make_journal(folder: Path, *runs: SweptRun, **fields: Any) -> Journal:
    """Write the journal of a sweep of these runs into `folder`, which is made."""
    identity = {"words": {}, "common": {}, "cells": [], "versions": {}}
    usual = {"words": ("strategy=mirrored", "workers=1,2"), "identity": identity, "created": now()}
    journal = Journal(runs=runs or (swept_run(0), swept_run(1)), **(usual | fields))
    folder.mkdir(parents=True, exist_ok=True)
    write_journal(folder, journal)
    return journal
