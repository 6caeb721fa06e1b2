"""The OV and QK circuits of each head, and how heads of different layers compose, from the weights alone.

After Elhage et al., "A Mathematical Framework for Transformer Circuits" (2021), with vectors as rows: a head moves
x W_V W_O, and scores a query against a key by x_query W_Q W_Kᵀ x_keyᵀ / √d_head. The norm at its mean scale is a
linear map (see model/norms.py) and is folded into W_Q, W_K and W_V. Only that scale depends on data. The
d_model × d_model products are never formed: their norms, eigenvalues and singular values are those of d_head × d_head
matrices.
"""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.model.norms import fold, mean_scale, readout_directions
from recurrence_circuits.model.transformer import Component, Transformer

INPUTS = ("query", "key", "value")


@dataclass
class Circuit:
    """The factors of one head's circuits, the norm folded in, float64."""

    W_Q: Tensor  # d_model d_head, 1/√d_head included
    W_K: Tensor  # d_model d_head
    W_V: Tensor  # d_model d_head
    W_O: Tensor  # d_head d_model


def head_circuits(model: Transformer, streams: list[Tensor], first: int) -> dict[Component, Circuit]:
    """The circuits of every head. The norm's scale is its mean over sequences and positions ≥ first.

    streams are the residual streams before each layer and after the last, each `batch position d_model`.
    """
    circuits = {}
    for layer, block in enumerate(model.blocks):
        norm, a = block.attention_norm, block.attention
        scale, root = mean_scale(norm, streams[layer][:, first:]), a.W_Q.shape[-1] ** -0.5
        W_Q, W_K, W_V = (fold(norm, W, scale) for W in (a.W_Q, a.W_K, a.W_V))
        for head in range(model.settings.n_heads):
            circuits[Component("head", layer, head)] = Circuit(
                W_Q=root * W_Q[head], W_K=W_K[head], W_V=W_V[head], W_O=a.W_O[head].double()
            )
    return circuits


def measure_circuits(model: Transformer, streams: list[Tensor], first: int) -> pd.DataFrame:
    """Each head's circuits in numbers: the columns of the `circuits` table from `layer` on. measure is one of

    ov_gain           embedding → W_V W_O → readout, both norms at their mean scale: how much the prediction
                      rises per unit rise of the term attended to, at attention 1. Signed, unit-free; for vector
                      tasks the mean of the diagonal. This path alone: what other components make of the term
                      before the head reads it is left out.
    ov_estimate_gain  readout direction → W_V W_O → readout: what the head adds to the estimate per unit of estimate
                      in the stream attended to, both along the readout direction. Signed, unit-free; for vector
                      tasks the mean of the diagonal.
    ov_copying_score  Re Σλ / Σ|λ| over the eigenvalues λ of W_V W_O, in [−1, 1]: 1 copies what it reads, −1 negates it
    qk_gain           embedding → W_Q W_Kᵀ ← embedding: the score per unit of x_query × x_key, in units of 1/x²; for
                      vector tasks the mean of the diagonal. Above 0 a head attends to terms like the query's own.
    qk_matching_score Re Σλ / Σ|λ| over the eigenvalues of W_Q W_Kᵀ, in [−1, 1]. Above 0 a head attends to streams
                      like the query's own.
    qk_largest        largest singular value of W_Q W_Kᵀ / √d_head: the largest score between unit streams
    qk_stable_rank    Σσ² / max σ² of these singular values, from 1 to d_head: how many directions the scores use

    If a product is zero its score is undefined and has no row.
    """
    scale = mean_scale(model.final_norm, streams[-1][:, first:])
    embedding, readout = model.W_E.double(), fold(model.final_norm, model.W_readout, scale)
    direction, _ = readout_directions(model)
    rows = []
    for head, c in head_circuits(model, streams, first).items():
        singular = singular_values(c.W_Q, c.W_K)
        measures = {
            "ov_gain": ((embedding @ c.W_V) @ (c.W_O @ readout)).diagonal().mean(),
            "ov_estimate_gain": ((direction @ c.W_V) @ (c.W_O @ direction.T)).diagonal().mean(),
            "ov_copying_score": eigenvalue_score(c.W_V, c.W_O),
            "qk_gain": ((embedding @ c.W_Q) @ (embedding @ c.W_K).T).diagonal().mean(),
            "qk_matching_score": eigenvalue_score(c.W_Q, c.W_K.T),
            "qk_largest": singular[0],
            "qk_stable_rank": singular.square().sum() / singular[0].square(),
        }
        place = {"layer": head.layer, "head": head.head}
        rows += [{**place, "measure": name, "value": float(value)} for name, value in measures.items()]
    return pd.DataFrame(rows).dropna(subset=["value"])


def eigenvalue_score(left: Tensor, right: Tensor) -> Tensor:
    """Re Σλ / Σ|λ| of left @ right, `d_model d_head` and `d_head d_model`, in [−1, 1]; NaN if the product is nilpotent.

    Computed from right @ left, which has the same eigenvalues apart from zeros.
    """
    product = right @ left  # d_head d_head
    size = torch.linalg.eigvals(product).abs().sum()
    # By rounding, the eigenvalues of a nilpotent product reach about the square root of float64's precision.
    return product.trace() / torch.where(size > 1e-6 * left.norm() * right.norm(), size, torch.nan)


def triangle(factor: Tensor) -> Tensor:
    """R of the QR decomposition of a factor, `d_model d_head`: `d_head d_head`. In norms it can replace the factor."""
    return torch.linalg.qr(factor).R


def singular_values(left: Tensor, right: Tensor) -> Tensor:
    """Singular values of left @ rightᵀ, both `d_model d_head`; returns `d_head`, in descending order."""
    return torch.linalg.svdvals(triangle(left) @ triangle(right).T)


def measure_composition(model: Transformer, streams: list[Tensor], first: int) -> pd.DataFrame:
    """How much each head reads of what each head of an earlier layer writes: the `composition` table from `layer` on.

    value is ‖M N‖ / (‖M‖ ‖N‖) in Frobenius norms, in [0, 1]. M is W_V W_O of the earlier head, N the later head's
    W_Q W_Kᵀ (input `query`), W_K W_Qᵀ (`key`) or W_V W_O (`value`). Two random circuits score about 1/√d_model, as
    the untrained control shows. A head whose circuit is zero has no row.
    """
    circuits, rows = head_circuits(model, streams, first), []
    for head, c in circuits.items():
        written = triangle(c.W_V) @ c.W_O  # d_head d_model
        for other, d in circuits.items():
            if head.layer >= other.layer:
                continue
            sides = ((d.W_Q, triangle(d.W_K).T), (d.W_K, triangle(d.W_Q).T), (d.W_V, triangle(d.W_O.T).T))
            for name, (read, onward) in zip(INPUTS, sides, strict=True):
                score = (written @ read @ onward).norm() / (written.norm() * (triangle(read) @ onward).norm())
                rows.append((head.layer, head.head, other.layer, other.head, name, float(score)))
    columns = ["layer", "head", "other_layer", "other_head", "input", "value"]
    return pd.DataFrame(rows, columns=columns).dropna(subset=["value"])
