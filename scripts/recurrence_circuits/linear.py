"""The best linear predictors of the affine recurrence, in closed form.

What attention can do that looks at positions only: a prediction that is linear in the terms, with weights that
do not depend on the sequence. The terms' second moments are sums of E[a^k], so the best weights are exact.
"""

import numpy as np
from numpy.typing import NDArray

RCOND = 1e-11  # singular values below this fraction of the greatest are left out, which keeps the weights moderate


def second_moments(n_terms: int, noise: float) -> NDArray:
    """E[x_i x_j], `position position`, of observed terms with a ~ U(−1, 1), b and x_0 ~ N(0, 1).

    x_i = a^i x_0 + (1 + a + … + a^{i−1}) b, so that E[x_i x_j] = E[a^{i+j}] + Σ_{p<i} Σ_{q<j} E[a^{p+q}], with
    E[a^k] = 1 / (k + 1) for even k and 0 for odd; and noise² where i = j.
    """
    order = np.add.outer(np.arange(n_terms), np.arange(n_terms))
    of_slope = np.where(order % 2 == 0, 1 / (order + 1), 0.0)  # E[a^{i+j}]
    sums = np.zeros((n_terms, n_terms))
    sums[1:, 1:] = of_slope[:-1, :-1].cumsum(axis=0).cumsum(axis=1)
    return of_slope + sums + noise**2 * np.eye(n_terms)


def best_linear(n_terms: int, noise: float) -> NDArray:
    """The weights of the best linear predictor from all terms seen, `position position`, lower triangular.

    Row n holds the weights on x_0 … x_n of the prediction of x_{n+1}. No linear predictor has a smaller error (but
    for what RCOND leaves out), whatever its weights at each position.
    """
    return _best_weights(second_moments(n_terms + 1, noise), first=0)


def best_linear_in_differences(n_terms: int, noise: float) -> NDArray:
    """The best weights w_{nk} of the prediction x_n + Σ_k w_{nk} D_k, k = 1 … n: `position position`.

    The same at any origin of x: what is left of `best_linear` if the weights on terms must add up to 1. Row n, column
    k holds w_{nk}; column 0 is 0. At n ≥ 1 with D_n alone it would be −2 (2n − 1) / (6n + 1).
    """
    difference = np.eye(n_terms + 1) - np.eye(n_terms + 1, k=-1)  # row k makes D_k, k ≥ 1
    return _best_weights(difference @ second_moments(n_terms + 1, noise) @ difference.T, first=1)


def _best_weights(moments: NDArray, first: int) -> NDArray:
    """Row n: the best weights on values first … n to predict value n + 1, given the values' second moments."""
    n_terms = len(moments) - 1
    weights = np.zeros((n_terms, n_terms))
    for n in range(first, n_terms):
        seen = slice(first, n + 1)
        weights[n, seen] = np.linalg.lstsq(moments[seen, seen], moments[seen, n + 1], rcond=RCOND)[0]
    return weights


def feature_weights(n_terms: int) -> NDArray:
    """x_n, x_{n−1} (x_0 at n = 0) and the mean of x_0 … x_n as weights on the terms, `feature position position`."""
    last, mean = np.eye(n_terms), np.tri(n_terms) / np.arange(1, n_terms + 1)[:, None]
    previous = np.eye(n_terms, k=-1)
    previous[0, 0] = 1
    return np.stack([last, previous, mean])


def fixed_coefficients(n_terms: int, noise: float, first: int) -> NDArray:
    """The best coefficients of x_n, x_{n−1} and the context's mean, the same at every position ≥ first; `feature`."""
    moments = second_moments(n_terms + 1, noise)
    features = feature_weights(n_terms)[:, first:]  # feature position position
    gram = np.einsum("fnk,kl,gnl->fg", features, moments[:-1, :-1], features)
    target = np.einsum("fnk,kn->f", features, moments[:-1, first + 1 :])
    return np.linalg.solve(gram, target)


def linear_error(weights: NDArray, noise: float) -> NDArray:
    """The expected squared error at each position, in units of x², of the linear predictor with these weights.

    weights is `position position`, row n for the prediction of x_{n+1}; returns `position`.
    """
    n_terms = len(weights)
    moments = second_moments(n_terms + 1, noise)
    full = np.hstack([weights, np.zeros((n_terms, 1))]) - np.eye(n_terms, n_terms + 1, k=1)
    return np.einsum("nk,kl,nl->n", full, moments, full)
