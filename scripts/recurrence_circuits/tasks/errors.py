"""Prediction errors."""

import numpy as np
from torch import Tensor


def squared_error(prediction: Tensor, target: Tensor) -> np.ndarray:
    """Squared error, mean over coordinates: `sequence position`, float64, in units of x²."""
    return (prediction.double() - target.double()).square().mean(dim=-1).cpu().numpy()


def mean_square_seen(sequences: Tensor) -> np.ndarray:
    """The mean square of the terms seen, x_0 … x_n, by n: `sequence position`, float64, in units of x².

    sequences is `sequence position dimension`, one term longer than the context.
    """
    squares = sequences[:, :-1].double().square().mean(dim=-1).cpu().numpy()
    return squares.cumsum(axis=1) / np.arange(1, squares.shape[1] + 1)


def relative_error(prediction: Tensor, sequences: Tensor) -> np.ndarray:
    """Squared error in units of the sequence's own scale, `mean_square_seen`: `sequence position`, float64.

    The squared error of a trained model is heavy-tailed: wide sequences carry most of its mean, and how many of them a
    test set holds decides it. This one has a mean that a few thousand sequences can bear. prediction is
    `sequence position dimension`; sequences is one term longer.
    """
    return squared_error(prediction, sequences[:, 1:]) / mean_square_seen(sequences)
