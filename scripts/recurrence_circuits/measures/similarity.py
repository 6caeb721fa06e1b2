"""What heads write, at the determined positions of the test sequences."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.attribution import direct_contributions
from recurrence_circuits.measures.bootstrap import Bootstrap, Measured
from recurrence_circuits.measures.statistics import correlation, moments, slope
from recurrence_circuits.model.norms import readout_directions
from recurrence_circuits.model.passes import BATCH
from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer

POSITION_AND_COORDINATE = (1, 2)


def contributions_by_component(model: Transformer, cache: ActivationCache) -> dict[Component, np.ndarray]:
    """Direct contributions, each `sequence position dimension`; each layer's attention as a whole is included."""
    parts = {c: value.double().cpu().numpy() for c, value in direct_contributions(model, cache).items()}
    for layer in range(model.settings.n_layers):
        heads = [value for c, value in parts.items() if c.kind == "head" and c.layer == layer]
        parts[Component("attention", layer)] = np.sum(heads, axis=0)
    return parts


def contribution_similarity(
    parts: dict[Component, np.ndarray], prediction: Tensor, sequences: Tensor, first: int, bootstrap: Bootstrap
) -> pd.DataFrame:
    """How the direct contribution of each component is related to the terms of the sequence.

    parts are `sequence position dimension`, sequences is one term longer; first is the first determined position.
    Everything is pooled over sequences, positions and coordinates:

    correlation_with_last, …_target, …_prediction    Pearson correlation, in [−1, 1], with the last term x_n, with the
                   target x_{n+1} and with the model's own prediction; undefined, with no row, if one side is constant
    slope_on_last  least-squares slope on x_n, the copy coefficient, unit-free
    mean_square    in units of x²
    """
    references = {"last": sequences[:, :-1], "target": sequences[:, 1:], "prediction": prediction}
    references = {name: value[:, first:].double().cpu().numpy() for name, value in references.items()}
    shown = {component: part[:, first:] for component, part in parts.items()}
    frames = []
    for name, reference in references.items():
        pairs = {component: moments(reference, part, POSITION_AND_COORDINATE) for component, part in shown.items()}
        frames.append(bootstrap.rows(labelled(pairs, f"correlation_with_{name}"), correlation))
        if name == "last":
            frames.append(bootstrap.rows(labelled(pairs, "slope_on_last"), slope))
    squares = {component: (part**2).mean(axis=POSITION_AND_COORDINATE) for component, part in shown.items()}
    frames.append(bootstrap.rows(labelled(squares, "mean_square")))
    return pd.concat(frames).sort_index(kind="stable").dropna(subset=["value"])  # component by component


def output_similarity(model: Transformer, cache: ActivationCache, first: int, bootstrap: Bootstrap) -> pd.DataFrame:
    """Mean cosine, in [−1, 1], of each head's output with the readout direction and with the stream before its layer.

    The readout directions are those of `readout_directions`; for vector tasks, the mean over coordinates. The cosine
    of a zero vector is undefined: such a head has no row.
    """
    directions, _ = readout_directions(model)  # dimension d_model
    measured = []
    for head in model.heads():
        output = cache.head_output[head.layer][:, head.head, first:].double()  # sequence position d_model
        with_readout = cosine(output[..., None, :], directions).mean(dim=-1)
        with_residual = cosine(output, cache.residual[head.layer][:, first:].double())
        for name, value in (("readout", with_readout), ("residual", with_residual)):
            measured += labelled({head: value.mean(dim=1).cpu().numpy()}, f"cosine_with_{name}")
    return bootstrap.rows(measured).dropna(subset=["value"])


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Cosine of the angle between vectors on the last axis, in [−1, 1]; NaN if either is zero."""
    return (a * b).sum(dim=-1) / (a.norm(dim=-1) * b.norm(dim=-1))


def head_cosines(model: Transformer, cache: ActivationCache, first: int) -> pd.DataFrame:
    """Mean cosine between the outputs of two heads: the `cosines` table from `layer` on, without undefined pairs."""
    heads = model.heads()
    totals = []
    for layers in zip(*(output.split(BATCH) for output in cache.head_output), strict=True):
        outputs = torch.cat(layers, dim=1)[:, :, first:].double()  # batch head position d_model
        unit = (outputs / outputs.norm(dim=-1, keepdim=True)).transpose(0, 1).flatten(1)
        totals.append(unit @ unit.T)
    n_sequences, n_positions, _ = cache.prediction[:, first:].shape
    matrix = torch.stack(totals).sum(dim=0) / (n_sequences * n_positions)  # head head
    rows = [
        {"layer": a.layer, "head": a.head, "other_layer": b.layer, "other_head": b.head, "value": float(matrix[i, j])}
        for i, a in enumerate(heads)
        for j, b in enumerate(heads)
    ]
    return pd.DataFrame(rows).dropna(subset=["value"])


def contribution_sample(
    parts: dict[Component, np.ndarray], sequences: Tensor, first: int, n_shown: int
) -> pd.DataFrame:
    """Single direct contributions of every head, for the figure: one per sequence, for the first n_shown sequences.

    Sequences take the determined positions in turn. Returns the `attribution` table from `layer` on.
    """
    values = sequences[:n_shown].double().cpu().numpy()
    n_sequences, n_positions = len(values), values.shape[1] - 1
    sequence = np.arange(n_sequences)
    position = first + sequence % (n_positions - first)
    frames = [
        pd.DataFrame(
            {
                "layer": head.layer, "head": head.head, "sequence": sequence, "position": position,
                "coordinate": coordinate, "term": values[sequence, position, coordinate],
                "next_term": values[sequence, position + 1, coordinate],
                "contribution": part[sequence, position, coordinate],
            }
        )
        for head, part in parts.items() if head.kind == "head"
        for coordinate in range(values.shape[2])
    ]  # fmt: skip
    return pd.concat(frames)


def labelled(values: dict[Component, np.ndarray], measure: str) -> Measured:
    """Values by component, with their columns of the `similarity` table."""
    return [
        ({"component": c.kind, "layer": c.layer, "head": c.head, "measure": measure}, value)
        for c, value in values.items()
    ]
