"""All predictors that a model is compared with: the baselines, and the best linear predictor of each position."""

import torch
from numpy.typing import NDArray

from recurrence_circuits.predictors import linear
from recurrence_circuits.predictors.baselines import SIMPLE, Predictor, baselines
from recurrence_circuits.tasks.base import Task

# The candidates that learn nothing in context: a model that does has to beat them.
UNLEARNED = (*SIMPLE, "best_linear")


def candidates(task: Task, context_length: int, noise: float) -> dict[str, Predictor]:
    """The predictors that a model is compared with, by name: the baselines, which know the noise.

    If the second moments of the task's terms are known, `best_linear` is added: the best predictor whose weights on the
    terms depend on the position alone. It learns nothing in context.
    """
    found, moments = baselines(task, noise), task.second_moments(context_length + 1, noise)
    if moments is not None:
        found["best_linear"] = best_linear_predictor(moments)
    return found


def best_linear_predictor(moments: NDArray) -> Predictor:
    """The best linear predictor of each position, from second moments as `linear.best_linear` takes them."""
    weights = torch.from_numpy(linear.best_linear(moments))
    return lambda context: torch.einsum("nk,skd->snd", weights, context)
