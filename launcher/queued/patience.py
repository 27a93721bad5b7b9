"""How long somebody who doesn't answer is asked again before that counts as an answer."""

import time
from dataclasses import dataclass

MOST_SECONDS = 600.0
LEAST_TRIES = 10
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 60.0


@dataclass
class Patience:
    """Silence so far. A controller that is restarted or overrun says nothing for minutes, and its
    jobs go on: only both, a time and a number of tries, make a reason to give up."""

    since: float | None = None
    """Of `time.monotonic`, when the first of these tries failed; None where the last one didn't."""
    tries: int = 0

    def answered(self) -> None:
        """Begin anew."""
        self.since, self.tries = None, 0

    def silent(self, now: float | None = None) -> None:
        """Count one more try without an answer."""
        now = time.monotonic() if now is None else now
        self.since = now if self.since is None else self.since
        self.tries += 1

    def is_over(self, now: float | None = None) -> bool:
        """Whether to give up."""
        now = time.monotonic() if now is None else now
        return (
            self.since is not None
            and now - self.since >= MOST_SECONDS
            and self.tries >= LEAST_TRIES
        )

    @property
    def pause_seconds(self) -> float:
        """Before the next try: longer each time."""
        return min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** max(0, self.tries - 1))
