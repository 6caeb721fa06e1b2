"""The Bayes-optimal predictor of the affine recurrence under observation noise, by quadrature over the slope a.

Given a, terms are linear in (x_0, b): x_k = a^k x_0 + s_k b with s_k = 1 + a + … + a^{k−1}. Both are Gaussian, so
everything but a is integrated in closed form, and the prediction is a mean of Gaussian posterior means over a.
"""

import math

import numpy as np
import torch
from torch import Tensor

GRID = torch.linspace(0, 1, 33, dtype=torch.float64)  # slopes tried in a round, as fractions of their range
ROUNDS = 3  # rounds that narrow the range of slopes to where the posterior is, each at most 16-fold
NODES, WEIGHTS = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(48))
LOG_DROP = 30.0  # a posterior this far below its peak, in log units, counts as 0
BATCH = 256  # sequences at a time: a few hundred MB at 64 positions


def noisy_bayes(context: Tensor, noise: float, a_max: float = 1.0, b_std: float = 1.0, x0_std: float = 1.0) -> Tensor:
    """E[x_{n+1} | terms seen], with a ~ U(−a_max, a_max), x_0 ~ N(0, x0_std²), b ~ N(0, b_std²), at every position.

    context is `sequence position 1`, float64, each term observed with Gaussian noise of standard deviation noise > 0;
    returns the same shape. The log posterior of a is smooth, however narrow its peak. A few rounds on a grid find the
    part of the range that matters, and Gauss–Legendre quadrature integrates over it. If the noise is far below the
    terms, sums of squares cancel: errors are about 1e-5 at noise = 1e-6.
    """
    scales = noise, x0_std, b_std
    return torch.cat([_predict(part[..., 0], a_max, scales) for part in context.split(BATCH)])[..., None]


def _predict(y: Tensor, a_max: float, scales: tuple[float, float, float]) -> Tensor:
    """The prediction for y, `sequence position`, same shape. scales are those of the noise, of x_0 and of b."""
    low, high = torch.full_like(y, -a_max), torch.full_like(y, a_max)
    # Growing terms tell slopes apart by as much as they grow.
    growth = max(1.0, a_max) ** y.shape[1]
    for _ in range(ROUNDS + math.ceil(math.log(growth, 16))):
        slopes = low[..., None] + (high - low)[..., None] * GRID
        log_density, _ = _given_slopes(y, slopes, *scales)
        kept = log_density > log_density.amax(-1, keepdim=True) - LOG_DROP
        first, last = kept.int().argmax(-1), len(GRID) - 1 - kept.flip(-1).int().argmax(-1)
        low = slopes.gather(-1, (first - 1).clamp(min=0)[..., None])[..., 0]
        high = slopes.gather(-1, (last + 1).clamp(max=len(GRID) - 1)[..., None])[..., 0]
    slopes = ((high + low)[..., None] + (high - low)[..., None] * NODES) / 2
    log_density, mean = _given_slopes(y, slopes, *scales)
    weight = (log_density - log_density.amax(-1, keepdim=True)).exp() * WEIGHTS
    return (weight * mean).sum(-1) / weight.sum(-1)


def _given_slopes(y: Tensor, slopes: Tensor, noise: float, x0_std: float, b_std: float) -> tuple[Tensor, Tensor]:
    """Log density of x_0 … x_n, up to a constant, and E[x_{n+1} | x_0 … x_n], given a.

    y is `sequence position`; slopes and both results are `sequence position node`. Each position n has its own slopes.
    """
    context_length, precision = y.shape[1], noise**-2
    # Sums over the terms seen of p², p s, s², p y, s y and y², where x_k = p x_0 + s b.
    p, s = torch.ones_like(slopes), torch.zeros_like(slopes)
    sums = [torch.zeros_like(slopes) for _ in range(6)]
    next_p, next_s = torch.empty_like(slopes), torch.empty_like(slopes)
    for k in range(context_length):
        term, seen = y[:, k, None, None], slice(k, None)  # term k counts at positions n ≥ k
        p_k, s_k = p[:, seen], s[:, seen]
        products = (p_k * p_k, p_k * s_k, s_k * s_k, p_k * term, s_k * term, (term * term).expand_as(p_k))
        for total, product in zip(sums, products, strict=True):
            total[:, seen] += product
        p[:, seen], s[:, seen] = slopes[:, seen] * p_k, slopes[:, seen] * s_k + 1
        next_p[:, k], next_s[:, k] = p[:, k], s[:, k]
    pp, ps, ss, py, sy, yy = (total * precision for total in sums)
    of_x0, of_b = x0_std**-2 + pp, b_std**-2 + ss  # the posterior precision of (x_0, b), with ps off the diagonal
    determinant = of_x0 * of_b - ps**2
    x0, b = (of_b * py - ps * sy) / determinant, (of_x0 * sy - ps * py) / determinant
    log_density = (py * x0 + sy * b - yy - determinant.log()) / 2
    return log_density, next_p * x0 + next_s * b
