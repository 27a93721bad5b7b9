"""How much a series repeats itself, and so how many independent measurements it is worth."""

import numpy as np


def autocorrelation(series: np.ndarray) -> np.ndarray:
    """Autocorrelation of `series` [n] at lags 0 … n−1; zero beyond lag 0 where nothing varies."""
    values = np.asarray(series, dtype=np.float64)
    size = len(values)
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, 2 * size)
    covariance = np.fft.irfft(spectrum * spectrum.conj())[:size]
    if covariance[0] <= 1e-12 * size * max(np.abs(values).max() ** 2, 1e-300):
        return np.eye(1, size)[0]
    return covariance / covariance[0]


def ranks(series: np.ndarray) -> np.ndarray:
    """Place of each value of `series` [n] in sorted order; equal values share their mean place.

    The autocorrelation of ranks is that of the bulk of a series: a single pause of a second among
    steps of milliseconds does not hide it.
    """
    _, place, counts = np.unique(series, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts + 1) / 2)[place]


def inefficiency(series: np.ndarray) -> float:
    """By how much correlation inflates the variance of the mean: 1 + 2 Σ ρ(lag), at least 1.

    The sum ends as Geyer's initial monotone sequence does (Practical Markov Chain Monte Carlo,
    1992): where two neighbouring autocorrelations no longer add up to more than 0; it never grows.
    """
    rho = autocorrelation(series)
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    ended = np.flatnonzero(pairs <= 0)
    pairs = np.minimum.accumulate(pairs[: ended[0]] if len(ended) else pairs)
    return max(1.0, 2 * float(pairs.sum()) - 1)


def effective_sample(series: np.ndarray) -> float:
    """How many independent measurements `series` [n] is worth: n ÷ inefficiency of its ranks."""
    size = len(series)
    if size < 4:
        return float(size)
    return size / inefficiency(ranks(series))
