"""Where heads attend, and whether that depends on the terms or on their positions alone."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.similarity import labelled
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer

SIMILARITIES = ("attention_similarity", "attention_similarity_mismatched", "attention_similarity_partial")
BEYOND = "attention_similarity_beyond_position"
ROUNDING = 1e-12  # a residual whose square is this share of the whole, or less, is 0


def measure_attention(
    model: Transformer, cache: ActivationCache, context: Tensor, donor: Tensor, first: int, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Where each head attends from the determined positions: columns of the `similarity` table.

    context is `sequence position dimension`; donor, `sequence`, is another sequence for each (see `donors`).

    attention_similarity              Spearman's rank correlation, over the keys that a query sees, of its attention
                                      with −‖x_query − x_key‖, in [−1, 1]: above 0 a head prefers terms like the
                                      query's own, below 0 unlike ones
    attention_similarity_mismatched   the same with the distances of the donor, which the head cannot know: what comes
                                      with position alone, since sequences converge
    attention_similarity_beyond_position    the first minus the second, paired. The component `closeness` has what a
                                      head would have that ranked keys by closeness itself: the most there is to find
    attention_similarity_partial      the partial rank correlation, given the key's position and the mean over
                                      sequences of the attention of a query there
    attention_to_self, attention_to_previous, attention_to_first    attention to these keys, a probability
    attention_entropy                 in nats

    Queries at which a correlation is undefined (all keys alike, or nothing left beside position) are left out of its
    mean; a head without any other has no row.
    """
    positions = range(first, context.shape[1])
    distance = torch.cdist(context.double(), context.double(), compute_mode="donot_use_mm_for_euclid_dist")
    closeness = {n: centred_ranks(-distance[:, n, : n + 1].cpu().numpy()) for n in positions}
    donor = donor.cpu().numpy()
    similarities, beyond, statistics = {name: {} for name in SIMILARITIES}, {}, {}
    for head in model.heads():
        pattern = cache.attention[head.layer][:, head.head].double().cpu().numpy()  # sequence query key
        found = [_mean_of_known(value) for value in _similarities(pattern, closeness, donor)]
        for name, value in zip(SIMILARITIES, found, strict=True):
            similarities[name][head] = value
        beyond[head] = np.concatenate(found[:2], axis=-1)
        for name, value in _attention_statistics(pattern, positions).items():
            statistics.setdefault(name, {})[head] = value.mean(axis=1)
    frames = [bootstrap.rows(labelled(by_head, name), ratio) for name, by_head in similarities.items()]
    frames.append(bootstrap.rows(labelled(beyond, BEYOND), _ratios_difference))
    frames += [bootstrap.rows(labelled(by_head, name)) for name, by_head in statistics.items()]
    by_head = pd.concat(frames).sort_index(kind="stable")
    agreement = np.stack([rank_correlation(close, close[donor]) for close in closeness.values()], axis=1)
    most = {Component("closeness"): _mean_of_known(1 - agreement)}
    return pd.concat([by_head, bootstrap.rows(labelled(most, BEYOND), ratio)]).dropna(subset=["value"])


def _similarities(pattern: np.ndarray, closeness: dict[int, np.ndarray], donor: np.ndarray) -> list[np.ndarray]:
    """The three of SIMILARITIES, each `sequence query`, of one head's pattern, `sequence query key`."""
    found = []
    for n, close in closeness.items():
        attention = pattern[:, n, : n + 1]
        ranks, controls = centred_ranks(attention), centred_ranks(np.stack([attention.mean(axis=0), np.arange(n + 1)]))
        partial = rank_correlation(residual(ranks, controls), residual(close, controls))
        found.append([rank_correlation(ranks, close), rank_correlation(ranks, close[donor]), partial])
    return list(np.moveaxis(np.array(found), 0, -1))


def _mean_of_known(value: np.ndarray) -> np.ndarray:
    """By sequence, the two means whose ratio is the mean of what is defined: `sequence 2` of `sequence query`."""
    known = np.isfinite(value)
    return np.stack([np.where(known, value, 0.0).mean(axis=1), known.mean(axis=1)], axis=-1)


def _ratios_difference(means: np.ndarray) -> np.ndarray:
    return ratio(means[..., :2]) - ratio(means[..., 2:])


def centred_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks over the last axis minus their mean; ties share their mean rank."""
    # pandas' ranks are scipy's, without the import of scipy.stats, which takes half as long as that of torch.
    ranks = pd.DataFrame(values.reshape(-1, values.shape[-1])).rank(axis=1).to_numpy().reshape(values.shape)
    return ranks - ranks.mean(axis=-1, keepdims=True)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation over the last axis, in [−1, 1], from `centred_ranks`; NaN if undefined."""
    with np.errstate(invalid="ignore"):
        return (a * b).sum(axis=-1) / np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))


def residual(ranks: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """What is left of centred ranks, `sequence key`, after least squares on those of controls, `control key`.

    The `rank_correlation` of two residuals is the partial one. Where nothing but rounding is left it is 0.
    """
    _, sizes, directions = np.linalg.svd(controls, full_matrices=False)
    directions = directions[sizes**2 > ROUNDING * (sizes**2).sum()]  # controls may agree
    left = ranks - (ranks @ directions.T) @ directions
    squares = [(values**2).sum(axis=-1, keepdims=True) for values in (left, ranks)]
    return np.where(squares[0] > ROUNDING * squares[1], left, 0.0)


def _attention_statistics(pattern: np.ndarray, positions: range) -> dict[str, np.ndarray]:
    queries = np.array(positions)
    logs = np.log(pattern, out=np.zeros_like(pattern), where=pattern > 0)  # p log p → 0 at p = 0
    return {
        "attention_to_self": pattern[:, queries, queries],
        "attention_to_previous": pattern[:, queries, queries - 1],
        "attention_to_first": pattern[:, queries, 0],
        "attention_entropy": -(pattern * logs).sum(axis=-1)[:, queries],
    }


def mean_attention(model: Transformer, cache: ActivationCache) -> pd.DataFrame:
    """Mean attention pattern of every head: the `attention` table from `layer` on, for keys up to the query."""
    rows = []
    for head in model.heads():
        mean = cache.attention[head.layer][:, head.head].double().mean(dim=0)  # query key
        for query in range(mean.shape[0]):
            for key in range(query + 1):
                rows.append({"layer": head.layer, "head": head.head, "query": query, "key": key})
                rows[-1]["value"] = float(mean[query, key])
    return pd.DataFrame(rows)
