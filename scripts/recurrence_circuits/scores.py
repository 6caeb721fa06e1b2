"""Error of a model and of every baseline, side by side."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.by_position import rows_by_position
from recurrence_circuits.errors import squared_error
from recurrence_circuits.model import Transformer
from recurrence_circuits.predictors import SIMPLE, baselines
from recurrence_circuits.statistics import Bootstrap, ratio
from recurrence_circuits.tasks.interface import Task


@torch.no_grad()
def score_predictions(
    models: dict[str, Transformer], task: Task, noise: float, sequences: Tensor, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Error by position of each model and each baseline on the same sequences.

    models are named `model` and `untrained`; sequences is `sequence position dimension`, one term longer than
    the context. Returns the columns of the `predictions` table from `predictor` on:
    mse (units of x²); excess (mse over the Bayes-optimal predictor's, on the same sequences); and for the simple
    baselines, over the determined positions, {model,untrained}_ratio: the model's excess over the baseline's.
    (The others are exact there, and a ratio to their rounding error means nothing.) A predictor that is unknown
    at a position (Bayes, for some tasks) has no row there, and what needs it has none either.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    predictions = {name: model(context).prediction for name, model in models.items()}
    exact = context.double()
    predictions |= {name: predict(exact) for name, predict in baselines(task, noise).items()}
    errors = {name: squared_error(prediction, target) for name, prediction in predictions.items()}
    determined = slice(task.first_determined, None)

    frames = []
    for name, error in errors.items():
        excess = error - errors["bayes"]
        for measure, values in (("mse", error), ("excess", excess)):
            rows = rows_by_position(values, task.first_determined, bootstrap).dropna(subset=["value"])
            frames.append(rows.assign(predictor=name, measure=measure))
        for model_name in models if name in SIMPLE else ():
            of_model = errors[model_name] - errors["bayes"]
            pair = np.stack([of_model[:, determined].mean(axis=1), excess[:, determined].mean(axis=1)], axis=-1)
            value, low, high = bootstrap.interval(pair, ratio)
            if np.isfinite(value):
                row = {"predictor": name, "measure": f"{model_name}_ratio", "value": value, "low": low, "high": high}
                frames.append(pd.DataFrame([row]))
    return pd.concat(frames)
