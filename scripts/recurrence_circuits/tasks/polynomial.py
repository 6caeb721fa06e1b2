"""Polynomial sequences x_n = Σ_k c_k T_k(t_n), T_k the Chebyshev polynomials and c_k ~ N(0, 1) (our choice).

The points are evenly spaced from −1 to 1 over a whole sequence: t_n = −1 + 2n / T for n = 0 … T, with T the context
length. They do not depend on how many terms are unrolled; more terms go on beyond 1 at the same spacing. Terms are
linear in Gaussian coefficients, so the posterior is exact.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.polynomial.chebyshev import chebvander
from torch import Generator, Tensor

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.tasks.base import Parameters, Task, expect_setting


@dataclass(frozen=True)
class Polynomial(Task):
    """A polynomial of the given degree; parameter c `sequence degree+1`. degree + 1 terms fix the next one."""

    degree: int
    context_length: int  # T: the last term of a whole sequence is at t_T = 1
    dimension = 1

    @property
    def first_determined(self) -> int:
        return self.degree

    @classmethod
    def from_settings(cls, settings: SequenceSettings) -> "Polynomial":
        expect_setting("dimension", "polynomial", settings.dimension == 1, "1", settings.dimension)
        expect_setting("degree", "polynomial", settings.degree >= 1, "at least 1", settings.degree)
        for name in ("a_max", "b_std", "x0_std"):
            expect_setting(name, "polynomial", getattr(settings, name) == 1, "1", getattr(settings, name))
        return cls(settings.degree, settings.context_length)

    def draw(self, n: int, generator: Generator) -> Parameters:
        return {"c": torch.randn(n, self.degree + 1, generator=generator, dtype=torch.float64)}

    def unroll(self, parameters: Parameters, n_terms: int) -> Tensor:
        return (parameters["c"] @ self.basis(n_terms).mT)[..., None]

    def counterfactuals(
        self, parameters: Parameters, at: int, generator: Generator
    ) -> tuple[Parameters, Tensor] | None:
        """See `Task.counterfactuals`; at ≥ 1. None for degree 1, where two terms fix all others.

        Coefficients of the given sequence along the two terms' basis vectors, of a new one across them: that is the
        Gaussian law given the two terms.
        """
        if self.degree < 2:
            return None
        seen, new = self.basis(at + 1)[at - 1 :], self.draw(len(parameters["c"]), generator)["c"]
        along = torch.linalg.pinv(seen) @ seen  # projects on the span of the two basis vectors
        c = parameters["c"] @ along + new @ (torch.eye(self.degree + 1, dtype=along.dtype) - along)
        return {"c": c}, torch.ones(len(c), dtype=torch.bool)

    def basis(self, n_terms: int) -> Tensor:
        """T_k(t_n), `position degree+1`, for n < n_terms."""
        t = -1 + 2 * np.arange(n_terms) / self.context_length
        return torch.from_numpy(chebvander(t, self.degree))

    def bayes(self, context: Tensor, noise: float) -> Tensor:
        """The posterior mean, known at every n, with and without noise.

        The gains that extrapolate terms grow with the degree, and amplify the rounding of terms stored as float32: at
        n = degree the mean squared error is 1e-13 for degree 3, 1e-10 for degree 8 and 1e-6 for degree 14 (16 terms).
        """
        gains, _ = self.posterior(context.shape[1], noise)
        return torch.einsum("nk,skd->snd", gains, context)

    def posterior(self, n_terms: int, noise: float) -> tuple[Tensor, Tensor]:
        """The posterior of the next term without its noise, given x_0 … x_n, for n < n_terms.

        Returns gains, `position position`, lower triangular, such that the mean at n is Σ_k gains[n, k] x_k, and the
        variance, `position`. Let s be the singular values of the basis at the terms seen, and u the next term's
        coordinates along its right singular vectors. Each direction has posterior variance noise² / (s² + noise²), or
        1 if no term has a part along it.
        """
        basis = self.basis(n_terms + 1)
        gains, variance = (torch.zeros(shape, dtype=torch.float64) for shape in ((n_terms, n_terms), (n_terms,)))
        for n in range(n_terms):
            seen, target = basis[: n + 1], basis[n + 1]
            U, s, V_transposed = torch.linalg.svd(seen, full_matrices=False)
            u = V_transposed @ target
            gains[n, : n + 1] = U @ (s / (s**2 + noise**2) * u)
            unseen = (target - V_transposed.mT @ u).square().sum() if n < self.degree else 0.0
            variance[n] = (noise**2 / (s**2 + noise**2) * u**2).sum() + unseen
        return gains, variance


TASK = Polynomial
