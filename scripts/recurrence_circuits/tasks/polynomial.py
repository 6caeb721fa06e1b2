"""Polynomial sequences x_n = Σ_k c_k T_k(t_n), T_k the Chebyshev polynomials and c_k ~ N(0, 1) (our choice).

The points t_n go evenly from −1 to 1 over a whole sequence: t_n = −1 + 2n / n_terms for n = 0 … n_terms, with
the n_terms of the settings. They stay there when fewer terms are unrolled, and go on beyond 1 at the same
step when more are. Given the points, terms are linear in Gaussian coefficients: the posterior is exact.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.polynomial.chebyshev import chebvander
from torch import Generator, Tensor

from recurrence_circuits.settings import DataSettings
from recurrence_circuits.tasks.interface import Parameters, Task, expect_setting


@dataclass(frozen=True)
class Polynomial(Task):
    """A polynomial of the given degree; parameter c `sequence degree+1`. degree + 1 terms fix the next one."""

    degree: int
    n_terms: int  # of the settings: t_{n_terms} = 1
    dimension = 1

    @property
    def first_determined(self) -> int:
        return self.degree

    @classmethod
    def from_settings(cls, settings: DataSettings) -> "Polynomial":
        expect_setting("dimension", "polynomial", settings.dimension == 1, "1", settings.dimension)
        expect_setting("degree", "polynomial", settings.degree >= 1, "at least 1", settings.degree)
        return cls(settings.degree, settings.n_terms)

    def draw(self, n: int, generator: Generator) -> Parameters:
        return {"c": torch.randn(n, self.degree + 1, generator=generator, dtype=torch.float64)}

    def unroll(self, parameters: Parameters, n_terms: int) -> Tensor:
        return (parameters["c"] @ self.basis(n_terms).mT)[..., None]

    def basis(self, n_terms: int) -> Tensor:
        """T_k(t_n), `position degree+1`, for n < n_terms."""
        t = -1 + 2 * np.arange(n_terms) / self.n_terms
        return torch.from_numpy(chebvander(t, self.degree))

    def bayes(self, context: Tensor, noise: float) -> Tensor:
        """The posterior mean, known at every n, with and without noise.

        Terms stored as float32 are extrapolated with gains that grow with the degree: at n = degree the rounding
        leaves a mean squared error of 1e-13 for degree 3, 1e-10 for degree 8 and 1e-6 for degree 14 (16 terms).
        """
        gains, _ = self.posterior(context.shape[1], noise)
        return torch.einsum("nk,skd->snd", gains, context)

    def floor(self, n_terms: int, noise: float) -> Tensor:
        """The posterior variance of the next term plus noise², known at every n; without noise 0 from n = degree on."""
        return self.posterior(n_terms, noise)[1] + noise**2

    def posterior(self, n_terms: int, noise: float) -> tuple[Tensor, Tensor]:
        """The posterior of the next clean term given x_0 … x_n, for n < n_terms.

        Returns gains, `position position`, lower triangular: the mean at n is Σ_k gains[n, k] x_k; and the
        variance, `position`. With the singular values s of the basis at the terms seen, and the next term's
        coordinates u along its right singular vectors, each direction has posterior variance
        noise² / (s² + noise²), and 1 where nothing was seen of it.
        """
        basis = self.basis(n_terms + 1)
        gains, variance = torch.zeros(n_terms, n_terms, dtype=torch.float64), torch.zeros(n_terms, dtype=torch.float64)
        for n in range(n_terms):
            seen, target = basis[: n + 1], basis[n + 1]
            U, s, V_transposed = torch.linalg.svd(seen, full_matrices=False)
            u = V_transposed @ target
            gains[n, : n + 1] = U @ (s / (s**2 + noise**2) * u)
            unseen = (target - V_transposed.mT @ u).square().sum() if n < self.degree else 0.0
            variance[n] = (noise**2 / (s**2 + noise**2) * u**2).sum() + unseen
        return gains, variance
