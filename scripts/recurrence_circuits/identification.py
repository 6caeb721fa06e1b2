"""Which algorithm a model's predictions are like: its distance to every candidate, and where the likeness ends.

The distance of two predictors is the mean squared difference of their predictions, in units of x².
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits import linear
from recurrence_circuits.analysis_settings import AnalysisSettings
from recurrence_circuits.by_position import rows_by_position
from recurrence_circuits.conditions import conditions, unit_noise
from recurrence_circuits.errors import squared_error
from recurrence_circuits.interventions import predict
from recurrence_circuits.model import Transformer
from recurrence_circuits.posterior import noisy_bayes
from recurrence_circuits.predictors import Predictor, baselines
from recurrence_circuits.settings import DataSettings
from recurrence_circuits.statistics import Bootstrap, ratio
from recurrence_circuits.tasks.affine import Affine
from recurrence_circuits.tasks.interface import Task


def candidates(task: Task, n_terms: int, noise: float) -> dict[str, Predictor]:
    """The predictors that a model is held against, by name: the baselines, each knowing the noise.

    For the scalar affine task, `bayes` is known under noise too (by quadrature), and `best_linear` joins: the best
    predictor whose weights on the terms depend on the position alone. It learns nothing in context.
    """
    found = baselines(task, noise)
    if isinstance(task, Affine):
        weights = torch.from_numpy(linear.best_linear(n_terms, noise))
        found["best_linear"] = lambda context: torch.einsum("nk,skd->snd", weights, context)
        if noise > 0:
            found["bayes"] = lambda context: noisy_bayes(context, noise)
    return found


@torch.no_grad()
def identify_algorithm(
    models: dict[str, Transformer], task: Task, data: DataSettings, analysis: AnalysisSettings, bootstrap: Bootstrap
) -> dict[str, pd.DataFrame]:
    """Distance of every model to every candidate, and both errors, in all conditions (see `conditions`).

    bootstrap resamples the n_condition sequences of a condition. Returns a frame for each model with the columns of
    the `algorithm` table from `condition` on. predictor is a candidate, or `model`. measure:

    distance  mean squared difference from the model's predictions, by position and over the determined positions
    relative  the latter over the mean square of the model's predictions (so that it is 1 for the predictor `zero`)
    mse       error against the next observed term, by position and over the determined positions

    A candidate has no row at positions where it is unknown. The last condition, `prefix`, has one predictor,
    `whole_context`: the same model, given all terms. The level is the prefix's length.
    """
    noise = unit_noise(task, data, analysis.n_condition)
    frames = {name: [] for name in models}
    for condition in conditions(task, data, analysis):
        terms = condition.sequences(task, data.n_terms + 1, noise).float()  # what the model and the candidates see
        context, target = terms[:, :-1], terms[:, 1:]
        exact = context.double()
        known = {name: predict(exact) for name, predict in candidates(task, data.n_terms, condition.noise).items()}
        errors = _rows({name: squared_error(p, target) for name, p in known.items()}, "mse", task, bootstrap)
        for name, model in models.items():
            prediction = predict(model, context)
            found = [errors, _rows({"model": squared_error(prediction, target)}, "mse", task, bootstrap)]
            found += _distances(prediction, known, task, bootstrap)
            frames[name] += [frame.assign(condition=condition.name, level=condition.level) for frame in found]
            if condition.name == "in_distribution":
                frames[name].append(_prefix(model, context, prediction, task, bootstrap))
    return {name: pd.concat(parts) for name, parts in frames.items()}


def _rows(values: dict[str, np.ndarray], measure: str, task: Task, bootstrap: Bootstrap) -> pd.DataFrame:
    """Rows of one measure, by predictor and position, from values `sequence position`; none where it is NaN."""
    frames = [
        rows_by_position(value, task.first_determined, bootstrap).assign(predictor=name, measure=measure)
        for name, value in values.items()
    ]
    return pd.concat(frames).dropna(subset=["value"])


def _distances(prediction: Tensor, known: dict[str, Tensor], task: Task, bootstrap: Bootstrap) -> list[pd.DataFrame]:
    distances = {name: squared_error(prediction, candidate) for name, candidate in known.items()}
    size = squared_error(prediction, torch.zeros_like(prediction))
    rows = []
    for name, distance in distances.items():
        pair = np.stack([d[:, task.first_determined :].mean(axis=1) for d in (distance, size)], axis=-1)
        value, low, high = bootstrap.interval(pair, ratio)
        rows.append({"predictor": name, "measure": "relative", "value": value, "low": low, "high": high})
    return [_rows(distances, "distance", task, bootstrap), pd.DataFrame(rows).dropna(subset=["value"])]


def _prefix(model: Transformer, context: Tensor, whole: Tensor, task: Task, bootstrap: Bootstrap) -> pd.DataFrame:
    """A causal model predicts from a prefix what it predicts there in the whole context: the distance is rounding."""
    length = max(context.shape[1] // 2, task.first_determined + 1)
    distance = squared_error(predict(model, context[:, :length]), whole[:, :length])
    rows = _rows({"whole_context": distance}, "distance", task, bootstrap)
    return rows.assign(condition="prefix", level=float(length))
