"""The best linear predictors, in closed form from the second moments of the terms.

Attention by position alone makes such predictions: linear in the terms, with weights that do not depend on the
sequence. `moments` is E[x_i x_j], `position position`, of context_length + 1 terms (see `Task.second_moments`).
"""

import numpy as np
from numpy.typing import NDArray

RCOND = 1e-11  # singular values below this fraction of the largest are left out, which keeps the weights moderate


def best_linear(moments: NDArray) -> NDArray:
    """The weights of the best linear predictor from all terms seen, `position position`, lower triangular.

    Row n holds the weights on x_0 … x_n in the prediction of x_{n+1}. Apart from what RCOND leaves out, no linear
    predictor has a smaller error at any position.
    """
    return _best_weights(moments, first=0)


def best_linear_in_differences(moments: NDArray) -> NDArray:
    """The best weights w_{nk} of the prediction x_n + Σ_k w_{nk} D_k, k = 1 … n: `position position`.

    This is `best_linear` with the constraint that the weights on terms add up to 1, so a shift of all x shifts the
    prediction alike. Row n, column k holds w_{nk}; column 0 is 0. With D_n alone, the best weight at n ≥ 1 would be
    −2 (2n − 1) / (6n + 1).
    """
    difference = np.eye(len(moments)) - np.eye(len(moments), k=-1)  # row k makes D_k, k ≥ 1
    return _best_weights(difference @ moments @ difference.T, first=1)


def _best_weights(moments: NDArray, first: int) -> NDArray:
    """Row n: the best weights on values first … n in the prediction of value n + 1, from their second moments."""
    context_length = len(moments) - 1
    weights = np.zeros((context_length, context_length))
    for n in range(first, context_length):
        seen = slice(first, n + 1)
        weights[n, seen] = np.linalg.lstsq(moments[seen, seen], moments[seen, n + 1], rcond=RCOND)[0]
    return weights


def feature_weights(context_length: int) -> NDArray:
    """x_n, x_{n−1} (x_0 at n = 0) and the mean of x_0 … x_n, as weights on the terms: `feature position position`."""
    last, mean = np.eye(context_length), np.tri(context_length) / np.arange(1, context_length + 1)[:, None]
    previous = np.eye(context_length, k=-1)
    previous[0, 0] = 1
    return np.stack([last, previous, mean])


def fixed_coefficients(moments: NDArray, first: int) -> NDArray:
    """The best coefficients, `feature`, of x_n, x_{n−1} and the context's mean, shared by all positions ≥ first."""
    features = feature_weights(len(moments) - 1)[:, first:]  # feature position position
    gram = np.einsum("fnk,kl,gnl->fg", features, moments[:-1, :-1], features)
    target = np.einsum("fnk,kn->f", features, moments[:-1, first + 1 :])
    return np.linalg.solve(gram, target)


def linear_error(weights: NDArray, moments: NDArray) -> NDArray:
    """The expected squared error of the linear predictor with these weights, by position, in units of x².

    weights is `position position`, row n for the prediction of x_{n+1}; returns `position`.
    """
    context_length = len(weights)
    full = np.hstack([weights, np.zeros((context_length, 1))]) - np.eye(context_length, context_length + 1, k=1)
    return np.einsum("nk,kl,nl->n", full, moments, full)
