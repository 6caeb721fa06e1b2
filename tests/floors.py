"""The Bayes floors in closed form or by quadrature: what the error of `bayes` must be, on average."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from recurrence_circuits.tasks.affine import Affine, slope_posterior
from recurrence_circuits.tasks.affine_vector import AffineVector
from recurrence_circuits.tasks.base import Task


def floor(task: Task, context_length: int, noise: float) -> Tensor:
    """The expected squared error of the optimal prediction at every position, in units of x², summed over coordinates
    and divided by their number; NaN where no closed form is known.

    affine         a_max² x0_std² / 3 + b_std² + noise² at n = 0. Without noise, in the default ranges:
                   E[Var(a | x_0, x_1) (x_1 − x_0)²] ≈ 0.4647 at n = 1, by quadrature over x_0, a and b; 0 from n = 2 on
    affine_vector  the same at n = 0 (E‖A x_0‖² = d a_max² x0_std² / 3, and b); without noise 0 from n = d + 1 on
    polynomial     the posterior variance of the next term plus noise², at every n
    """
    if not isinstance(task, Affine | AffineVector):
        return task.posterior(context_length, noise)[1] + noise**2
    floor = torch.full((context_length,), float("nan"), dtype=torch.float64)
    floor[0] = (task.a_max * task.x0_std) ** 2 / 3 + task.b_std**2 + noise**2
    if noise == 0:
        floor[task.first_determined :] = 0
        if task == Affine():
            floor[1:2] = after_two_terms()
    return floor


@cache
def after_two_terms() -> float:
    """The floor of `affine` at n = 1, to ten digits: Gauss quadrature over x_0, a and b.

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
