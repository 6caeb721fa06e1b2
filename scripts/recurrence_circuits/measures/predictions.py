"""The error of a model and of every baseline, on the same sequences."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.passes import predict
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.predictors.baselines import SIMPLE, baselines
from recurrence_circuits.tasks.base import Task
from recurrence_circuits.tasks.errors import squared_error


@torch.no_grad()
def measure_predictions(
    models: dict[str, Transformer], task: Task, noise: float, sequences: Tensor, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Error by position of each model and each baseline on the same sequences.

    models are named `model` and `untrained`; sequences is `sequence position dimension`, one term longer than the
    context. Returns the columns of the `predictions` table from `predictor` on. measure is one of

    mse              error, in units of x²
    excess           mse minus that of the Bayes-optimal predictor on the same sequences, in units of x²
    model_ratio, untrained_ratio    the excess of that model divided by the baseline's, over the determined positions;
                     for simple baselines only, since the others are exact there and a ratio to a rounding error means
                     nothing

    A predictor that is not known at a position (Bayes, for some tasks) has no row there, nor has what needs it.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    predictions = {name: predict(model, context) for name, model in models.items()}
    exact = context.double()
    predictions |= {name: predictor(exact) for name, predictor in baselines(task, noise).items()}
    errors = {name: squared_error(prediction, target) for name, prediction in predictions.items()}
    determined = slice(task.first_determined, None)

    measured, ratios = [], []
    for name, error in errors.items():
        excess = error - errors["bayes"]
        measured += [({"predictor": name, "measure": "mse"}, error), ({"predictor": name, "measure": "excess"}, excess)]
        for model_name in models if name in SIMPLE else ():
            of_model = errors[model_name] - errors["bayes"]
            pair = np.stack([of_model[:, determined].mean(axis=1), excess[:, determined].mean(axis=1)], axis=-1)
            ratios.append(({"predictor": name, "measure": f"{model_name}_ratio"}, pair))
    by_position = rows_by_position(measured, task.first_determined, bootstrap).dropna(subset=["value"])
    overall = bootstrap.rows(ratios, ratio)
    rows = pd.concat([by_position, overall[np.isfinite(overall["value"])]])
    return rows.sort_values("predictor", key=lambda names: names.map(list(errors).index), kind="stable")
