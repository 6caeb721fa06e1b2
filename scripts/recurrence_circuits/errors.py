"""Prediction errors by position, and their mean over the positions where the terms seen fix the next one."""

import numpy as np
import pandas as pd
from torch import Tensor

from recurrence_circuits.statistics import Bootstrap


def squared_error(prediction: Tensor, target: Tensor) -> np.ndarray:
    """Squared error, mean over coordinates: `sequence position`, float64, in units of x²."""
    return (prediction.double() - target.double()).square().mean(dim=-1).cpu().numpy()


def error_rows(values: np.ndarray, first_determined: int, bootstrap: Bootstrap) -> pd.DataFrame:
    """Mean over sequences of values, `sequence position`, with intervals: position, value, low, high.

    One row a position, then one with an empty position: the mean over positions ≥ first_determined.
    """
    extended = np.column_stack([values, values[:, first_determined:].mean(axis=1)])
    value, low, high = bootstrap.interval(extended)
    positions = pd.array([*range(values.shape[1]), None], dtype="Int64")
    return pd.DataFrame({"position": positions, "value": value, "low": low, "high": high})
