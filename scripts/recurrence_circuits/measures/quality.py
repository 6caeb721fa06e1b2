"""How well models predict, by quantiles over many fresh sequences: what a heavy tail cannot decide."""

import numpy as np
import pandas as pd
from scipy.special import bdtrik

from recurrence_circuits.measures.fresh_errors import Errors

LEVELS = (0.5, 0.9, 0.99, 0.999)
TAIL = 0.999  # the quantile above which the tail begins


def measure_quality(errors: Errors, confidence: float) -> pd.DataFrame:
    """Quantiles, mean and tail of a sequence's error, by predictor, range of positions and measure.

    errors are those of `fresh_errors`. Returns the columns of the `quality` table from `predictor` on. statistic is
    one of

    quantile    at `level`, with its interval between order statistics
    mean        of all sequences (`level` is 1), without an interval: where a tail carries it, a bootstrap knows
                nothing of the sequences that it has not seen, and its interval covers far less often than it says
    tail_share  the share of the mean that the sequences above the quantile `level` carry; no row if all errors are 0
    """
    rows = []
    for predictor, by_kind in errors.items():
        for kind, error in by_kind.items():
            labels = {"predictor": predictor, **kind._asdict()}
            rows += [labels | row for row in _statistics(np.sort(error), confidence)]
    return pd.DataFrame(rows).dropna(subset=["value"])


def _statistics(ascending: np.ndarray, confidence: float) -> list[dict]:
    """The rows of one sorted sample of errors."""
    rows = []
    for level in LEVELS:
        value, low, high = quantile_interval(ascending, level, confidence)
        rows.append({"statistic": "quantile", "level": level, "value": value, "low": low, "high": high})
    rows.append({"statistic": "mean", "level": 1.0, "value": ascending.mean()})
    return [*rows, {"statistic": "tail_share", "level": TAIL, "value": tail_share(ascending, TAIL)}]


def tail_share(ascending: np.ndarray, level: float) -> float:
    """The share of the sum of a sorted sample that its values above the quantile `level` carry; NaN if the sum is 0."""
    total = ascending.sum()
    return ascending[round(level * len(ascending)) :].sum() / total if total > 0 else float("nan")


def quantile_interval(ascending: np.ndarray, level: float, confidence: float) -> tuple[float, float, float]:
    """A quantile of a sorted sample and its interval between order statistics, which no tail can spoil.

    How many of n independent values lie below the true quantile is binomial (n, level), whatever their distribution.
    An end that lies beyond the sample is NaN.
    """
    n = len(ascending)
    low, high = bdtrik([(1 - confidence) / 2, (1 + confidence) / 2], n, level)
    bounded = np.concatenate([[np.nan], ascending, [np.nan]])  # order statistics count from 1
    return np.quantile(ascending, level), bounded[int(np.floor(low))], bounded[min(int(np.ceil(high)) + 1, n + 1)]
