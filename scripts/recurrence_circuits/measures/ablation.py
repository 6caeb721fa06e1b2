"""Ablation: how the prediction error changes when a component's output is replaced."""

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.model.interventions import KINDS, ablatable, donors, replace, replacement
from recurrence_circuits.model.passes import predict_with
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.runtime.progress import progress
from recurrence_circuits.tasks.errors import squared_error


@torch.no_grad()
def measure_ablation(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap, generator: torch.Generator
) -> pd.DataFrame:
    """Error without each head, each layer's attention and each MLP, under zero, mean and resample ablation.

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the
    `ablation` table from `component` on: mse and mse_change, in units of x², for every position and for the mean
    over the determined positions (position empty). The change is from the whole model's error, paired by sequence.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    whole = model(context)
    whole_error = squared_error(whole.prediction, target)
    donor = donors(len(sequences), generator)
    measured = []
    for component in progress(ablatable(model), "components ablated:"):
        labels = {"component": component.kind, "layer": component.layer, "head": component.head}
        for kind in KINDS:
            new = replacement(component, kind, whole, donor)
            ablated = predict_with(model, whole, lambda rows, c=component, new=new: replace(c, new[rows]))
            error = squared_error(ablated, target)
            for measure, values in (("mse", error), ("mse_change", error - whole_error)):
                measured.append(({**labels, "kind": kind, "measure": measure}, values))
    return rows_by_position(measured, first_determined, bootstrap)
