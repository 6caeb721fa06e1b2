"""Counterfactual swaps: where in the model the hidden parameters enter a prediction.

The two sequences of a pair have the same last two terms, so what their predictions differ by comes from the terms
before. The activations of the second are put in place of the first's at one site; the share of the difference that
then appears is what passes through that site. Shares of several sites need not add up to 1: one may read another.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.pairs import Pairs
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.passes import predict_with
from recurrence_circuits.model.transformer import ActivationCache, Component, Hooks, Transformer
from recurrence_circuits.runtime.progress import progress

Span = tuple[int, int]  # the first and the last of the positions that are swapped
Site = tuple[Component, Span]


@torch.no_grad()
def measure_counterfactuals(model: Transformer, pairs: list[tuple[Pairs, Bootstrap]]) -> pd.DataFrame:
    """Swap every site between the sequences of pairs; each of `pairs` comes with a bootstrap over its own.

    Returns the columns of the `counterfactuals` table from `component` on. With d the change of the prediction when
    all is swapped, and means over pairs weighted by the pairs' `weights`, measure is one of

    share     least-squares slope, through the origin, on d of the change of the prediction with the site swapped
    response  the slope of d on the true change of the next term: 1 for an exact predictor
    kept      pairs kept of those drawn; without an interval
    """
    columns = ["component", "layer", "head", "first_swapped", "last_swapped", "position", "measure", "value"]
    frames = [pd.DataFrame(columns=[*columns, "low", "high"])]
    for each, bootstrap in progress(pairs, "positions with pairs:"):
        whole = Component("residual", 0), (0, each.position)
        changes = _changes(model, each, [whole, *sites(model, each.position)])
        shares = [
            (_columns(site, "share"), _products(change, changes[whole], each)) for site, change in changes.items()
        ]
        response = [(_columns(whole, "response"), _products(changes[whole], each.change, each))]
        kept = pd.DataFrame([_columns(whole, "kept") | {"value": len(each.first) / each.attempts}])
        found = [bootstrap.rows(shares, ratio), bootstrap.rows(response, ratio), kept]
        frames.append(pd.concat(found).assign(position=each.position))
    return pd.concat([frame for frame in frames if len(frame)] or frames).dropna(subset=["value"])


def _changes(model: Transformer, pairs: Pairs, swapped: list[Site]) -> dict[Site, Tensor]:
    """By site, what a swap there adds to the prediction at the last position, `pair dimension`, float64."""
    first, second = model(pairs.first), model(pairs.second)
    found = {}
    for site in swapped:
        new = predict_with(model, first, lambda rows, site=site: _swap(*site, second.rows(rows)))
        found[site] = (new - first.prediction)[:, -1].double().cpu()
    return found


def sites(model: Transformer, position: int) -> list[Site]:
    """What is swapped where, for predictions at `position`.

    The stream that enters a layer (component residual) and a layer's attention, each at every single position, and at
    all positions before the two shared terms; at the last position also every head, every MLP, and the final stream
    (layer n_layers).
    """
    n_layers, last = model.settings.n_layers, (position, position)
    spans = [(k, k) for k in range(position + 1)] + ([(0, position - 2)] if position > 2 else [])
    streams = [Component(kind, layer) for kind in ("residual", "attention") for layer in range(n_layers)]
    found = [(component, span) for component in streams for span in spans]
    mlps = [] if model.settings.attention_only else [Component("mlp", layer) for layer in range(n_layers)]
    return found + [(component, last) for component in [Component("residual", n_layers), *mlps, *model.heads()]]


def _swap(component: Component, span: Span, other: ActivationCache) -> Hooks:
    """The hook that puts another sequence's activations in place, at positions of `span`."""
    kind, layer, head = component
    site = {"residual": "residual", "mlp": "mlp_output"}.get(kind, "head_output")
    source = {"residual": other.residual, "mlp_output": other.mlp_output, "head_output": other.head_output}[site][layer]
    positions = slice(span[0], span[1] + 1)

    def swapped(value: Tensor) -> Tensor:
        value = value.clone()
        if kind == "head":
            value[:, head, positions] = source[:, head, positions]
        else:
            value[..., positions, :] = source[..., positions, :]
        return value

    return {(site, layer): swapped}


def _products(change: Tensor, reference: Tensor, pairs: Pairs) -> np.ndarray:
    """Weighted products whose ratio of means is the slope of change on reference, `pair 2`."""
    products = torch.stack([(change * reference).mean(dim=-1), reference.square().mean(dim=-1)], dim=-1)
    return products.numpy() * pairs.weights[:, None]


def _columns(site: Site, measure: str) -> dict:
    component, (first, last) = site
    place = {"component": component.kind, "layer": component.layer, "head": component.head}
    return place | {"first_swapped": first, "last_swapped": last, "measure": measure}
