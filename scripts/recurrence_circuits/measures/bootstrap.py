"""Bootstrap intervals over test sequences."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from recurrence_circuits.randomness import numpy_stream

Statistic = Callable[[np.ndarray], np.ndarray]
Measured = Sequence[tuple[dict, np.ndarray]]  # values, `sequence …` and all of one shape, with their columns in a table
MOST = 2**24  # resampled means in memory at once: 128 MiB


def identity(means: np.ndarray) -> np.ndarray:
    return means


class Bootstrap:
    """Percentile bootstrap over sequences, for any function of means over sequences.

    The resamples are drawn once and shared by all statistics. So intervals of ratios and differences are paired, and
    a thousand columns cost one matrix product. (scipy.stats.bootstrap, with which a test compares this, would index
    every column a thousand times.)
    """

    def __init__(self, n_sequences: int, resamples: int, confidence: float, generator: np.random.Generator):
        draws = generator.integers(n_sequences, size=(resamples, n_sequences))
        draws += n_sequences * np.arange(resamples)[:, None]  # the place of each draw among all counts
        counts = np.bincount(draws.ravel(), minlength=resamples * n_sequences)
        self.weights = counts.reshape(resamples, n_sequences) / n_sequences  # resample sequence
        self.levels = [(1 - confidence) / 2, (1 + confidence) / 2]

    @classmethod
    def from_rule(cls, smk, seed: int, n_sequences: int, *purpose: str) -> "Bootstrap":
        """Make one from a rule's params `resamples` and `confidence`, and the stream `bootstrap` of the data's seed.

        The data's seed is used so that every model is judged on the same resamples. purpose names a separate stream;
        it is empty for the test sequences.
        """
        stream = numpy_stream(seed, "bootstrap", *purpose)
        return cls(n_sequences, smk.params.resamples, smk.params.confidence, stream)

    @classmethod
    def without_resamples(cls, n_sequences: int) -> "Bootstrap":
        """One that gives values alone: both ends of an interval are the value, at next to no cost."""
        plain = object.__new__(cls)
        plain.weights, plain.levels = np.full((1, n_sequences), 1 / n_sequences), [0.5, 0.5]
        return plain

    def interval(self, values: ArrayLike, statistic: Statistic = identity) -> np.ndarray:
        """The statistic and its interval: value, low and high, stacked on a new first axis.

        values     `sequence …`: what is averaged over sequences
        statistic  takes means `resample …` (the trailing axes of values) and returns `resample …`;
                   the identity by default. Where it is undefined, its NaN or infinity is returned.
        """
        values = np.asarray(values, dtype=np.float64)
        means = (self.weights @ values.reshape(len(values), -1)).reshape(-1, *values.shape[1:])  # resample …
        with np.errstate(invalid="ignore", divide="ignore"):  # callers drop what is undefined
            value = statistic(values.mean(axis=0)[None])[0]
            low, high = np.quantile(statistic(means), self.levels, axis=0)
        return np.stack([value, low, high])

    def disagreement(self, values: ArrayLike, statistic: Statistic = identity) -> np.ndarray:
        """How far the statistic of the first half of the sequences is from that of the second, in either's interval.

        values and statistic as in `interval`; returns `…`. The unit is the width of the narrower of the halves'
        intervals. Where all sequences count alike, 1 is rarely exceeded (by 6 of 1,000 normal ones, at a confidence of
        0.95). It is where a few decide: one half has them, and the interval of the other knows nothing of them.
        """
        values, half = np.asarray(values, dtype=np.float64), len(values) // 2
        found = []
        for part in (slice(None, half), slice(half, 2 * half)):
            weights = self.weights[:, part] / self.weights[:, part].sum(axis=1, keepdims=True)
            means = np.tensordot(weights, values[part], axes=1)
            low, high = np.quantile(statistic(means), self.levels, axis=0)
            found.append((statistic(values[part].mean(axis=0)[None])[0], high - low))
        (first, first_width), (second, second_width) = found
        return np.abs(first - second) / np.minimum(first_width, second_width)

    def intervals(self, values: Sequence[np.ndarray], statistic: Statistic = identity) -> list[np.ndarray]:
        """The `interval` of each of several values of one shape, by one matrix product for as many as fit in memory."""
        if not values:
            return []
        at_once = max(1, MOST // (len(self.weights) * values[0][0].size))
        parts = [values[start : start + at_once] for start in range(0, len(values), at_once)]
        together = [np.stack(part, axis=1) for part in parts]  # sequence value …
        return [each for part in together for each in np.moveaxis(self.interval(part, statistic), 1, 0)]

    def rows(self, measured: Measured, statistic: Statistic = identity) -> pd.DataFrame:
        """A table of single values with their intervals: the columns given with each, then value, low and high.

        The index counts what is measured.
        """
        columns, values = zip(*measured, strict=True)
        found = pd.DataFrame(self.intervals(values, statistic), columns=["value", "low", "high"])
        return pd.concat([pd.DataFrame(columns), found], axis=1)
