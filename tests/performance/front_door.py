"""How long a person waits for the launcher's word: help, configuration, errors.

    python -m tests.performance.front_door [--repeats 15] [--save]

Wall seconds of whole commands, one after the other in turn, beside `python -c pass` of the same
round; and whether TensorFlow was imported on the way.
"""

import argparse
import subprocess
import sys
import time

import numpy as np

from tests.performance.record import save

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "--help": ["-m", "launcher", "--help"],
    "--cfg job": ["-m", "launcher", "--cfg", "job"],
    "dry_run=true": ["-m", "launcher", "strategy=multiworker", "workers=4", "dry_run=true"],
    "dry_run=true of 1,024 tasks": [
        *("-m", "launcher", "strategy=multiworker", "workers=1024", "dry_run=true"),
        *("source=synthetic", "workload=embedding", "engine=ray"),
    ],
    "error: workers=0": ["-m", "launcher", "workers=0"],
    "error: unknown key": ["-m", "launcher", "wokers=2"],
    "error: unknown workload": ["-m", "launcher", "workload=digit"],
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=15)
    arguments.add_argument("--save", action="store_true")
    asked = arguments.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(asked.repeats):
        for name, words in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], capture_output=True, check=False)
            seconds[name].append(time.perf_counter() - began)
    imports = {name: _imports_tensorflow(words) for name, words in COMMANDS.items()}
    for name, values in seconds.items():
        word = "TensorFlow imported" if imports[name] else ""
        print(f"{name:26} median {np.median(values):.2f} s, longest {max(values):.2f} s  {word}")
    if asked.save:
        save("front_door", {"seconds": seconds, "tensorflow_imported": imports})


def _imports_tensorflow(words: list[str]) -> bool:
    command = [sys.executable, "-X", "importtime", *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return any(line.endswith(" tensorflow") for line in told.splitlines())


if __name__ == "__main__":
    main()
