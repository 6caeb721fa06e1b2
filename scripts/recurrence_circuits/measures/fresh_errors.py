"""Errors of models and simple predictors, one number per sequence, on many sequences that no other stage sees."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recurrence_circuits.model.passes import predict
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.predictors.candidates import UNLEARNED, candidates
from recurrence_circuits.tasks.base import Task
from recurrence_circuits.tasks.errors import mean_square_seen, squared_error

BATCH = 4096  # sequences predicted at once: what is kept of each is a few numbers
N_EARLY = 5  # positions from the first determined one on that count as early: n = 2 to 6 for `affine`


class Kind(NamedTuple):
    """Which error of a sequence: the mean over some positions, in some units.

    positions  determined: all from the first determined one on; early: the first N_EARLY of these
    measure    squared_error, in units of x²; or relative_error (see tasks/errors.py)
    """

    positions: str
    measure: str


Errors = dict[str, dict[Kind, np.ndarray]]  # by predictor; each `sequence`


@torch.no_grad()
def fresh_errors(models: dict[str, Transformer], task: Task, noise: float, sequences: Tensor) -> Errors:
    """The errors of each sequence by the models, by the predictors that learn nothing, and by `bayes`.

    sequences is `sequence position dimension`, one term longer than the context. `best_linear` is there if the second
    moments of the task are known; `bayes` without noise only, since with noise it takes minutes.
    """
    known = candidates(task, sequences.shape[1] - 1, noise)
    names = [name for name in (*UNLEARNED, *(["bayes"] if noise == 0 else [])) if name in known]
    parts = {name: [] for name in (*models, *names)}
    for batch in sequences.split(BATCH):
        context, scale = batch[:, :-1], mean_square_seen(batch)
        predictions = {name: predict(model, context) for name, model in models.items()}
        predictions |= {name: known[name](context.double()) for name in names}
        for name, prediction in predictions.items():
            error = squared_error(prediction, batch[:, 1:])
            parts[name].append(_by_kind(error, error / scale, task.first_determined))
    return {name: {kind: np.concatenate([p[kind] for p in of]) for kind in of[0]} for name, of in parts.items()}


def _by_kind(squared: np.ndarray, relative: np.ndarray, first: int) -> dict[Kind, np.ndarray]:
    """Both errors, `sequence position`, averaged over both ranges of positions."""
    ranges = {"determined": slice(first, None), "early": slice(first, first + N_EARLY)}
    measures = {"squared_error": squared, "relative_error": relative}
    return {
        Kind(positions, measure): error[:, chosen].mean(axis=1)
        for positions, chosen in ranges.items()
        for measure, error in measures.items()
    }
