"""Reduced models: how much of a model's predictions copying and linear negative feedback account for.

Everything is in units of x, as direct contributions (see `contributions`), which add up to the prediction:

    prediction = base + attention_0 + mlp_0 + attention_1 + … + attention_L + mlp_L,

base being embedding, positions and biases, L the last layer. The estimate that the stream carries into layer L is the
sum of the terms before attention_L. The account to be tested: layer 0 copies x_n, and the last layer's attention takes
away a fixed share of the estimate, at the query and in the context that it attends to. A reduced model keeps some of
the parts and puts fitted lines in the place of others. Lines are fitted by least squares at the determined positions,
on each half of the sequences for use on the other.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from recurrence_circuits.by_position import rows_by_position
from recurrence_circuits.contributions import direct_contributions
from recurrence_circuits.errors import squared_error
from recurrence_circuits.model import Trace, Transformer
from recurrence_circuits.statistics import Bootstrap

ROUNDING = 1e-12  # a variance below this share of the mean square is rounding


class Parts(NamedTuple):
    """Direct contributions, summed as the account needs them; each `sequence position dimension`, in units of x."""

    layer_0: NDArray  # base, attention and MLP of layer 0
    inner: NDArray  # attention and MLPs of the layers between the first and the last
    last_attention: NDArray  # 0 in a model of one layer
    last_mlp: NDArray  # 0 in a model of one layer, or without MLPs


@torch.no_grad()
def explain_predictions(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap
) -> pd.DataFrame:
    """How well each reduced model predicts, and how much of the whole model's predictions it explains.

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the table
    `explained` from `reduced` on. measure, by position and over the determined positions:

    explained   1 − mean (reduced − prediction)² / variance of the prediction; 1 is all of it, below 0 is possible
    refinement  the same with the variance of (prediction − x_n): how much is explained of what is not copying
    mse         error of the reduced prediction against the next term, in units of x²
    excess      that, less the whole model's error

    and for reduced = `feedback`, over the determined positions: gain_at_query, gain_in_context and their sum, gain
    (means of the two fits); explained, of the last attention's contribution. No row where a variance is 0.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    trace = model(context)
    terms, prediction = context.double().numpy(), trace.prediction.double().numpy()
    parts = contribution_parts(model, trace)
    reduced, feedback = reduced_predictions(parts, terms, trace.attention[-1], first_determined)
    whole_error = squared_error(trace.prediction, target)
    frames = []
    for name, value in reduced.items():
        error = squared_error(torch.from_numpy(value), target)
        found = {measure: rows_by_position(values, first_determined, bootstrap) for measure, values in
                 (("mse", error), ("excess", error - whole_error))}  # fmt: skip
        for measure, whole in (("explained", prediction), ("refinement", prediction - terms)):
            found[measure] = _explained(value - prediction, whole, first_determined, bootstrap)
        frames += [frame.assign(reduced=name, measure=measure) for measure, frame in found.items()]
    if feedback is not None:
        rest = feedback.contribution - parts.last_attention
        frames.append(_explained(rest, parts.last_attention, first_determined, bootstrap).iloc[[-1]])
        gains = {"gain_at_query": feedback.gains[0], "gain_in_context": feedback.gains[1], "gain": feedback.gains.sum()}
        frames[-1] = frames[-1].assign(measure="explained")
        frames.append(pd.DataFrame({"measure": list(gains), "value": list(gains.values())}))
        frames[-2:] = [frame.assign(reduced="feedback") for frame in frames[-2:]]
    return pd.concat(frames).dropna(subset=["value"])


def contribution_parts(model: Transformer, trace: Trace) -> Parts:
    """The direct contributions of a forward pass, summed; the parts add up to the prediction."""
    last = model.settings.n_layers - 1
    parts = Parts(*(np.zeros(trace.prediction.shape) for _ in Parts._fields))
    for component, value in direct_contributions(model, trace).items():
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

    gains: NDArray  # of the estimate at the query, and of its mean over what the query attends to; mean of two fits
    contribution: NDArray  # sequence position dimension: what the fit makes of the whole estimate


