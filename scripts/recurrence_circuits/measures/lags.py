"""Which of the recent terms a component copies: its direct contribution at n beside x_n, x_{n−1}, x_{n−2}, x_{n−3}.

Successive terms are so alike that a contribution which correlates with one of them correlates with the others too. The
derivative tells which one it is made from. For negative a terms alternate about their limit, and the correlation by the
sign of a tells them apart as well.
"""

import copy
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.attribution import direct_contributions, frozen_readout
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.statistics import correlation, moments
from recurrence_circuits.model.passes import BATCH
from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer

LAGS = range(4)
N_DERIVATIVE = 512  # the first test sequences: sixteen pairs of passes take as long as all of them in other measures
STEP = 1e-4  # of a term, in float64: a central difference is off by its square, which is below 1e-7
CLEAR = 0.3  # |a| from which its sign is told apart: below it terms have soon reached their limit


@torch.no_grad()
def measure_derivatives(model: Transformer, context: Tensor, first: int, bootstrap: Bootstrap) -> pd.DataFrame:
    """The columns of the `lags` table from `component` on with the mean of `derivatives`.

    The mean is over sequences and the positions n ≥ first with n ≥ lag; context is `sequence position dimension`.
    """
    measured = [
        ({**_columns(component, lag), "measure": "derivative"}, values[:, start:, lag].mean(dim=1).cpu().numpy())
        for component, values in derivatives(model, context).items()
        for lag, start in _starts(context, first)
    ]
    return bootstrap.rows(measured)


def derivatives(model: Transformer, context: Tensor) -> dict[Component, Tensor]:
    """d(direct contribution at n) / d x_{n−lag}, `sequence position lag`, float64, unit-free; NaN where n < lag.

    It runs through all that lies below the component, attention patterns included. The scale of the final LayerNorm is
    frozen, as in direct contributions: so the components' derivatives add up like them. For vector tasks it is the mean
    over coordinates of the derivative of each by itself. By central differences, each of which moves one term.
    Components: heads, each layer's attention, MLPs, and each layer as a whole.
    """
    model = copy.deepcopy(model).double()
    parts = [_derivatives(model, part) for part in context.double().split(BATCH)]
    return {component: torch.cat([part[component] for part in parts]) for component in parts[0]}


def _derivatives(model: Transformer, context: Tensor) -> dict[Component, Tensor]:
    """`derivatives` of one batch, in float64."""
    clean, found = model(context), {}
    n_sequences, n_positions, _ = context.shape
    lag, position = torch.arange(len(LAGS)), torch.arange(n_positions)[:, None]
    blank = torch.zeros(n_sequences, n_positions, len(LAGS)).to(context).masked_fill(lag > position, torch.nan)
    for term in range(n_positions):
        window = slice(term, min(term + len(LAGS), n_positions))  # the positions n at which it is x_{n−lag}
        read = frozen_readout(model, replace(clean, residual=[clean.residual[-1][:, window]]))
        places = torch.arange(window.start, window.stop)
        for coordinate in range(model.dimension):
            step = torch.zeros_like(context[0])
            step[term, coordinate] = STEP
            up, down = (model((context + shift)[:, : window.stop]) for shift in (step, -step))
            for component, (higher, lower) in _outputs(up, down):
                slope = read((higher - lower)[:, window])[..., coordinate] / (2 * STEP)  # batch window
                values = found.setdefault(component, blank.clone())
                values[:, places, places - term] += slope / model.dimension
    return with_sums(found)


def _outputs(up: ActivationCache, down: ActivationCache) -> Iterator[tuple[Component, tuple[Tensor, Tensor]]]:
    """What every head and every MLP wrote in two passes, each `batch position d_model`."""
    for layer, both in enumerate(zip(up.head_output, down.head_output, strict=True)):
        for head, pair in enumerate(zip(*(heads.unbind(dim=1) for heads in both), strict=True)):
            yield Component("head", layer, head), pair
    for layer, pair in enumerate(zip(up.mlp_output, down.mlp_output, strict=True)):
        yield Component("mlp", layer), pair


def with_sums(parts: dict[Component, Tensor]) -> dict[Component, Tensor]:
    """Values of heads and MLPs with their sums: each layer's `attention`, and the `layer` where it has an MLP."""
    found = dict(parts)
    for component, value in parts.items():
        if component.kind == "head":
            attention = Component("attention", component.layer)
            found[attention] = found.get(attention, 0) + value
    for component, value in parts.items():
        if component.kind == "mlp":
            found[Component("layer", component.layer)] = found[Component("attention", component.layer)] + value
    return found


def measure_correlations(
    model: Transformer, context: Tensor, first: int, bootstrap: Bootstrap, a: Tensor | None = None
) -> pd.DataFrame:
    """The columns of the `lags` table from `component` on with Pearson's correlation, in [−1, 1].

    Of the direct contribution at n with x_{n−lag}, pooled over sequences, coordinates and the positions n ≥ first with
    n ≥ lag. a, `sequence`, is the slope of each sequence where the task has a scalar one: it adds the correlations
    among the sequences of a < −CLEAR and a > CLEAR. One that is undefined has no row.
    """
    among = {"correlation": np.ones(len(context))}
    if a is not None:
        among |= {"correlation_negative_a": (a < -CLEAR).numpy(), "correlation_positive_a": (a > CLEAR).numpy()}
    parts = {c: v for c, v in direct_contributions(model, model(context)).items() if c.kind in ("head", "mlp")}
    terms, measured = context.double().cpu().numpy(), []
    for component, part in with_sums(parts).items():
        values = part.double().cpu().numpy()  # sequence position dimension
        for lag, start in _starts(context, first):
            pairs = moments(terms[:, start - lag : terms.shape[1] - lag], values[:, start:], axes=(1, 2))
            for measure, chosen in among.items():
                columns = {**_columns(component, lag), "measure": measure}
                measured.append((columns, np.concatenate([pairs, np.ones((len(pairs), 1))], axis=1) * chosen[:, None]))
    return bootstrap.rows(measured, _correlation_among).dropna(subset=["value"])


def _correlation_among(means: np.ndarray) -> np.ndarray:
    """The correlation among some sequences, from moments that are 0 for all others and, last, their share."""
    return correlation(means[..., :-1] / means[..., -1:])


def _starts(context: Tensor, first: int) -> list[tuple[int, int]]:
    """Each lag with the first determined position at which there is such a term, where the context has one."""
    return [(lag, max(first, lag)) for lag in LAGS if max(first, lag) < context.shape[1]]


def _columns(component: Component, lag: int) -> dict:
    return {"component": component.kind, "layer": component.layer, "head": component.head, "lag": lag}
