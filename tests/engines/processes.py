"""What the engine's tests let run in a process."""

import os
import subprocess
import sys
import time
from pathlib import Path


def say(word):
    print(word, flush=True)
    print("to stderr", file=sys.stderr, flush=True)


def leave(code):
    sys.exit(int(code))


def fail():
    raise ValueError("planted")


def sleep(mark, session="same"):
    """Runs for long with a child, perhaps in a session of its own, and says when it is there."""
    child = subprocess.Popen(["sleep", "1000"], start_new_session=session == "own")
    Path(mark).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(1000)


def tell_environment(name, answer):
    Path(answer).write_text(f"{os.environ.get(name)} {len(os.listdir('/proc/self/fd'))}")
