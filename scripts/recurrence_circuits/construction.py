"""How far hand-made weights go: the constructed transformers beside copying, linear prediction and the floor."""

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits import linear
from recurrence_circuits.by_position import rows_by_position
from recurrence_circuits.constructed import constructions
from recurrence_circuits.errors import squared_error
from recurrence_circuits.predictors import baselines
from recurrence_circuits.statistics import Bootstrap
from recurrence_circuits.tasks.interface import Task


def score_construction(task: Task, noise: float, sequences: Tensor, bootstrap: Bootstrap) -> pd.DataFrame:
    """Error by position and over the determined positions, in units of x², of every constructed transformer.

    sequences of the scalar affine task, `sequence position 1`, one term longer than the context. Returns the columns
    of the table `construction` from `predictor` on; n_layers is empty for those that are no transformers. A predictor
    that is unknown at a position (Bayes, with noise) has no row there.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    exact, n_terms = context.double(), context.shape[1]
    weights = torch.from_numpy(linear.best_linear(n_terms, noise))
    known = baselines(task, noise)
    predictions = {name: (None, known[name](exact)) for name in ("copy_last", "bayes")}
    predictions["best_linear"] = None, torch.einsum("nk,skd->snd", weights, exact)
    for name, model in constructions(n_terms, noise).items():
        predictions[name] = model.settings.n_layers, model(context).prediction
    frames = [
        rows_by_position(squared_error(prediction, target), task.first_determined, bootstrap).assign(
            predictor=name, n_layers=n_layers, measure="mse"
        )
        for name, (n_layers, prediction) in predictions.items()
    ]
    return pd.concat(frames).dropna(subset=["value"]).astype({"n_layers": "Int64"})
