"""Reduced models: how much of a model's predictions is explained by copying and linear negative feedback.

The parts are direct contributions (see measures/attribution.py), in units of x, which add up to the prediction:

    prediction = base + attention_0 + mlp_0 + attention_1 + … + attention_L + mlp_L

base is embedding, positions and biases; L is the last layer. The estimate in the stream before layer L is the sum of
the terms before attention_L. The explanation tested: layer 0 copies x_n, and the last layer's attention subtracts a
fixed share of the estimate, at the query and in the context that it attends to. A reduced model keeps some parts and
replaces others by fitted lines. Lines are fitted by least squares at the determined positions, on each half of the
sequences for use on the other. Squares are in units of each sequence's own scale (see tasks/errors.py), in fits and in
shares alike, or a few wide sequences would decide both.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurrence_circuits.measures.attribution import direct_contributions
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.shares import explained_share, weighted_squares
from recurrence_circuits.model.passes import BATCH
from recurrence_circuits.model.transformer import ActivationCache, Transformer
from recurrence_circuits.tasks.errors import mean_square_seen, relative_error


class Parts(NamedTuple):
    """Sums of direct contributions, each `sequence position dimension`, in units of x; together, the prediction."""

    layer_0: NDArray  # base, and attention and MLP of layer 0
    inner: NDArray  # attention and MLPs of the layers between the first and the last
    last_attention: NDArray  # 0 in a model with one layer
    last_mlp: NDArray  # 0 in a model with one layer or without MLPs


@torch.no_grad()
def measure_reduced_models(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap
) -> pd.DataFrame:
    """How well each reduced model predicts, and how much of the whole model's predictions it explains.

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the
    `reduced_models` table from `reduced` on. measure, by position and over the determined positions:

    explained        1 − mean (reduced − prediction)² / variance of the prediction, both in relative units; 1 is all of
                     it, below 0 is possible
    refinement       the same with the variance of (prediction − x_n): how much is explained of what is not copying
    relative_error   of the reduced prediction against the next term
    relative_excess  relative_error minus the whole model's

    For reduced = `feedback`, over the determined positions only:

    gain_at_query, gain_in_context, gain    the fitted gains (means of the two fits) and their sum
    explained                               the share of the last attention's direct contribution that the fit explains

    There is no row where a variance is 0.
    """
    context = sequences[:, :-1]
    passes = [_pass(model, part) for part in context.split(BATCH)]
    parts = Parts(*map(np.concatenate, zip(*(of_batch for of_batch, _, _ in passes), strict=True)))
    whole, attention = (torch.cat(of_batch) for of_batch in zip(*(rest for _, *rest in passes), strict=True))
    terms, prediction = context.double().numpy(), whole.double().numpy()
    scale = mean_square_seen(sequences)
    reduced, feedback = reduced_predictions(parts, terms, attention, scale, first_determined)
    whole_error = relative_error(whole, sequences)
    errors, shares = [], []
    for name, value in reduced.items():
        error = relative_error(torch.from_numpy(value), sequences)
        for measure, values in (("relative_error", error), ("relative_excess", error - whole_error)):
            errors.append(({"reduced": name, "measure": measure}, values))
        for measure, of in (("explained", prediction), ("refinement", prediction - terms)):
            shares.append(({"reduced": name, "measure": measure}, weighted_squares(value - prediction, of, scale)))
    frames = [
        rows_by_position(errors, first_determined, bootstrap),
        rows_by_position(shares, first_determined, bootstrap, explained_share),
    ]
    # Model by model; each has two rows of either kind.
    frames = [pd.concat(frames).sort_index(key=lambda index: index // 2, kind="stable")]
    if feedback is not None:
        squares = weighted_squares(feedback.contribution - parts.last_attention, parts.last_attention, scale)
        labels = {"reduced": "feedback", "measure": "explained"}
        frames.append(rows_by_position([(labels, squares)], first_determined, bootstrap, explained_share).iloc[[-1]])
        gains = {"gain_at_query": feedback.gains[0], "gain_in_context": feedback.gains[1], "gain": feedback.gains.sum()}
        frames.append(pd.DataFrame({"reduced": "feedback", "measure": list(gains), "value": list(gains.values())}))
    return pd.concat(frames).dropna(subset=["value"])


def _pass(model: Transformer, context: Tensor) -> tuple[Parts, Tensor, Tensor]:
    """Of a batch: the parts, the prediction, and the last layer's attention, `batch head query key`."""
    cache = model(context)
    return contribution_parts(model, cache), cache.prediction, cache.attention[-1]


