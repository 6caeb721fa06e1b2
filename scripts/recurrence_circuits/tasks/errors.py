"""Prediction errors."""

import numpy as np
from torch import Tensor


def squared_error(prediction: Tensor, target: Tensor) -> np.ndarray:
    """Squared error, mean over coordinates: `sequence position`, float64, in units of x²."""
    return (prediction.double() - target.double()).square().mean(dim=-1).cpu().numpy()


def mean_square_seen(sequences: Tensor) -> np.ndarray:
    """The mean square of the terms seen, x_0 … x_n, and of one more of size 1: `sequence position`, in units of x².

    The term of size 1, the spread of what the tasks draw, is there for sequences that lie close to 0 as a whole: the
    mean of 1 / (mean square of the terms alone) over sequences is infinite. sequences is `sequence position dimension`,
    one term longer than the context.
    """
    squares = sequences[:, :-1].double().square().mean(dim=-1).cpu().numpy()
    return (1 + squares.cumsum(axis=1)) / np.arange(2, squares.shape[1] + 2)


def relative_error(prediction: Tensor, sequences: Tensor) -> np.ndarray:
    """Squared error in units of the sequence's own scale, `mean_square_seen`: `sequence position`, float64.

    The squared error of a trained model is heavy-tailed: wide sequences carry most of its mean, and how many of them a
    test set holds decides it. This one has a mean that a few thousand sequences can bear. prediction is
    `sequence position dimension`; sequences is one term longer.
    """
    return squared_error(prediction, sequences[:, 1:]) / mean_square_seen(sequences)
