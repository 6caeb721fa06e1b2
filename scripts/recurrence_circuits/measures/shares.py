"""Explained shares: how much of what a model says a reduced model accounts for, in units of each sequence's scale."""

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-12  # a variance below this share of the mean square counts as 0


def weighted_squares(rest: NDArray, whole: NDArray, scale: NDArray) -> NDArray:
    """Means over coordinates of rest², whole, whole² and 1, over scale: `sequence position 4`, for `explained_share`.

    rest is what is left unexplained of whole, both `sequence position dimension`; scale is `mean_square_seen`,
    `sequence position`: without it a few wide sequences would decide the share.
    """
    powers = ((rest, 2), (whole, 1), (whole, 2), (whole, 0))
    return np.stack([(v**p).mean(axis=2) / scale for v, p in powers], axis=-1)


def explained_share(means: NDArray) -> NDArray:
    """1 − mean rest² / variance of the whole, with the weights 1 / scale, from means of `weighted_squares`.

    1 is all of it, below 0 is possible; NaN where the whole does not vary.
    """
    rest, mean, square, weight = np.moveaxis(means, -1, 0)
    variance = square - mean**2 / weight
    return 1 - rest / np.where(variance > ROUNDING * square, variance, np.nan)
