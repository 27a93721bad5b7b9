"""A source that takes its time to prepare and leaves a trace of each attempt. No TensorFlow."""

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SlowSource:
    traces: str
    seconds: float = 0.3
    identity: str = "abc"
    error: BaseException | None = None

    def prepare(self, folder: Path) -> None:
        (Path(self.traces) / f"{os.getpid()}-{time.monotonic_ns()}").touch()
        (folder / "half").write_text("x")
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        (folder / "whole").write_text("x")

    def open(self, folder: Path, split: str) -> None:
        raise NotImplementedError
