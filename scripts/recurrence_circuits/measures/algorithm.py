"""Which algorithm a model behaves like: the distance of its predictions from those of every candidate.

The distance between two predictors is the mean squared difference of their predictions, in units of the sequence's own
scale (see tasks/errors.py): in units of x² a few wide sequences would decide which candidate is nearest.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.conditions import conditions, unit_noise
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.passes import predict
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.predictors.candidates import candidates
from recurrence_circuits.tasks.base import Task
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error, squared_error


@torch.no_grad()
def measure_algorithm(
    models: dict[str, Transformer],
    task: Task,
    data: SequenceSettings,
    n_condition: int,
    noise_levels: list[float],
    bootstrap: Bootstrap,
) -> dict[str, pd.DataFrame]:
    """Distance of every model from every candidate, and the errors of all, in every condition (see `conditions`).

    bootstrap resamples the n_condition sequences of a condition. Returns one frame per model, with the columns of the
    `algorithm` table from `condition` on. predictor is a candidate, or `model`. measure is one of

    distance        mean squared difference from the model's predictions, in units of the sequence's own scale, by
                    position and over the determined positions
    relative        distance over the determined positions, divided by that from the predictor `zero`, which is the
                    mean square of the model's predictions in the same units
    relative_error  against the next observed term, by position and over the determined positions

    A candidate has no row at positions where its prediction is not known.
    """
    noise = unit_noise(task, data, n_condition)
    frames = {name: [] for name in models}
    for condition in conditions(task, data, n_condition, noise_levels):
        # What the model and the candidates see.
        terms = condition.sequences(task, data.context_length + 1, noise).float()
        context, scale = terms[:, :-1], mean_square_seen(terms)
        exact = context.double()
        predictors = candidates(task, data.context_length, condition.noise)
        known = {name: predictor(exact) for name, predictor in predictors.items()}
        errors = {name: relative_error(p, terms) for name, p in known.items()}
        of_candidates = _rows(errors, "relative_error", task, bootstrap)
        for name, model in models.items():
            prediction = predict(model, context)
            of_model = {"model": relative_error(prediction, terms)}
            found = [of_candidates, _rows(of_model, "relative_error", task, bootstrap)]
            found += _distances(prediction, known, scale, task, bootstrap)
            frames[name] += [frame.assign(condition=condition.name, level=condition.level) for frame in found]
    return {name: pd.concat(parts) for name, parts in frames.items()}


def _rows(values: dict[str, np.ndarray], measure: str, task: Task, bootstrap: Bootstrap) -> pd.DataFrame:
    """Rows of one measure by predictor and position, from values `sequence position`. NaN makes no row."""
    measured = [({"predictor": name, "measure": measure}, value) for name, value in values.items()]
    return rows_by_position(measured, task.first_determined, bootstrap).dropna(subset=["value"])


def _distances(
    prediction: Tensor, known: dict[str, Tensor], scale: np.ndarray, task: Task, bootstrap: Bootstrap
) -> list[pd.DataFrame]:
    distances = {name: squared_error(prediction, candidate) / scale for name, candidate in known.items()}
    size = squared_error(prediction, torch.zeros_like(prediction)) / scale
    pairs = []
    for name, distance in distances.items():
        pair = np.stack([d[:, task.first_determined :].mean(axis=1) for d in (distance, size)], axis=-1)
        pairs.append(({"predictor": name, "measure": "relative"}, pair))
    return [_rows(distances, "distance", task, bootstrap), bootstrap.rows(pairs, ratio).dropna(subset=["value"])]
