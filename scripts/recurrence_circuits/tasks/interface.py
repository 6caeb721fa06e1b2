"""What a task is: draw hidden parameters, unroll them into a sequence, say the optimal predictor where known."""

from abc import ABC, abstractmethod

import torch
from torch import Generator, Tensor

from recurrence_circuits.settings import DataSettings

Parameters = dict[str, Tensor]  # each with a leading `sequence` axis


class Task(ABC):
    """A family of sequences, one draw of hidden parameters each.

    dimension         coordinates of a term
    first_determined  the first n at which x_0 … x_n fix x_{n+1} (without noise)
    """

    dimension: int
    first_determined: int

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: DataSettings) -> "Task":
        """The task with the options it takes from the data settings.

        Raises ValueError naming the setting that does not fit this task.
        """

    @abstractmethod
    def draw(self, n: int, generator: Generator) -> Parameters:
        """Hidden parameters of n sequences, float64, drawn from `generator` alone."""

    @abstractmethod
    def unroll(self, parameters: Parameters, n_terms: int) -> Tensor:
        """The first n_terms ≥ 1 terms, without noise, `sequence position dimension`, float64."""

    def bayes(self, context: Tensor, noise: float) -> Tensor:
        """The Bayes-optimal prediction of the next observed term at every position, `sequence position dimension`.

        context is `sequence position dimension`, float64, observed with Gaussian noise of standard deviation
        `noise`. The prediction at n uses x_0 … x_n only. NaN at the positions where no optimal predictor is
        known: never a guess.
        """
        return torch.full_like(context, float("nan"))

    def floor(self, n_terms: int, noise: float) -> Tensor:
        """Expected squared error of `bayes`, per coordinate, at positions 0 … n_terms − 1; float64, NaN where unknown.

        The target is the next observed term, so its own noise is part of the floor.
        """
        return torch.full((n_terms,), float("nan"), dtype=torch.float64)


def expect_setting(name: str, task: str, fits: bool, expected: str, found: int) -> None:
    """Refuse a data setting that does not fit the task: ValueError with the key, what was expected and found."""
    if not fits:
        raise ValueError(f"data.{name}: expected {expected} for the task {task!r}, found {found}")
