"""What a task does: draw hidden parameters, unroll them into a sequence, predict optimally where that is known."""

from abc import ABC, abstractmethod

import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from recurrence_circuits import by_name
from recurrence_circuits.config.data import SequenceSettings

Parameters = dict[str, Tensor]  # each with a leading `sequence` axis


class Task(ABC):
    """A family of sequences, each with its own hidden parameters.

    dimension         coordinates of a term
    first_determined  the first n at which x_0 … x_n fix x_{n+1} (without noise)
    """

    dimension: int
    first_determined: int

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: SequenceSettings) -> "Task":
        """The task, with its options from the data settings.

        Raises ValueError naming a setting that does not fit this task.
        """

    @abstractmethod
    def draw(self, n: int, generator: Generator) -> Parameters:
        """Draw the hidden parameters of n sequences, float64, from `generator` alone."""

    @abstractmethod
    def unroll(self, parameters: Parameters, n_terms: int) -> Tensor:
        """The first n_terms ≥ 1 terms, without noise, `sequence position dimension`, float64."""

    @property
    def prior_variances(self) -> tuple[float, float] | None:
        """The variances of an entry of A and of an entry of b, if the law is x_{n+1} = A x_n + b; else None."""
        return None

    def basis(self, n_terms: int) -> Tensor | None:
        """The functions of n of which a sequence is a linear combination, `position function`; None for another law."""
        return None

    def bayes(self, context: Tensor, noise: float) -> Tensor:
        """The Bayes-optimal prediction of the next observed term at every position, `sequence position dimension`.

        context is `sequence position dimension`, float64, observed with Gaussian noise of standard deviation `noise`.
        The prediction at n uses x_0 … x_n only. It is NaN at positions where the optimal prediction is not known.
        """
        return torch.full_like(context, float("nan"))

    def counterfactuals(
        self, parameters: Parameters, at: int, generator: Generator
    ) -> tuple[Parameters, Tensor] | None:
        """Other parameters under which the terms at − 1 and at are the same; None if not known, or if there are none.

        Those of each sequence are drawn, from `generator` alone, as the law would draw them given these two terms: each
        of a pair is then as likely as any other sequence. Returns them, and `sequence`: false where those found are
        unlikely under the law.
        """
        return None

    def second_moments(self, n_terms: int, noise: float) -> NDArray | None:
        """E[x_i x_j] of n_terms observed terms, `position position`, in units of x²; None if not known.

        They decide the best predictor whose weights depend on the position alone.
        """
        return None


def make_task(name: str, settings: SequenceSettings) -> Task:
    """The task `name`, class TASK of tasks/<name>.py, with its options from the settings.

    Raises ModuleNotFoundError for an unknown name, and ValueError if a setting does not fit the task or the context is
    so short that fewer than two positions are determined.
    """
    task = by_name.module("tasks", name).TASK.from_settings(settings)
    if settings.context_length < task.first_determined + 2:
        raise ValueError(
            f"data.context_length: expected at least {task.first_determined + 2} for the task {name!r}, "
            f"found {settings.context_length}"
        )
    return task


def expect_setting(name: str, task: str, fits: bool, expected: str, found: float) -> None:
    """Raise ValueError, with the key, what was expected and what was found, if a data setting does not fit."""
    if not fits:
        raise ValueError(f"data.{name}: expected {expected} for the task {task!r}, found {found}")
