"""A statistic by position and over the determined positions, those where the terms seen fix the next one."""

import numpy as np
import pandas as pd

from recurrence_circuits.measures.bootstrap import Bootstrap, Measured, Statistic, identity


def rows_by_position(
    measured: Measured, first_determined: int, bootstrap: Bootstrap, statistic: Statistic = identity
) -> pd.DataFrame:
    """A statistic of values, `sequence position …`, averaged over sequences.

    For each of the values there is one row per position, then one with an empty position for the mean over positions
    ≥ first_determined. The statistic takes means `resample … position …` and returns `resample … position`; the
    identity by default. Columns: those given with the values, then position, value, low, high. The index counts what is
    measured.
    """
    columns, values = zip(*measured, strict=True)
    extended = [np.concatenate([v, v[:, first_determined:].mean(axis=1, keepdims=True)], axis=1) for v in values]
    found = np.concatenate(bootstrap.intervals(extended, statistic), axis=1)  # value low high, measured · position
    positions = [*range(values[0].shape[1]), None]
    frame = pd.DataFrame(columns).loc[np.repeat(np.arange(len(columns)), len(positions))]
    frame["position"] = pd.array(positions * len(columns), dtype="Int64")
    frame[["value", "low", "high"]] = found.T
    return frame
