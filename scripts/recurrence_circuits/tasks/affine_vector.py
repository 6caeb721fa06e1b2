"""The affine recurrence x_{n+1} = A x_n + b in d dimensions.

Our choice of distributions: A = U diag(s) Vᵀ, with U and V Haar-distributed orthogonal matrices and s_i ~ U(0, a_max);
b ~ N(0, b_std² I), x_0 ~ N(0, x0_std² I); all independent. Where a_max is 1, its default as that of the others, A never
expands.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.tasks.base import Parameters, Task, expect_setting
from recurrence_circuits.tasks.given_terms import given_two_terms


@dataclass(frozen=True)
class AffineVector(Task):
    """x_{n+1} = A x_n + b; parameters A `sequence row column`, b and x0 `sequence dimension`.

    The differences D_k = x_k − x_{k−1} obey D_{k+1} = A D_k. After d + 2 terms, at n = d + 1, there are d such pairs,
    almost surely independent, which fix A.
    """

    dimension: int
    a_max: float = 1.0
    b_std: float = 1.0
    x0_std: float = 1.0

    @property
    def first_determined(self) -> int:
        return self.dimension + 1

    @classmethod
    def from_settings(cls, settings: SequenceSettings) -> "AffineVector":
        expect_setting("dimension", "affine_vector", settings.dimension >= 2, "at least 2", settings.dimension)
        expect_setting("degree", "affine_vector", settings.degree == 0, "0", settings.degree)
        return cls(settings.dimension, settings.a_max, settings.b_std, settings.x0_std)

    @property
    def prior_variances(self) -> tuple[float, float]:
        return self.a_max**2 / (3 * self.dimension), self.b_std**2  # E‖A u‖² = a_max² / 3 for a unit vector u

    def draw(self, n: int, generator: Generator) -> Parameters:
        d = self.dimension
        U, V = haar_orthogonal(n, d, generator), haar_orthogonal(n, d, generator)
        s = self.a_max * torch.rand(n, 1, d, generator=generator, dtype=torch.float64)
        b, x0 = torch.randn(2, n, d, generator=generator, dtype=torch.float64)
        return {"A": (U * s) @ V.mT, "b": self.b_std * b, "x0": self.x0_std * x0}

    def unroll(self, parameters: Parameters, n_terms: int) -> Tensor:
        A, b = parameters["A"], parameters["b"]
        terms = [parameters["x0"]]
        for _ in range(n_terms - 1):
            terms.append(torch.einsum("sij,sj->si", A, terms[-1]) + b)
        return torch.stack(terms, dim=1)

    def counterfactuals(self, parameters: Parameters, at: int, generator: Generator) -> tuple[Parameters, Tensor]:
        """See `Task.counterfactuals`; at ≥ 1."""
        terms, stds = self.unroll(parameters, at + 1), (self.b_std, self.x0_std)
        n = len(terms)
        A, b, x0, likely = given_two_terms(
            lambda: self.draw(n, generator)["A"], stds, terms[:, at - 1], terms[:, at], at, generator
        )
        return {"A": A, "b": b, "x0": x0}, likely

    def bayes(self, context: Tensor, noise: float) -> Tensor:
        """Known at n = 0, where it is 0, and without noise from n = d + 1 on; NaN elsewhere.

        From n = d + 1 on it is x_n + A D_n, with A by least squares from all pairs of differences so far, of minimum
        norm where they are not independent: a sequence at rest stays at rest. The mean squared error is about 1e-14
        for terms stored as float32, 1e-31 for float64. At 1 ≤ n ≤ d no closed form is known.
        """
        prediction = torch.full_like(context, float("nan"))
        prediction[:, 0] = 0
        if noise > 0:
            return prediction
        difference = context.diff(dim=1)  # sequence position−1 dimension: D_1, D_2, …
        for n in range(self.first_determined, context.shape[1]):
            before, after = difference[:, : n - 1], difference[:, 1:n]  # D_1 … D_{n−1} and D_2 … D_n
            A_transposed = torch.linalg.lstsq(before, after, driver="gelsd").solution
            prediction[:, n] = context[:, n] + torch.einsum("si,sij->sj", difference[:, n - 1], A_transposed)
        return prediction


def haar_orthogonal(n: int, d: int, generator: Generator) -> Tensor:
    """n orthogonal d × d matrices, uniform over the orthogonal group, float64.

    Q of the QR decomposition of a Gaussian matrix, with signs such that diag(R) > 0. Without that it is not uniform
    (F. Mezzadri, Notices of the AMS 54, 2007).
    """
    Q, R = torch.linalg.qr(torch.randn(n, d, d, generator=generator, dtype=torch.float64))
    return Q * R.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]


TASK = AffineVector
