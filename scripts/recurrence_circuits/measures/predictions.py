"""The error of a model and of every predictor that it is compared with, on the same sequences."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.fresh_errors import N_EARLY
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.passes import predict
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.predictors.candidates import UNLEARNED, candidates
from recurrence_circuits.tasks.base import Task
from recurrence_circuits.tasks.errors import mean_square_seen, squared_error


@torch.no_grad()
def measure_predictions(
    models: dict[str, Transformer], task: Task, noise: float, sequences: Tensor, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Error by position of each model and each candidate on the same sequences.

    models are named `model` and `untrained`; sequences is `sequence position dimension`, one term longer than the
    context. Returns the columns of the `predictions` table from `predictor` on. measure is one of

    mse              error, in units of x²
    excess           mse minus that of the Bayes-optimal predictor on the same sequences, in units of x²
    relative_error   mean of the squared error in units of the sequence's own scale (see tasks/errors.py)
    model_ratio, untrained_ratio    the relative error of that model beyond the Bayes-optimal predictor's, divided by
                     this predictor's, over the first N_EARLY determined positions; for predictors that learn nothing
                     in context only, since the others are exact there and a ratio to a rounding error means nothing

    A predictor that is not known at a position (Bayes, for some tasks) has no row there, nor has what needs it.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    predictions = {name: predict(model, context) for name, model in models.items()}
    exact, scale = context.double(), mean_square_seen(sequences)
    known = candidates(task, context.shape[1], noise)
    predictions |= {name: predictor(exact) for name, predictor in known.items()}
    errors = {name: squared_error(prediction, target) for name, prediction in predictions.items()}
    early = slice(task.first_determined, task.first_determined + N_EARLY)
    relative_excess = {
        name: ((error - errors["bayes"]) / scale)[:, early].mean(axis=1) for name, error in errors.items()
    }

    measured, ratios = [], []
    for name, error in errors.items():
        by_measure = {"mse": error, "excess": error - errors["bayes"], "relative_error": error / scale}
        measured += [({"predictor": name, "measure": measure}, values) for measure, values in by_measure.items()]
        for model_name in models if name in UNLEARNED else ():
            pair = np.stack([relative_excess[model_name], relative_excess[name]], axis=-1)
            ratios.append(({"predictor": name, "measure": f"{model_name}_ratio"}, pair))
    by_position = rows_by_position(measured, task.first_determined, bootstrap).dropna(subset=["value"])
    overall = bootstrap.rows(ratios, ratio)
    rows = pd.concat([by_position, overall[np.isfinite(overall["value"])]])
    return rows.sort_values("predictor", key=lambda names: names.map(list(errors).index), kind="stable")
