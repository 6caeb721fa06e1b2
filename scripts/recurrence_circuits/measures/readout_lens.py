"""Readout lens: the model's readout applied to the residual stream after each layer, as its estimate so far."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.passes import residual_streams
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.tasks.errors import squared_error


@torch.no_grad()
def measure_readout_lens(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Error of the final norm and readout applied after the embedding (−1) and after each layer.

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the
    `readout_lens` table from `after_layer` on. measure is one of

    mse         by position and over the determined positions, in units of x²
    copy_ratio  mse divided by that of copying x_n, over the determined positions
    step_ratio  mse divided by that one layer earlier, over the determined positions
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    errors = [squared_error(model.readout(stream), target) for stream in residual_streams(model, context)]
    copy_error = squared_error(context, target)
    mse = [({"after_layer": index - 1, "measure": "mse"}, error) for index, error in enumerate(errors)]
    ratios = []
    for index, error in enumerate(errors):
        others = {"copy_ratio": copy_error} | ({"step_ratio": errors[index - 1]} if index else {})
        for measure, other in others.items():
            pair = np.stack([e[:, first_determined:].mean(axis=1) for e in (error, other)], axis=-1)
            ratios.append(({"after_layer": index - 1, "measure": measure}, pair))
    frames = [rows_by_position(mse, first_determined, bootstrap), bootstrap.rows(ratios, ratio)]
    return pd.concat(frames).sort_values("after_layer", kind="stable")
