"""Counterfactual pairs: two sequences with the same last two terms but other hidden parameters.

Both go on differently from the same x_{n−1} and x_n. So what a model's predictions differ by, it has from the terms
before, and from what those say of the hidden parameters.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runtime.logs import logger
from recurrence_circuits.tasks.base import Task

N_POSITIONS = 5  # n = 2 … 6 for `affine`: later on, terms have converged, and the best fixed weights do better anyway
LEAST_CHANGE = 0.1  # of the next term between the two of a pair, in units of the root mean square of the terms seen
LEAST_PAIRS, MOST_PAIRS = 20, 1024  # at each position
MOST_ROUNDS = 10  # of as many attempts as pairs are wanted


@dataclass(frozen=True)
class Pairs:
    """Pairs of sequences that end at position n, and what became of the attempts to draw them.

    first, second  `pair position dimension`, float32: x_0 … x_n, with noise; of a pair the last two terms are the same
    change         `pair dimension`, float64: x_{n+1} of the second less that of the first, without noise
    weights        `pair`: 1 / the mean square of the terms seen, mean over the two
    attempts       how many were drawn to find these
    """

    first: Tensor
    second: Tensor
    change: Tensor
    weights: np.ndarray
    attempts: int

    @property
    def position(self) -> int:
        return self.first.shape[1] - 1


def draw_every_position(task: Task, data: SequenceSettings, n_test: int) -> list[Pairs]:
    """Pairs for the first N_POSITIONS determined positions of the context; a position without enough is logged.

    At each there are at most MOST_PAIRS, and no more than the n_test test sequences.
    """
    drawn, wanted = [], min(n_test, MOST_PAIRS)
    for position in range(task.first_determined, min(task.first_determined + N_POSITIONS, data.context_length)):
        pairs = draw_pairs(task, data, wanted, position)
        if pairs is None:
            logger.info("n = %d: expected %d counterfactual pairs, found fewer: no shares", position, LEAST_PAIRS)
        else:
            drawn.append(pairs)
    return drawn


def draw_pairs(task: Task, data: SequenceSettings, wanted: int, position: int) -> Pairs | None:
    """At most `wanted` pairs that end at `position`; None if the task has no counterfactuals, or too few are found.

    A pair is kept if the law gives its second sequence with some likelihood (see the task's `counterfactuals`) and its
    next terms differ by LEAST_CHANGE at least. Too few are less than LEAST_PAIRS in MOST_ROUNDS × wanted attempts.
    Raises ValueError if a task's counterfactuals do not have the same last two terms.
    """
    streams = [torch_stream(data.seed, "counterfactuals", name, str(position)) for name in ("pairs", "noise")]
    found, kept = [], 0
    for _ in range(MOST_ROUNDS):
        part = _attempt(task, data.noise, wanted, position, *streams)
        if part is None:
            return None
        found.append(part)
        kept += len(part[0])
        if kept >= wanted or kept * MOST_ROUNDS < LEAST_PAIRS:  # enough, or too few to hope for enough
            break
    if kept < LEAST_PAIRS:
        return None
    first, second, change = (torch.cat(parts) for parts in zip(*found, strict=True))
    attempts = round(len(found) * wanted * min(1.0, wanted / kept))
    scale = _mean_square(first, second)[:wanted]
    return Pairs(first[:wanted].float(), second[:wanted].float(), change[:wanted], 1 / scale, attempts)


def _attempt(
    task: Task, noise: float, n: int, position: int, stream: torch.Generator, noise_stream: torch.Generator
) -> tuple[Tensor, Tensor, Tensor] | None:
    """The pairs kept of n drawn: first, second and change as in `Pairs`, float64."""
    parameters = task.draw(n, stream)
    drawn = task.counterfactuals(parameters, position, stream)
    if drawn is None:
        return None
    other, likely = drawn
    first, second = (task.unroll(each, position + 2)[likely] for each in (parameters, other))
    shared = slice(position - 1, position + 1)
    apart = float((first - second)[:, shared].abs().max()) if len(first) else 0.0
    if not apart < 1e-6:
        raise ValueError(f"counterfactuals: expected the same terms {position - 1} and {position}, found {apart} apart")
    second[:, shared] = first[:, shared]  # apart from rounding they are
    change = second[:, -1] - first[:, -1]
    unit = torch.randn(n, *first.shape[1:], generator=noise_stream, dtype=first.dtype)[likely]
    first, second = ((terms + noise * unit)[:, :-1] for terms in (first, second))  # the same noise on both
    clear = change.square().mean(dim=-1).numpy() >= LEAST_CHANGE**2 * _mean_square(first, second)
    return first[clear], second[clear], change[clear]


def _mean_square(first: Tensor, second: Tensor) -> np.ndarray:
    """The mean square of the terms seen at the last position, mean over the two, `pair`."""
    squares = torch.stack([first, second]).square().mean(dim=(0, 2, 3))
    return squares.numpy()
