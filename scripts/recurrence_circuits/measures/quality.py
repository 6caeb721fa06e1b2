"""How well a model predicts, by quantiles over many fresh sequences: what a heavy tail cannot decide."""

import numpy as np
import pandas as pd
import torch
from scipy.special import bdtrik
from torch import Tensor

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.model.passes import predict
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.tasks.dataset import draw_sequences
from recurrence_circuits.tasks.errors import squared_error

LEVELS = (0.5, 0.9, 0.99, 0.999)


@torch.no_grad()
def measure_quality(
    models: dict[str, Transformer], run: RunSettings, first_determined: int, n_fresh: int, confidence: float
) -> pd.DataFrame:
    """Quantiles, over n_fresh sequences of their own, of a sequence's squared error.

    A sequence's error is the mean over its determined positions, in units of x². Returns the columns of the `quality`
    table from `predictor` on, which holds the models' names; `level` is the quantile's. The mean is left out: one
    sequence in a thousand carries most of it.
    """
    sequences = draw_sequences(run.task, run.data, "fresh", n_fresh)["sequences"]
    rows = []
    for name, model in models.items():
        errors = np.sort(sequence_errors(model, sequences, first_determined))
        for level in LEVELS:
            value, low, high = quantile_interval(errors, level, confidence)
            rows.append({"predictor": name, "level": level, "value": value, "low": low, "high": high})
    return pd.DataFrame(rows)


def sequence_errors(model: Transformer, sequences: Tensor, first_determined: int) -> np.ndarray:
    """Squared error of each sequence, mean over positions from `first_determined` on: `sequence`, in units of x².

    sequences is `sequence position dimension`, one term longer than the context.
    """
    error = squared_error(predict(model, sequences[:, :-1]), sequences[:, 1:])
    return error[:, first_determined:].mean(axis=1)


def quantile_interval(ascending: np.ndarray, level: float, confidence: float) -> tuple[float, float, float]:
    """A quantile of a sorted sample and its interval between order statistics, which no tail can spoil.

    How many of n independent values lie below the true quantile is binomial (n, level), whatever their distribution.
    An end that lies beyond the sample is NaN.
    """
    n = len(ascending)
    low, high = bdtrik([(1 - confidence) / 2, (1 + confidence) / 2], n, level)
    bounded = np.concatenate([[np.nan], ascending, [np.nan]])  # order statistics count from 1
    return np.quantile(ascending, level), bounded[int(np.floor(low))], bounded[min(int(np.ceil(high)) + 1, n + 1)]
