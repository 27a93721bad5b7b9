"""How long workers that don't wait for each other queue at what they share.

A worker computes (a delay), then visits stations: the coordinator, the links of the parameter
servers. Mean value analysis of this closed network (Reiser and Lavenberg, "Mean-value analysis of
closed multichain queuing networks", 1980) is exact for stations that share their speed evenly among
those who are there, whatever the distribution of what each one asks for.
"""

import numpy as np

_EXACT_UP_TO = 128
"""Beyond it Schweitzer's approximation: a worker's round is at most 3% longer by it."""
_ROUNDS = 200
_SETTLED = 1e-5
_NO_TIME = np.finfo(float).tiny


def congestion(workers: int, delay: np.ndarray, demands: np.ndarray) -> np.ndarray:
    """How many times as long as alone a visit takes, [..., k].

    Args:
      workers: how many there are, at least 1.
      delay: seconds of a worker's round in which it needs nobody, [...].
      demands: seconds that a visit to each of k stations takes alone, [..., k].
    """
    if workers <= _EXACT_UP_TO:
        queue = np.zeros_like(demands)
        for count in range(1, workers):
            queue = _queue(count, delay, demands, 1 + queue)
        return 1 + queue
    queue = np.full_like(demands, workers / (demands.shape[-1] + 1))
    for _ in range(_ROUNDS):
        before = queue
        queue = _queue(workers, delay, demands, 1 + before * (workers - 1) / workers)
        if np.max(np.abs(queue - before)) <= _SETTLED * workers:
            break
    return 1 + queue * (workers - 1) / workers


def _queue(
    workers: int, delay: np.ndarray, demands: np.ndarray, congested: np.ndarray
) -> np.ndarray:
    """Workers at each station, by Little's law."""
    residence = demands * congested
    rounds = np.maximum(delay + residence.sum(axis=-1), _NO_TIME)
    return residence * (workers / rounds)[..., None]
