"""A statistic by position and over the determined positions, those where the terms seen fix the next one."""

import numpy as np
import pandas as pd

from recurrence_circuits.measures.bootstrap import Bootstrap, Statistic


def rows_by_position(
    values: np.ndarray, first_determined: int, bootstrap: Bootstrap, statistic: Statistic = lambda means: means
) -> pd.DataFrame:
    """A statistic of values, `sequence position …`, averaged over sequences. Columns: position, value, low, high.

    One row per position, then one with an empty position for the mean over positions ≥ first_determined. The
    statistic takes means `resample position …` and returns `resample position`; the identity by default.
    """
    extended = np.concatenate([values, values[:, first_determined:].mean(axis=1, keepdims=True)], axis=1)
    value, low, high = bootstrap.interval(extended, statistic)
    positions = pd.array([*range(values.shape[1]), None], dtype="Int64")
    return pd.DataFrame({"position": positions, "value": value, "low": low, "high": high})
