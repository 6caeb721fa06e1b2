"""The scalar affine recurrence x_{n+1} = a x_n + b, the paper's task.

Our choice of distributions: a ~ U(−a_max, a_max), b ~ N(0, b_std²), x_0 ~ N(0, x0_std²), independent; all three are 1
unless the config says otherwise.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.tasks.affine_posterior import noisy_bayes
from recurrence_circuits.tasks.base import Parameters, Task, expect_setting
from recurrence_circuits.tasks.given_terms import given_two_terms

# Gauss–Legendre nodes on (−1, 1). A density this far below its peak, in log units, counts as 0.
NODES, WEIGHTS = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(64))
LOG_DROP = 40.0


@dataclass(frozen=True)
class Affine(Task):
    """x_{n+1} = a x_n + b; parameters a, b, x0, each `sequence`. Three terms fix the next one.

    The differences D_k = x_k − x_{k−1} obey D_{k+1} = a D_k, which `bayes` uses.
    """

    a_max: float = 1.0
    b_std: float = 1.0
    x0_std: float = 1.0
    dimension = 1
    first_determined = 2

    @classmethod
    def from_settings(cls, settings: SequenceSettings) -> "Affine":
        expect_setting("dimension", "affine", settings.dimension == 1, "1", settings.dimension)
        expect_setting("degree", "affine", settings.degree == 0, "0", settings.degree)
        return cls(settings.a_max, settings.b_std, settings.x0_std)

    @property
    def prior_variances(self) -> tuple[float, float]:
        return self.a_max**2 / 3, self.b_std**2

    def draw(self, n: int, generator: Generator) -> Parameters:
        a = 2 * torch.rand(n, generator=generator, dtype=torch.float64) - 1
        b, x0 = torch.randn(2, n, generator=generator, dtype=torch.float64)
        return {"a": self.a_max * a, "b": self.b_std * b, "x0": self.x0_std * x0}

    def unroll(self, parameters: Parameters, n_terms: int) -> Tensor:
        terms = [parameters["x0"]]
        for _ in range(n_terms - 1):
            terms.append(parameters["a"] * terms[-1] + parameters["b"])
        return torch.stack(terms, dim=1)[..., None]

    def counterfactuals(self, parameters: Parameters, at: int, generator: Generator) -> tuple[Parameters, Tensor]:
        """See `Task.counterfactuals`; at ≥ 1."""
        terms, stds = self.unroll(parameters, at + 1), (self.b_std, self.x0_std)
        n = len(terms)
        a, b, x0, likely = given_two_terms(
            lambda: self.draw(n, generator)["a"][:, None, None], stds, terms[:, at - 1], terms[:, at], at, generator
        )
        return {"a": a[:, 0, 0], "b": b[:, 0], "x0": x0[:, 0]}, likely

    def bayes(self, context: Tensor, noise: float) -> Tensor:
        """Known at every position.

        Without noise: 0 at n = 0; x_1 + E[a | x_0, x_1] (x_1 − x_0) at n = 1; (1 + a) x_n − a x_{n−1} from n = 2 on.
        With noise: E[x_{n+1} | terms seen], by quadrature (see affine_posterior).

        Every D_k / D_{k−1} is a. The ratio is taken where |D_{k−1}| is largest so far, since differences shrink like
        |a|^k until rounding swamps them: with terms stored as float32, the ratio of the last two differences is off by
        more than 0.03 in one sequence of ten at n = 15. The differences are then small, and so is the effect on the
        prediction: mean squared error 1e-14 at n = 2 and 3e-14 at n = 15 (1e-13 from the last three terms; 1e-31 for
        float64). If all differences are 0, the sequence is at rest and x_n is predicted.
        """
        if noise > 0:
            return noisy_bayes(context, noise, self.a_max, self.b_std, self.x0_std)
        prediction = torch.zeros_like(context)
        if context.shape[1] > 1:
            x0, x1 = context[:, 0], context[:, 1]
            # In these units a is uniform on (−1, 1) and b standard normal.
            slope = self.a_max * slope_posterior(x0 * (self.a_max / self.b_std), x1 / self.b_std)[0]
            prediction[:, 1] = x1 + slope * (x1 - x0)
        if context.shape[1] > 2:
            difference = context.diff(dim=1)  # sequence position−1 1: D_1, D_2, …
            widest = difference[:, :-1].abs().cummax(dim=1).indices
            before, after = difference.gather(1, widest), difference.gather(1, widest + 1)
            slope = torch.where(before == 0, 0.0, after / before)
            prediction[:, 2:] = context[:, 2:] + slope * difference[:, 1:]
        return prediction

    def second_moments(self, n_terms: int, noise: float) -> NDArray:
        """E[x_i x_j], `position position`, with x_i = a^i x_0 + (1 + a + … + a^{i−1}) b.

        It is E[a^{i+j}] x0_std² + Σ_{p<i} Σ_{q<j} E[a^{p+q}] b_std², plus noise² where i = j. E[a^k] is
        a_max^k / (k + 1) for even k and 0 for odd k.
        """
        order = np.add.outer(np.arange(n_terms), np.arange(n_terms))
        of_slope = np.where(order % 2 == 0, self.a_max**order / (order + 1), 0.0)  # E[a^{i+j}]
        sums = np.zeros((n_terms, n_terms))
        sums[1:, 1:] = of_slope[:-1, :-1].cumsum(axis=0).cumsum(axis=1)
        return self.x0_std**2 * of_slope + self.b_std**2 * sums + noise**2 * np.eye(n_terms)


def slope_posterior(x0: Tensor, x1: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of a given x_0 and x_1, for a ~ U(−1, 1), b ~ N(0, 1) (no noise); all of one shape, float64.

    The posterior is Normal(x_1/x_0, 1/x_0²), truncated to [−1, 1]. The textbook formulas for its moments suffer
    cancellation at small |x_0| and divide 0 by 0 at large |x_0|. So both moments are integrated over the part of
    [−1, 1] where the density is not negligible: with m the mode,
    log density(m + r) − log density(m) = slope·r − x_0² r²/2.
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


TASK = Affine
