"""The layer-wise estimate: what the readout sees in the residual stream after each layer."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.by_position import rows_by_position
from recurrence_circuits.errors import squared_error
from recurrence_circuits.model import Transformer
from recurrence_circuits.statistics import Bootstrap, ratio


@torch.no_grad()
def measure_estimates(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Error of the final LayerNorm and readout applied after the embedding (−1) and after each layer.

    Returns the columns of the `estimates` table from `after_layer` on: mse by position and over the determined
    positions (units of x²); copy_ratio: over the error of copying x_n; step_ratio: over the error one
    layer earlier (both over the determined positions).
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    errors = [squared_error(model.readout(stream), target) for stream in model(context).residual]
    copy_error = squared_error(context, target)
    frames = []
    for index, error in enumerate(errors):
        after_layer = index - 1
        frames.append(
            rows_by_position(error, first_determined, bootstrap).assign(after_layer=after_layer, measure="mse")
        )
        others = {"copy_ratio": copy_error} | ({"step_ratio": errors[index - 1]} if index else {})
        for measure, other in others.items():
            pair = np.stack([e[:, first_determined:].mean(axis=1) for e in (error, other)], axis=-1)
            value, low, high = bootstrap.interval(pair, ratio)
            row = {"after_layer": after_layer, "measure": measure, "value": value, "low": low, "high": high}
            frames.append(pd.DataFrame([row]))
    return pd.concat(frames)
