"""Intervals: bootstrap over test sequences, Wilson over seeds."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest

Statistic = Callable[[np.ndarray], np.ndarray]


class Bootstrap:
    """Percentile bootstrap over sequences, for any function of means over sequences.

    The resamples are drawn once and shared by every statistic, so that intervals of ratios and differences
    are paired, and a thousand columns cost one matrix product (scipy.stats.bootstrap, to which a test
    compares this, would index every column a thousand times).
    """

    def __init__(self, n_sequences: int, resamples: int, confidence: float, generator: np.random.Generator):
        draws = generator.integers(n_sequences, size=(resamples, n_sequences))
        counts = np.stack([np.bincount(draw, minlength=n_sequences) for draw in draws])
        self.weights = counts / n_sequences  # resample sequence
        self.levels = [(1 - confidence) / 2, (1 + confidence) / 2]

    def interval(self, values: ArrayLike, statistic: Statistic = lambda means: means) -> np.ndarray:
        """value, low and high of `statistic`, stacked on a new first axis.

        values     `sequence …`: what is averaged over sequences
        statistic  takes means `resample …` (the trailing axes of values) and returns `resample …`;
                   the identity by default. NaN or infinity, where it is undefined, is passed on.
        """
        values = np.asarray(values, dtype=np.float64)
        means = np.tensordot(self.weights, values, axes=1)  # resample …
        with np.errstate(invalid="ignore", divide="ignore"):  # undefined stays NaN and is for the caller to see
            value = statistic(values.mean(axis=0)[None])[0]
            low, high = np.quantile(statistic(means), self.levels, axis=0)
        return np.stack([value, low, high])


def ratio(means: np.ndarray) -> np.ndarray:
    """Numerator over denominator, the two entries of the last axis."""
    return means[..., 0] / means[..., 1]


def moments(x: ArrayLike, y: ArrayLike, axes: tuple[int, ...]) -> np.ndarray:
    """Means over `axes` of x, y, x², y², xy, stacked on a new last axis: what `correlation` and `slope` need."""
    x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    return np.stack([m.mean(axis=axes) for m in (x, y, x * x, y * y, x * y)], axis=-1)


def correlation(means: np.ndarray) -> np.ndarray:
    """Pearson's correlation of x and y in [−1, 1] from their moments on the last axis; NaN if one is constant."""
    x, y, xx, yy, xy = np.moveaxis(means, -1, 0)
    # A variance that rounding alone can explain is a constant's.
    variance_x, variance_y = (_without_rounding(m2 - m * m, m2) for m, m2 in ((x, xx), (y, yy)))
    return (xy - x * y) / np.sqrt(variance_x * variance_y)


def slope(means: np.ndarray) -> np.ndarray:
    """Least-squares slope of y on x from their moments on the last axis; NaN if x is constant."""
    x, y, xx, _, xy = np.moveaxis(means, -1, 0)
    return (xy - x * y) / _without_rounding(xx - x * x, xx)


def _without_rounding(variance: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.where(variance > 1e-12 * scale, variance, np.nan)


def wilson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a proportion, in [0, 1]."""
    interval = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
