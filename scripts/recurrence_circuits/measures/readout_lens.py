"""Readout lens: what the residual stream after each layer says of the next term.

`raw` is the model's own readout, which is trained for the last layer alone: an estimate that stands on another scale,
or along another direction, reads as an error. `calibrated` takes away what one affine map of the raw number per
position can, which is scale. `fitted` is a readout of the layer's own. The last two are fitted on one half of the
sequences and scored on the other.
"""

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.norms import centred, scales
from recurrence_circuits.model.passes import residual_streams
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.predictors.candidates import best_linear_predictor
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error

# Of the features' summed variance. Large enough that directions in which a stream varies by rounding alone have no say,
# small enough to cost no accuracy: an estimate of 1e-3 of a stream's size is still read to a relative error of 1e-4.
PENALTY = 1e-10


@torch.no_grad()
def measure_readout_lens(
    model: Transformer, sequences: Tensor, moments: NDArray | None, first_determined: int, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Error of each lens after the embedding (−1) and after each layer, by position and over the determined positions.

    sequences is `sequence position dimension`, one term longer than the context; moments are those that
    `predictors.linear` takes, None if not known. Returns the columns of the `readout_lens` table from `after_layer` on.
    measure is one of

    relative_error  squared error in units of the mean square of the terms seen
    copy_ratio      that over the error of copying x_n
    step_ratio      that over the error of the same lens one layer earlier
    linear_ratio    that over the error of the best linear predictor; no rows without moments
    """
    context = sequences[:, :-1].double()
    others = {"copy_ratio": relative_error(context, sequences)}
    if moments is not None:
        others["linear_ratio"] = relative_error(best_linear_predictor(moments)(context), sequences)
    errors, ratios, before = [], [], {}
    for index, stream in enumerate(residual_streams(model, context.float())):
        for lens, estimate in lenses(model, stream, sequences).items():
            error, columns = relative_error(estimate, sequences), {"after_layer": index - 1, "lens": lens}
            errors.append((columns | {"measure": "relative_error"}, error))
            divisors = others | ({"step_ratio": before[lens]} if index else {})
            ratios += [
                (columns | {"measure": measure}, np.stack([error, other], axis=-1))
                for measure, other in divisors.items()
            ]
            before[lens] = error
    frames = [rows_by_position(errors, first_determined, bootstrap)]
    frames.append(rows_by_position(ratios, first_determined, bootstrap, ratio).dropna(subset=["value"]))
    return pd.concat(frames).sort_values("after_layer", kind="stable")


def lenses(model: Transformer, stream: Tensor, sequences: Tensor) -> dict[str, Tensor]:
    """The estimates of x_{n+1} by each lens, `sequence position dimension`, from a stream `sequence position d_model`.

    The fitted lens reads the stream as the final norm leaves it before its own weights, which an affine map makes no
    use of; the stream itself in a model without a norm.
    """
    norm = model.final_norm
    normalised = centred(norm, stream) * scales(norm, stream)
    raw, targets, weights = model.readout(stream), sequences[:, 1:], 1 / mean_square_seen(sequences)
    return {
        "raw": raw,
        "calibrated": cross_fitted(raw, targets, weights),
        "fitted": cross_fitted(normalised, targets, weights),
    }


def cross_fitted(features: Tensor, targets: Tensor, weights: NDArray) -> Tensor:
    """The targets as an affine map per position, fitted on one half of the sequences, predicts them on the other.

    features are `sequence position feature`, targets `sequence position dimension`; returns the shape of targets,
    float64. The squared errors of the fit are weighted, `sequence position`, so that it has the least mean relative
    error with weights 1 / mean_square_seen. Features that do not vary predict the mean.
    """
    x, y, w = (torch.as_tensor(value).double().cpu() for value in (features, targets, weights))
    half, predicted = len(x) // 2, torch.empty_like(y)
    for fitted, scored in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
        share = (w[fitted] / w[fitted].sum(dim=0))[..., None]  # sequence position 1
        centre, mean = ((share * value[fitted]).sum(dim=0) for value in (x, y))
        apart = (x[fitted] - centre).transpose(0, 1)  # position sequence feature
        weighted = (share.transpose(0, 1) * apart).mT  # position feature sequence
        covariance = weighted @ apart
        variance = covariance.diagonal(dim1=1, dim2=2).sum(dim=1)  # position
        penalty = torch.where(variance > 0, PENALTY * variance, 1.0)[:, None, None] * torch.eye(x.shape[-1])
        map_ = torch.linalg.solve(covariance + penalty, weighted @ (y[fitted] - mean).transpose(0, 1))
        predicted[scored] = torch.einsum("spf,pfd->spd", x[scored] - centre, map_) + mean
    return predicted
