"""Conditions: ways to draw sequences on which a model and the candidates for its algorithm may differ.

Each changes one thing about the training distribution. All start from the same draw of parameters and of noise, so
that two conditions differ by the change alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runtime.logs import logger
from recurrence_circuits.tasks.base import Parameters, Task

SCALES = (2.0, 4.0)  # factors on the parameters b, x_0 and c
SLOPES = ((1.0, 1.2), (1.2, 1.5))  # ranges of |a| (for vectors, of every singular value of A) in units of data.a_max
MOST_GROWTH = 1e6  # slopes that may make a sequence grow by a larger factor are left out
LATE_STARTS = (2, 8)  # terms left out at the start


@dataclass(frozen=True)
class Condition:
    """One way to draw sequences.

    name      in_distribution, noise, one of the parameters (a, b, x0, c), late_start
    level     how far from training: the standard deviation of the noise; the factor on b, x0, c; the largest |a|;
              the number of terms left out at the start; 0 in distribution
    noise     standard deviation of the observation noise, in units of x
    start     number of terms left out at the start
    """

    name: str
    level: float
    parameters: Parameters
    noise: float
    start: int = 0

    def sequences(self, task: Task, n_terms: int, unit_noise: Tensor) -> Tensor:
        """n_terms observed terms, `sequence position dimension`, float64; unit_noise has the same shape."""
        terms = task.unroll(self.parameters, self.start + n_terms)[:, self.start :]
        return terms + self.noise * unit_noise


def conditions(task: Task, data: SequenceSettings, n_condition: int, noise_levels: list[float]) -> list[Condition]:
    """The conditions that make sense for the task, in the order of tables and figures.

    A range of slopes is left out, with a message, if the context is so long that terms may grow by more than
    MOST_GROWTH. Polynomials have no late start: there the position of a term is part of the law.
    """
    drawn = task.draw(n_condition, torch_stream(data.seed, "conditions"))
    found = [Condition("in_distribution", 0.0, drawn, data.noise)]
    found += [Condition("noise", float(level), drawn, float(level)) for level in noise_levels]
    for slope in ("a", "A"):
        for low, high in SLOPES if slope in drawn else ():
            least, most = low * data.a_max, round(high * data.a_max, 6)
            if most**data.context_length > MOST_GROWTH:
                logger.info("condition |a| up to %g left out: %d terms may grow too far", most, data.context_length)
                continue
            new = STRETCHED[slope](drawn[slope] / data.a_max, least, most)
            found.append(Condition("a", most, drawn | {slope: new}, data.noise))
    for name in ("b", "x0", "c"):
        for scale in SCALES if name in drawn else ():
            found.append(Condition(name, scale, drawn | {name: scale * drawn[name]}, data.noise))
    if "c" not in drawn:
        found += [Condition("late_start", float(k), drawn, data.noise, start=k) for k in LATE_STARTS]
    return found


def unit_noise(task: Task, data: SequenceSettings, n_sequences: int) -> Tensor:
    """Standard normal noise for every observed term of a condition, `sequence position dimension`, float64."""
    shape = (n_sequences, data.context_length + 1, task.dimension)
    return torch.randn(shape, generator=torch_stream(data.seed, "conditions", "noise"), dtype=torch.float64)


def stretch_scalar(a: Tensor, low: float, high: float) -> Tensor:
    """Map |a| from (0, 1) to (low, high), keeping its sign."""
    return a.sign() * (low + (high - low) * a.abs())


def stretch_matrix(A: Tensor, low: float, high: float) -> Tensor:
    """Map every singular value of A, `… row column`, from (0, 1) to (low, high), keeping the singular vectors."""
    U, s, V_transposed = torch.linalg.svd(A)
    return (U * (low + (high - low) * s)[..., None, :]) @ V_transposed


STRETCHED: dict[str, Callable[[Tensor, float, float], Tensor]] = {"a": stretch_scalar, "A": stretch_matrix}
