"""A disk that becomes full in the middle of a sweep, again and again.

    python -m tests.performance.full_disk_sweep [--times 10] [--seed 0] [--save]

The sweep lies on a file system of its own (tmpfs; needs the right to mount). At a random moment all
that is left of it is filled; the launcher has to stop by itself, with one line. Then room is made,
and the sweep is gone on with. At the end a disk that fits half of the sweep is tried: there it has
to stop before the run that wouldn't fit. Needs root, or `unshare --user --map-root-user --mount`.
"""

import argparse
import errno
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from results.sweep_folder import DONE, is_sweep, read_journal
from tests.performance.killed_sweep import undisturbed_sweep
from tests.performance.record import save
from tests.performance.sweeping import finished_files, launcher, table, times_done

WORDS = (
    "-m",
    "strategy=one_device,mirrored",
    "seed=1,2,3",
    "repeat=2",
    "until.steps=60",
    "report=false",
    "quiet.seconds=0",
)
_ROOMY, _TIGHT = "200m", "7m"
_EARLIEST_SECONDS, _LATEST_SECONDS = 1.0, 20.0
_LONGEST_SECONDS = 600
_BLOCK = b"\0" * 65536


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """A file system of this size at `place`, which is made."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(ballast: Path) -> None:
    """Writes until nothing more can be written, and goes on for two seconds: what others free in
    the meantime is taken too."""
    limit = time.monotonic() + 2
    with ballast.open("ab", buffering=0) as file:
        while time.monotonic() < limit:
            try:
                file.write(_BLOCK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                time.sleep(0.01)


def filled_sweep(folder: Path, times: int, chance: random.Random) -> dict[str, Any]:
    """A sweep whose disk becomes full `times` times, or until it has ended."""
    sweep, ballast = folder / "s", folder / "ballast"
    lines, several_lines, damaged, fills = [], 0, 0, 0
    while True:
        words = ("resume=s",) if is_sweep(sweep) else (*WORDS, "hydra.sweep.dir=s")
        command = launcher(folder, *words)
        seconds = chance.uniform(_EARLIEST_SECONDS, _LATEST_SECONDS)
        try:
            command.wait(seconds if fills < times else _LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            before = finished_files(sweep) if is_sweep(sweep) else {}
            fills += 1
            fill(ballast)
        _, told = command.communicate(timeout=_LONGEST_SECONDS)
        if command.returncode == 0:
            break
        if not ballast.exists():
            raise SystemExit(f"ended by itself: {told}")
        after = finished_files(sweep) if is_sweep(sweep) else {}
        damaged += sum(after.get(name) != held for name, held in before.items())
        lines.append(told.splitlines()[-1] if told else "")
        several_lines += "Traceback" in told
        print(f"{len(lines):3} {lines[-1]}", flush=True)
        ballast.unlink()
    counts = list(times_done(sweep).values())
    return {
        "fills": fills,
        "stops": lines,
        "tracebacks": several_lines,
        "finished_files_changed": damaged,
        "runs": len(counts),
        "done_once": counts.count(1),
        "table": table(sweep),
    }


def tight_sweep(folder: Path) -> dict[str, Any]:
    """A sweep on a disk that fits half of it: what it says, and whether it goes on with more."""
    command = launcher(folder, *WORDS, "hydra.sweep.dir=s")
    _, told = command.communicate(timeout=_LONGEST_SECONDS)
    line, code = told.splitlines()[-1], command.returncode
    print(line, flush=True)
    sweep = folder / "s"
    done = read_journal(sweep).count(DONE)
    before = finished_files(sweep)
    subprocess.run(["mount", "-o", f"remount,size={_ROOMY}", folder], check=True)
    command = launcher(folder, "resume=s")
    command.communicate(timeout=_LONGEST_SECONDS)
    after = finished_files(sweep)
    counts = list(times_done(sweep).values())
    return {
        "line": line,
        "exit_code": code,
        "done_before": done,
        "exit_code_after": command.returncode,
        "finished_files_changed": sum(after.get(name) != held for name, held in before.items()),
        "runs": len(counts),
        "done_once": counts.count(1),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        calm, full, tight = (Path(place) / name for name in ("calm", "full", "tight"))
        calm.mkdir()
        expected = undisturbed_sweep(calm, WORDS)
        with small_disk(full, _ROOMY):
            filled = filled_sweep(full, asked.times, random.Random(asked.seed))
        with small_disk(tight, _TIGHT):
            foreseen = tight_sweep(tight)
    filled["same_table"] = filled.pop("table") == expected
    for name, value in {**filled, **foreseen}.items():
        print(f"{name:24} {value}")
    if asked.save:
        save("full_disk_sweep", {"seed": asked.seed, "filled": filled, "foreseen": foreseen})


if __name__ == "__main__":
    main()
