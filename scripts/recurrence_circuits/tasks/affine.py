"""The scalar affine recurrence x_{n+1} = a x_n + b, the paper's task.

Our choice of distributions: a ~ U(−1, 1), b ~ N(0, 1), x_0 ~ N(0, 1), independent.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Generator, Tensor

from recurrence_circuits.settings import DataSettings
from recurrence_circuits.tasks.interface import Parameters, Task, expect_setting

# Gauss–Legendre nodes on (−1, 1), and the drop of log density at which an integrand counts as 0.
NODES, WEIGHTS = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(64))
LOG_DROP = 40.0


@dataclass(frozen=True)
class Affine(Task):
    """x_{n+1} = a x_n + b; parameters a, b, x0, each `sequence`. Three terms fix the next one.

    With the differences D_k = x_k − x_{k−1}, every D_{k+1} = a D_k, which is what `bayes` builds on.
    """

    dimension = 1
    first_determined = 2

    @classmethod
    def from_settings(cls, settings: DataSettings) -> "Affine":
        expect_setting("dimension", "affine", settings.dimension == 1, "1", settings.dimension)
        expect_setting("degree", "affine", settings.degree == 0, "0", settings.degree)
        return cls()

    def draw(self, n: int, generator: Generator) -> Parameters:
        a = 2 * torch.rand(n, generator=generator, dtype=torch.float64) - 1
        b, x0 = torch.randn(2, n, generator=generator, dtype=torch.float64)
        return {"a": a, "b": b, "x0": x0}

    def unroll(self, parameters: Parameters, n_terms: int) -> Tensor:
        terms = [parameters["x0"]]
        for _ in range(n_terms - 1):
            terms.append(parameters["a"] * terms[-1] + parameters["b"])
        return torch.stack(terms, dim=1)[..., None]

    def bayes(self, context: Tensor, noise: float) -> Tensor:
        """Without noise: n = 0 is 0; n = 1 is x_1 + E[a | x_0, x_1] (x_1 − x_0); from n = 2 on (1 + a) x_n − a x_{n−1}.

        Any D_k / D_{k−1} is a. It is taken where |D_{k−1}| is largest so far, because differences shrink
        like |a|^k until they drown in rounding: with terms stored as float32, the ratio of the last two differences
        is off by more than 0.03 in one sequence of ten at n = 15. What that does to the prediction is small, as the
        differences themselves are: mean squared error 1e-14 at n = 2 and 3e-14 at n = 15 (1e-13 from the last three
        terms; 1e-31 for float64). If all differences are 0 the sequence rests, and x_n predicts itself.
        With noise only n = 0 is known (0), the rest is NaN.
        """
        prediction = torch.full_like(context, float("nan"))
        prediction[:, 0] = 0
        if noise > 0:
            return prediction
        if context.shape[1] > 1:
            x0, x1 = context[:, 0], context[:, 1]
            prediction[:, 1] = x1 + slope_posterior(x0, x1)[0] * (x1 - x0)
        if context.shape[1] > 2:
            difference = context.diff(dim=1)  # sequence position−1 1: D_1, D_2, …
            widest = difference[:, :-1].abs().cummax(dim=1).indices
            before, after = difference.gather(1, widest), difference.gather(1, widest + 1)
            slope = torch.where(before == 0, 0.0, after / before)
            prediction[:, 2:] = context[:, 2:] + slope * difference[:, 1:]
        return prediction

    def floor(self, n_terms: int, noise: float) -> Tensor:
        """4/3 + noise² at n = 0. Without noise: E[Var(a | x_0, x_1) (x_1 − x_0)²] ≈ 0.4647 at n = 1, by
        quadrature over x_0, a and b, and 0 from n = 2 on."""
        floor = torch.full((n_terms,), float("nan") if noise > 0 else 0.0, dtype=torch.float64)
        floor[:1] = 4 / 3 + noise**2
        if noise == 0:
            floor[1:2] = _floor_after_two_terms()
        return floor


def slope_posterior(x0: Tensor, x1: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of a given x_0 and x_1 (no noise); all of one shape, float64.

    The posterior is Normal(x_1/x_0, 1/x_0²) cut to [−1, 1]. Its textbook moments cancel catastrophically at
    small |x_0| and divide 0 by 0 at large |x_0|, so both are integrated over the part of [−1, 1] where the
    density is not negligible: with m the mode, log density(m + r) − log density(m) = slope·r − x_0² r²/2.
    """
    mode = torch.where(x0 == 0, 0.0, (x1 / x0).clamp(-1, 1))
    slope, curvature = x0 * (x1 - mode * x0), x0**2
    reach = 2 * LOG_DROP / (slope.abs() + (slope**2 + 2 * LOG_DROP * curvature).sqrt())  # may be infinite
    low, high = torch.maximum(-1 - mode, -reach), torch.minimum(1 - mode, reach)
    r = ((high + low)[..., None] + (high - low)[..., None] * NODES) / 2  # … node
    density = (slope[..., None] * r - curvature[..., None] * r**2 / 2).exp() * WEIGHTS
    density = density / density.sum(-1, keepdim=True)
    shift = (density * r).sum(-1)
    variance = (density * (r - shift[..., None]) ** 2).sum(-1)
    return mode + shift, variance


@cache
def _floor_after_two_terms() -> float:
    """The floor at n = 1, to ten digits: Gauss quadrature over x_0, a and b.

    Changing the signs of x_0 and b changes nothing, so x_0 goes from 0, to 9 standard deviations. (Gauss–Hermite
    nodes serve b but not x_0, in which the integrand is too far from a polynomial.)
    """
    legendre, hermite = np.polynomial.legendre.leggauss, np.polynomial.hermite_e.hermegauss
    nodes, weights = zip(legendre(24), legendre(12), hermite(40), strict=True)
    x0, a, b = torch.meshgrid(*map(torch.from_numpy, nodes), indexing="ij")
    weight = torch.einsum("i,j,k->ijk", *map(torch.from_numpy, weights))
    x0 = 9 * (x0 + 1) / 2
    weight = weight * torch.exp(-(x0**2) / 2)
    x1 = a * x0 + b
    error = slope_posterior(x0, x1)[1] * (x1 - x0) ** 2
    return ((weight * error).sum() / weight.sum()).item()
