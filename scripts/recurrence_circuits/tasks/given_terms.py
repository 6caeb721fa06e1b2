"""Other parameters of an affine law that lead to the same two successive terms."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

CANDIDATES = 256
FARTHEST = 4.0  # standard deviations of b and x_0: what lies beyond, training hardly ever shows


def given_two_terms(
    draw: Callable[[], Tensor], stds: tuple[float, float], before: Tensor, last: Tensor, at: int, generator: Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A, b and x_0 of x_{k+1} = A x_k + b with x_{at−1} = before and x_at = last, as their law would draw them.

    draw gives a new A for every sequence, `sequence row column`, from its law; b and x_0 have normal laws of mean 0 and
    these standard deviations; before and last are `sequence dimension`, float64; at ≥ 1. A decides the other two:
    b = x_at − A x_{at−1}, and x_0 by going back. Out of CANDIDATES draws each sequence takes one at random, with odds
    as the density of (b, x_0) over that of the two terms, p(b) p(x_0) |det A|^{1 − at}. So (A, b, x_0) has the law that
    the two terms leave it, apart from there being finitely many candidates.

    Returns A, b and x_0, and `sequence`: false where even the one taken has a coordinate of b or x_0 beyond FARTHEST.
    """
    b_std, x0_std = stds
    best = torch.full_like(before[:, 0], -torch.inf)
    A, b, x0 = draw(), torch.zeros_like(before), torch.full_like(before, torch.inf)
    for _ in range(CANDIDATES):
        new = draw()
        shift = last - torch.einsum("sij,sj->si", new, before)
        back, first = torch.linalg.inv_ex(new).inverse, before
        for _ in range(at - 1):
            first = torch.einsum("sij,sj->si", back, first - shift)
        size = ((shift / b_std).square() + (first / x0_std).square()).sum(dim=-1)
        odds = -size / 2 + (1 - at) * torch.linalg.slogdet(new).logabsdet
        draws = torch.rand(best.shape, generator=generator, dtype=best.dtype)
        key = odds - (-draws.log()).log()  # the largest of such keys is a draw by the odds (Gumbel)
        better = key > best  # false for NaN, where A has no inverse
        best = torch.where(better, key, best)
        A = torch.where(better[:, None, None], new, A)
        b, x0 = (torch.where(better[:, None], value, old) for value, old in ((shift, b), (first, x0)))
    farthest = torch.maximum(b.abs() / b_std, x0.abs() / x0_std).amax(dim=-1)
    return A, b, x0, farthest <= FARTHEST