def reduced_predictions(
    parts: Parts, terms: NDArray, attention: Tensor, first: int
) -> tuple[dict[str, NDArray], Feedback | None]:
    """The predictions of the reduced models, from least to most, each `sequence position dimension`.

    terms is the context, shaped like the parts; attention is the last layer's, `sequence head query key`; fits are
    to positions ≥ first. The models, as far as they differ:

    copy                   a line in x_n, fitted to layer 0's part
    copy_feedback          that, and the last layer's feedback on it
    layer_0                layer 0's part as it is
    layer_0_feedback       that, and the last layer's feedback on it
    inner_layers_feedback  the same with the layers between
    last_attention         the last layer's attention as it is, in the place of the feedback
    whole                  with the last MLP: the model
    """
    pattern = attention.double().mean(dim=1).numpy()  # sequence query key, mean over heads

    def regressors(estimate: NDArray) -> list[NDArray]:
        return [estimate, np.einsum("sqk,skd->sqd", pattern, estimate)]

    copy, _ = _cross_fit([terms], parts.layer_0, [terms], first)
    estimate = parts.layer_0 + parts.inner
    whole = estimate + parts.last_attention + parts.last_mlp
    if not parts.last_attention.any():
        return {"copy": copy, "whole": whole}, None

    def fed_back(reduced: NDArray) -> tuple[NDArray, NDArray]:
        return _cross_fit(regressors(estimate), parts.last_attention, regressors(reduced), first)

    reduced = {"copy": copy, "copy_feedback": copy + fed_back(copy)[0]}
    reduced |= {"layer_0": parts.layer_0, "layer_0_feedback": parts.layer_0 + fed_back(parts.layer_0)[0]}
    contribution, gains = fed_back(estimate)
    if parts.inner.any():
        reduced["inner_layers_feedback"] = estimate + contribution
    if parts.last_mlp.any():
        reduced["last_attention"] = estimate + parts.last_attention
    return reduced | {"whole": whole}, Feedback(gains, contribution)


def _cross_fit(regressors: list[NDArray], fitted: NDArray, used: list[NDArray], first: int) -> tuple[NDArray, NDArray]:
    """Fit `fitted` by the regressors and a constant on each half of the sequences; apply it to `used` on the other.

    All are `sequence position dimension`; positions ≥ first, all coordinates alike, make one fit. Returns what the
    fits make of `used`, same shape, and the mean of the two fits' coefficients, without the constant.
    """
    halves = np.array_split(np.arange(len(fitted)), 2)
    result, coefficients = np.empty_like(fitted), []
    for fit_on, use_on in (halves, halves[::-1]):
        X = np.stack([r[fit_on, first:].ravel() for r in regressors] + [np.ones(fitted[fit_on, first:].size)], axis=1)
        found = np.linalg.lstsq(X, fitted[fit_on, first:].ravel(), rcond=None)[0]
        result[use_on] = sum(c * u[use_on] for c, u in zip(found, used, strict=False)) + found[-1]
        coefficients.append(found[:-1])
    return result, np.mean(coefficients, axis=0)


def _explained(rest: NDArray, whole: NDArray, first: int, bootstrap: Bootstrap) -> pd.DataFrame:
    """1 − mean rest² / variance of the whole, pooled over coordinates, by position; see `rows_by_position`."""
    values = np.stack([(v**p).mean(axis=2) for v, p in ((rest, 2), (whole, 1), (whole, 2))], axis=-1)
    return rows_by_position(values, first, bootstrap, _explained_share)


def _explained_share(means: NDArray) -> NDArray:
    rest, mean, square = np.moveaxis(means, -1, 0)
    variance = square - mean**2
    return 1 - rest / np.where(variance > ROUNDING * square, variance, np.nan)
