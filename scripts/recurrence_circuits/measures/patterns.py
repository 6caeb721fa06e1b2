"""Replaced patterns: how much of what attention does is left when it no longer looks at the sequence.

A head that attends by position alone does the same with the mean pattern in place of its own: what it does needs no
look at the terms. Values stay those of the sequence, and layers after it read what the replaced pattern brings.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap, Measured
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.costs import Costs
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.interventions import donors, replace, replacement
from recurrence_circuits.model.passes import BATCH, predict_with
from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer
from recurrence_circuits.runtime.progress import progress

REPLACED = ("mean", "uniform", "distance", "other")
KEPT = {"kept": "change", "recalibrated_kept": "recalibrated_change"}  # a share, and the cost that it is a share of
STEPS, SETTLED = 10_000, 1e-10  # of the fit by distance: the most steps, and the change that ends it


@torch.no_grad()
def measure_patterns(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap, generator: torch.Generator
) -> pd.DataFrame:
    """What it costs to replace the attention pattern of each layer, and of each head, and how much that leaves.

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the `patterns`
    table from `layer` on; head is empty for a layer's heads together. `replaced` says by what (see `new_patterns`).
    measure is one of those of `Costs`, by position and over the determined positions; or, over these alone,

    kept               1 − change / (change when the output is replaced by its mean over sequences, at each position):
                       1 if nothing is lost, 0 if as much as the whole effect of the output, below 0 if more
    recalibrated_kept  the same of recalibrated_change

    A share has no row where it is one of nothing: where the interval of what mean ablation costs is not all above 0.
    """
    whole = model(sequences[:, :-1])
    costs, donor = Costs(whole.prediction, sequences), donors(len(sequences), generator)
    measured, shares = [], []
    for layer in progress(range(model.settings.n_layers), "layers with other patterns:"):
        heads = [head for head in model.heads() if head.layer == layer]
        components = [Component("attention", layer), *heads]
        ablated = {c: costs.of(_predict(model, whole, c, replacement(c, "mean", whole, donor))) for c in components}
        for name, pattern in new_patterns(whole.attention[layer], donor).items():
            written = written_with(model, whole, layer, pattern)
            for component in components:
                own = written if component.head is None else written[:, component.head]
                errors = costs.of(_predict(model, whole, component, own))
                labels = {"layer": layer, "head": component.head, "replaced": name}
                measured += [({**labels, "measure": measure}, values) for measure, values in errors.items()]
                pairs = _pairs(errors, ablated[component], first_determined)
                shares += [({**labels, "measure": measure}, pair) for measure, pair in pairs.items()]
    return pd.concat([rows_by_position(measured, first_determined, bootstrap), _rows_of_shares(shares, bootstrap)])


def new_patterns(attention: Tensor, donor: Tensor) -> dict[str, Tensor]:
    """What is put in place of a layer's attention patterns, `batch head query key`, by name, each shaped like it:

    mean      the mean over sequences, for each query and key position
    uniform   the same attention to every key seen
    distance  the best function of query − key alone (see `distance_pattern`)
    other     the pattern of another sequence, `donor` of each
    """
    mean = attention.mean(dim=0)
    seen = torch.ones_like(mean).tril()
    one_for_all = {"mean": mean, "uniform": seen / seen.sum(dim=-1, keepdim=True), "distance": distance_pattern(mean)}
    return {name: one.expand_as(attention) for name, one in one_for_all.items()} | {"other": attention[donor]}


def distance_pattern(mean: Tensor) -> Tensor:
    """The pattern f(query − key) / Σ over the keys seen that is most likely for a mean pattern: `head query key`.

    The mean by distance alone would mix queries with few keys, which share out the same attention, with late ones. So
    f is fitted by maximum likelihood: where the pattern is such a function, it is found exactly. Each step sets f to
    the attention by distance over what f, as it is, makes of it (the MM algorithm of D. R. Hunter, 2004, for choices
    from sets).
    """
    n = mean.shape[-1]
    by_distance = torch.stack([mean.double().diagonal(-k, dim1=-2, dim2=-1).sum(dim=-1) for k in range(n)], dim=-1)
    f = torch.ones_like(by_distance) / n  # head distance
    for _ in range(STEPS):
        among = f.cumsum(dim=-1)  # the sum over the keys that query 0, 1, … sees
        new = by_distance / (1 / among).flip(-1).cumsum(dim=-1).flip(-1)
        new = new / new.sum(dim=-1, keepdim=True)
        settled = (new - f).abs().max() < SETTLED
        f = new
        if settled:
            break
    places = torch.arange(n)
    distance = (places[:, None] - places).clamp(min=0)  # query key
    weights = f[:, distance].tril()
    return (weights / weights.sum(dim=-1, keepdim=True)).to(mean.dtype)


def written_with(model: Transformer, whole: ActivationCache, layer: int, pattern: Tensor) -> Tensor:
    """What a layer's heads write with other patterns, both as in the cache: `batch head position d_model`."""
    block = model.blocks[layer]
    parts = zip(whole.residual[layer].split(BATCH), pattern.split(BATCH), strict=True)
    return torch.cat([block.attention.output(block.attention_norm(stream), part) for stream, part in parts])


def _predict(model: Transformer, whole: ActivationCache, component: Component, new: Tensor) -> Tensor:
    """The prediction with `new` in place of a component's output, computed from there on."""
    return predict_with(model, whole, lambda rows: replace(component, new[rows]))


def _pairs(errors: dict, ablated: dict, first_determined: int) -> dict[str, np.ndarray]:
    """By share, the cost of the other pattern and that of mean ablation over the determined positions, `sequence 2`."""
    return {
        measure: np.stack([of[cost][:, first_determined:].mean(axis=1) for of in (errors, ablated)], axis=-1)
        for measure, cost in KEPT.items()
    }


def _rows_of_shares(shares: Measured, bootstrap: Bootstrap) -> pd.DataFrame:
    """1 − the first of each pair over the second, where the second is known to be above 0."""
    low = np.array([low for _, low, _ in bootstrap.intervals([pair[:, 1] for _, pair in shares])])
    return bootstrap.rows(shares, lambda means: 1 - ratio(means))[low > 0]
