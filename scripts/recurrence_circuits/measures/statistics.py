"""Statistics of means over sequences, as the bootstrap resamples them: ratios, correlations, slopes. And shares."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri


def ratio(means: np.ndarray) -> np.ndarray:
    """The first entry of the last axis over the second."""
    return means[..., 0] / means[..., 1]


def moments(x: ArrayLike, y: ArrayLike, axes: tuple[int, ...]) -> np.ndarray:
    """Means over `axes` of x, y, x², y², xy, stacked on a new last axis: what `correlation` and `slope` need."""
    x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    return np.stack([m.mean(axis=axes) for m in (x, y, x * x, y * y, x * y)], axis=-1)


def correlation(means: np.ndarray) -> np.ndarray:
    """Pearson correlation of x and y, in [−1, 1], from their `moments` on the last axis; NaN if one is constant."""
    x, y, xx, yy, xy = np.moveaxis(means, -1, 0)
    # A variance no larger than rounding errors is that of a constant.
    variance_x, variance_y = (_without_rounding(m2 - m * m, m2) for m, m2 in ((x, xx), (y, yy)))
    return (xy - x * y) / np.sqrt(variance_x * variance_y)


def slope(means: np.ndarray) -> np.ndarray:
    """Least-squares slope of y on x from their `moments` on the last axis; NaN if x is constant."""
    x, y, xx, _, xy = np.moveaxis(means, -1, 0)
    return (xy - x * y) / _without_rounding(xx - x * x, xx)


def _without_rounding(variance: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.where(variance > 1e-12 * scale, variance, np.nan)


def wilson(successes: np.ndarray, trials: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of each share successes / trials, low and high, in [0, 1]; trials > 0.

    By its formula: scipy.stats, which has it too, takes as long to import as some measures take.
    """
    z, share = ndtri((1 + confidence) / 2), successes / trials
    centre = share + z**2 / (2 * trials)
    reach = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return tuple(np.clip((centre + sign * reach) / (1 + z**2 / trials), 0, 1) for sign in (-1, 1))
