"""Conditions: the sequences on which a model and the candidates for its algorithm part ways.

Each changes one thing about the training distribution. All start from the same draw of parameters and of noise, so
that what differs between two conditions is the change and not the luck of the draw.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from recurrence_circuits.analysis_settings import AnalysisSettings
from recurrence_circuits.logs import logger
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.settings import DataSettings
from recurrence_circuits.tasks.interface import Parameters, Task

SCALES = (2.0, 4.0)  # of b, x_0, c: factors on a parameter's distribution
SLOPES = ((1.0, 1.2), (1.2, 1.5))  # of a: |a| (for vectors, every singular value of A) in these ranges
MOST_GROWTH = 1e6  # slopes with which a sequence may grow by more than this are left out
LATE_STARTS = (2, 8)  # terms that are left out before the first one shown


@dataclass(frozen=True)
class Condition:
    """One way to draw sequences.

    name      in_distribution, noise, one of the parameters (a, b, x0, c), late_start
    level     how far from training: the standard deviation of the noise; the factor on b, x0, c; the greatest |a|;
              the number of terms left out at the start; 0 in distribution
    noise     standard deviation of the observation noise, in units of x
    """

    name: str
    level: float
    parameters: Parameters
    noise: float
    start: int = 0

    def sequences(self, task: Task, n_terms: int, unit_noise: Tensor) -> Tensor:
        """The observed terms, `sequence position dimension`, float64; n_terms positions, as many as unit_noise has."""
        terms = task.unroll(self.parameters, self.start + n_terms)[:, self.start :]
        return terms + self.noise * unit_noise


def conditions(task: Task, data: DataSettings, analysis: AnalysisSettings) -> list[Condition]:
    """The conditions that make sense for the task, in the order of tables and figures.

    Slopes only where 16 terms (or as many as there are) stay finite in single precision, see MOST_GROWTH; a late
    start not for polynomials, whose law is in the place of a term.
    """
    drawn = task.draw(analysis.n_condition, torch_stream(data.seed, "conditions"))
    found = [Condition("in_distribution", 0.0, drawn, data.noise)]
    found += [Condition("noise", float(level), drawn, float(level)) for level in analysis.noise_levels]
    for slope in ("a", "A"):
        for low, high in SLOPES if slope in drawn else ():
            if high**data.n_terms > MOST_GROWTH:
                logger.info("condition |a| up to %g left out: %d terms may grow too far", high, data.n_terms)
                continue
            new = STRETCHED[slope](drawn[slope], low, high)
            found.append(Condition("a", high, drawn | {slope: new}, data.noise))
    for name in ("b", "x0", "c"):
        for scale in SCALES if name in drawn else ():
            found.append(Condition(name, scale, drawn | {name: scale * drawn[name]}, data.noise))
    if "c" not in drawn:
        found += [Condition("late_start", float(k), drawn, data.noise, start=k) for k in LATE_STARTS]
    return found


def unit_noise(task: Task, data: DataSettings, n_sequences: int) -> Tensor:
    """Standard normal noise for every observed term of a condition, `sequence position dimension`, float64."""
    shape = (n_sequences, data.n_terms + 1, task.dimension)
    return torch.randn(shape, generator=torch_stream(data.seed, "conditions", "noise"), dtype=torch.float64)


def stretch_scalar(a: Tensor, low: float, high: float) -> Tensor:
    """|a| from (0, 1) to (low, high), its sign kept."""
    return a.sign() * (low + (high - low) * a.abs())


def stretch_matrix(A: Tensor, low: float, high: float) -> Tensor:
    """Every singular value of A, `… row column`, from (0, 1) to (low, high), its singular vectors kept."""
    U, s, V_transposed = torch.linalg.svd(A)
    return (U * (low + (high - low) * s)[..., None, :]) @ V_transposed


STRETCHED: dict[str, Callable[[Tensor, float, float], Tensor]] = {"a": stretch_scalar, "A": stretch_matrix}