def contribution_parts(model: Transformer, cache: ActivationCache) -> Parts:
    """The direct contributions of a forward pass, summed into parts that add up to the prediction."""
    last = model.settings.n_layers - 1
    parts = Parts(*(np.zeros(cache.prediction.shape) for _ in Parts._fields))
    for component, value in direct_contributions(model, cache).items():
        if component.layer in (None, 0):
            name = "layer_0"
        elif component.layer < last:
            name = "inner"
        else:
            name = "last_mlp" if component.kind == "mlp" else "last_attention"
        getattr(parts, name)[:] += value.double().numpy()
    return parts


class Feedback(NamedTuple):
    """The last layer's attention as a fixed share of the estimate."""

    gains: NDArray  # on the estimate at the query, and on its mean over what the query attends to; mean of two fits
    contribution: NDArray  # sequence position dimension: the fit applied to the whole model's estimate


def reduced_predictions(
    parts: Parts, terms: NDArray, attention: Tensor, scale: NDArray, first: int
) -> tuple[dict[str, NDArray], Feedback | None]:
    """The predictions of the reduced models, each `sequence position dimension`, and the fitted feedback.

    terms is the context, shaped like the parts; attention is the last layer's, `sequence head query key`; scale is
    `mean_square_seen`, `sequence position`; fits use positions ≥ first. Each model keeps more than the one before it:

    copy                   a line in x_n, fitted to layer 0's part
    copy_feedback          copy, and the last layer's feedback on it
    layer_0                layer 0's part as it is
    layer_0_feedback       layer_0, and the last layer's feedback on it
    inner_layers_feedback  layer_0 and the inner layers, and the last layer's feedback on both
    last_attention         the same with the last layer's attention as it is, in place of the feedback
    whole                  the same with the last MLP: the model itself

    A model that would be the same as its neighbour is left out. A model with one layer has copy and whole only, and
    None for the feedback.
    """
    pattern = attention.double().mean(dim=1).numpy()  # sequence query key, mean over heads

    def regressors(estimate: NDArray) -> list[NDArray]:
        return [estimate, np.einsum("sqk,skd->sqd", pattern, estimate)]

    copy, _ = _cross_fit([terms], parts.layer_0, [terms], scale, first)
    estimate = parts.layer_0 + parts.inner
    whole = estimate + parts.last_attention + parts.last_mlp
    if not parts.last_attention.any():
        return {"copy": copy, "whole": whole}, None

    def fed_back(reduced: NDArray) -> tuple[NDArray, NDArray]:
        return _cross_fit(regressors(estimate), parts.last_attention, regressors(reduced), scale, first)

    reduced = {"copy": copy, "copy_feedback": copy + fed_back(copy)[0]}
    reduced |= {"layer_0": parts.layer_0, "layer_0_feedback": parts.layer_0 + fed_back(parts.layer_0)[0]}
    contribution, gains = fed_back(estimate)
    if parts.inner.any():
        reduced["inner_layers_feedback"] = estimate + contribution
    if parts.last_mlp.any():
        reduced["last_attention"] = estimate + parts.last_attention
    return reduced | {"whole": whole}, Feedback(gains, contribution)


def _cross_fit(
    regressors: list[NDArray], fitted: NDArray, used: list[NDArray], scale: NDArray, first: int
) -> tuple[NDArray, NDArray]:
    """Fit `fitted` by the regressors and a constant on each half of the sequences; apply it to `used` on the other.

    All are `sequence position dimension`, but scale is `sequence position`: squares count in units of it. Positions
    ≥ first and all coordinates share one fit. Returns the fits applied to `used`, same shape, and the mean of the two
    fits' coefficients, without the constant.
    """
    halves = np.array_split(np.arange(len(fitted)), 2)
    root = np.broadcast_to(scale[..., None] ** -0.5, fitted.shape)
    result, coefficients = np.empty_like(fitted), []
    for fit_on, use_on in (halves, halves[::-1]):
        rows = (fit_on, slice(first, None))
        X = np.stack([(r * root)[rows].ravel() for r in [*regressors, 1.0]], axis=1)
        found = np.linalg.lstsq(X, (fitted * root)[rows].ravel(), rcond=None)[0]
        result[use_on] = sum(c * u[use_on] for c, u in zip(found, used, strict=False)) + found[-1]
        coefficients.append(found[:-1])
    return result, np.mean(coefficients, axis=0)
