"""How far handcrafted transformers get, beside copying, the best linear predictor and the Bayes floor."""

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.model.passes import predict
from recurrence_circuits.predictors import linear
from recurrence_circuits.predictors.baselines import baselines
from recurrence_circuits.predictors.handcrafted import handcrafted_models
from recurrence_circuits.tasks.base import Task
from recurrence_circuits.tasks.errors import squared_error


def measure_handcrafted(task: Task, noise: float, sequences: Tensor, bootstrap: Bootstrap) -> pd.DataFrame:
    """Error of every handcrafted transformer, by position and over the determined positions, in units of x².

    sequences are of the scalar affine task, `sequence position 1`, one term longer than the context. Returns the
    columns of the `handcrafted` table from `predictor` on, for copy_last, bayes and best_linear too; n_layers is empty
    for these, which are no transformers. A predictor that is not known at a position has no row there.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    exact, context_length = context.double(), context.shape[1]
    weights = torch.from_numpy(linear.best_linear(task.second_moments(context_length + 1, noise)))
    known = baselines(task, noise)
    predictions = {name: (None, known[name](exact)) for name in ("copy_last", "bayes")}
    predictions["best_linear"] = None, torch.einsum("nk,skd->snd", weights, exact)
    for name, model in handcrafted_models(context_length, noise, task).items():
        predictions[name] = model.settings.n_layers, predict(model, context)
    measured = [
        ({"predictor": name, "n_layers": n_layers, "measure": "mse"}, squared_error(prediction, target))
        for name, (n_layers, prediction) in predictions.items()
    ]
    rows = rows_by_position(measured, task.first_determined, bootstrap)
    return rows.dropna(subset=["value"]).astype({"n_layers": "Int64"})
