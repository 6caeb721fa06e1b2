"""Ablation: how the prediction error changes when a component's output is replaced."""

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.costs import Costs
from recurrence_circuits.model.interventions import KINDS, ablatable, donors, replace, replacement
from recurrence_circuits.model.passes import predict_with
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.runtime.progress import progress


@torch.no_grad()
def measure_ablation(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap, generator: torch.Generator
) -> pd.DataFrame:
    """Error without each head, each layer's attention and each MLP, under zero, mean and resample ablation.

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the
    `ablation` table from `component` on: the measures of `Costs`, for every position and for the mean over the
    determined positions (position empty), paired by sequence with the whole model.
    """
    whole = model(sequences[:, :-1])
    costs = Costs(whole.prediction, sequences)
    donor = donors(len(sequences), generator)
    measured = []
    for component in progress(ablatable(model), "components ablated:"):
        labels = {"component": component.kind, "layer": component.layer, "head": component.head}
        for kind in KINDS:
            new = replacement(component, kind, whole, donor)
            ablated = predict_with(model, whole, lambda rows, c=component, new=new: replace(c, new[rows]))
            for measure, values in costs.of(ablated).items():
                measured.append(({**labels, "kind": kind, "measure": measure}, values))
    return rows_by_position(measured, first_determined, bootstrap)
