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


def draw(answer):
    import random

    import numpy as np

    Path(answer).write_text(f"{random.random()} {np.random.rand()}")


def take_memory(megabytes):
    kept = [bytearray(1_000_000) for _ in range(int(megabytes))]
    time.sleep(1)
    kept += [bytearray(1_000_000) for _ in range(int(megabytes))]
    time.sleep(1000)


def listen(answer):
    import socket

    with socket.create_server(("0.0.0.0", 0)) as server:
        Path(answer).write_text(str(server.getsockname()[1]))
        while True:
            server.accept()


def tell_parent_modules(answer):
    """Whether TensorFlow was there when this process began."""
    Path(answer).write_text(str("tensorflow" in sys.modules))


def compute(seconds, answer):
    """Without a pause; tells its CPU seconds a second, by its own accounting."""
    began, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < float(seconds):
        pass
    got = (time.process_time() - used) / (time.perf_counter() - began)
    Path(answer).write_text(str(got))
