"""What the weights alone say: the OV and QK circuits of each head, and how heads of different layers compose.

After Elhage et al., "A Mathematical Framework for Transformer Circuits" (2021), with rows for vectors: a head moves
x W_V W_O and scores a query against a key by x W_Q W_Kᵀ xᵀ / √d_head. LayerNorm is taken into W_Q, W_K and W_V as
the linear map that it is at its mean scale (see linear_norm); data enters nowhere else. Products of d_model × d_model
are never formed: their norms, eigenvalues and singular values are those of d_head × d_head ones.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.linear_norm import fold, mean_scale, readout_directions
from recurrence_circuits.model import Component, Trace, Transformer

INPUTS = ("query", "key", "value")


@dataclass
class Circuit:
    """The factors of one head, LayerNorm taken in, float64."""

    W_Q: Tensor  # d_model d_head, with 1/√d_head
    W_K: Tensor  # d_model d_head
    W_V: Tensor  # d_model d_head
    W_O: Tensor  # d_head d_model
    query_bias: Tensor  # d_head: the query of a stream of zeros, with 1/√d_head
    key_bias: Tensor  # d_head


def head_circuits(model: Transformer, trace: Trace, first: int) -> dict[Component, Circuit]:
    """The circuits of every head; the LayerNorm's scale is its mean over sequences and positions ≥ first."""
    circuits = {}
    for layer, block in enumerate(model.blocks):
        norm, a = block.attention_norm, block.attention
        scale, root = mean_scale(norm, trace.residual[layer][:, first:]), a.W_Q.shape[-1] ** -0.5
        W_Q, W_K, W_V = (fold(norm, W, scale) for W in (a.W_Q, a.W_K, a.W_V))
        constant = norm.bias if model.settings.layer_norm else torch.zeros_like(a.b_O)
        query_bias, key_bias = ((constant @ W + b).double() for W, b in ((a.W_Q, a.b_Q), (a.W_K, a.b_K)))
        for head in range(model.settings.n_heads):
            circuits[Component("head", layer, head)] = Circuit(
                W_Q=root * W_Q[head], W_K=W_K[head], W_V=W_V[head], W_O=a.W_O[head].double(),
                query_bias=root * query_bias[head, 0], key_bias=key_bias[head, 0],
            )  # fmt: skip
    return circuits


def measure_circuits(model: Transformer, trace: Trace, first: int) -> pd.DataFrame:
    """Each head's circuits in numbers: the `circuits` table from `layer` on.

    ov_gain           embedding → W_V W_O → readout, both LayerNorms at their mean scale: by how much the prediction
                      rises for each unit by which the term attended to rises, at attention 1. Signed, unit-free; for
                      vector tasks the mean of the diagonal. By this path alone: what other components make of the
                      term before the head reads it is not in it.
    ov_estimate_gain  the readout's own direction → W_V W_O → readout: what the head adds to the estimate for each unit
                      of it that the stream attended to carries, both along the readout direction. Signed, unit-free.
    ov_copying_score  Re Σλ / Σ|λ| over the eigenvalues λ of W_V W_O, in [−1, 1]: 1 copies what it reads, −1 negates it.
    qk_gain           embedding → W_Q W_Kᵀ ← embedding: what the score gains for each unit of x_query × x_key. Units of
                      1/x²; for vector tasks the mean of the diagonal. Above 0 a head attends to terms like its own.
    qk_matching_score Re Σλ / Σ|λ| over the eigenvalues of W_Q W_Kᵀ, in [−1, 1]: above 0 it attends to like streams.
    qk_largest        largest singular value of W_Q W_Kᵀ / √d_head: in scores for unit streams
    qk_stable_rank    Σσ² / max σ² of its singular values, from 1 to d_head: of how many directions scores are made
    A score of a product that is zero is undefined and has no row.
    """
    scale = mean_scale(model.final_norm, trace.residual[-1][:, first:])
    embedding, readout = model.W_E.double(), fold(model.final_norm, model.W_readout, scale)
    direction, _ = readout_directions(model)
    rows = []
    for head, c in head_circuits(model, trace, first).items():
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

    right @ left has the same eigenvalues but for zeros.
    """
    product = right @ left  # d_head d_head
    size = torch.linalg.eigvals(product).abs().sum()
    # Rounding alone gives a nilpotent product eigenvalues, of up to about the square root of float64's precision.
    return product.trace() / torch.where(size > 1e-6 * left.norm() * right.norm(), size, torch.nan)


def triangle(factor: Tensor) -> Tensor:
    """R of the QR decomposition of a factor, `d_model d_head`: in a norm it stands for the factor, d_head × d_head."""
    return torch.linalg.qr(factor).R


def singular_values(left: Tensor, right: Tensor) -> Tensor:
    """Singular values of left @ rightᵀ, both `d_model d_head`, the greatest first: `d_head`."""
    return torch.linalg.svdvals(triangle(left) @ triangle(right).T)


def measure_composition(model: Transformer, trace: Trace, first: int) -> pd.DataFrame:
    """How much each head reads of what each head of an earlier layer writes: the `composition` table from `layer` on.

    ‖M N‖ / (‖M‖ ‖N‖) in Frobenius norms, in [0, 1], with M = W_V W_O of the earlier head and N the later head's
    W_Q W_Kᵀ (input query), W_K W_Qᵀ (key) or W_V W_O (value). Two random circuits have one of about 1/√d_model: the
    untrained control shows it. A head whose circuit is zero has no row.
    """
    circuits, rows = head_circuits(model, trace, first), []
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


def qk_factors(model: Transformer, trace: Trace, first: int) -> dict[str, np.ndarray]:
    """The QK circuits as factors, each `layer head …`, float32: (x_q query + query_bias) · (x_k key + key_bias) is the
    score of streams x_q and x_k, exactly so without LayerNorm. With them the singular values of query @ keyᵀ.
    """
    circuits = head_circuits(model, trace, first).values()
    stacks = {
        "query": [c.W_Q for c in circuits],
        "key": [c.W_K for c in circuits],
        "query_bias": [c.query_bias for c in circuits],
        "key_bias": [c.key_bias for c in circuits],
        "singular_values": [singular_values(c.W_Q, c.W_K) for c in circuits],
    }
    shape = model.settings.n_layers, model.settings.n_heads
    return {name: torch.stack(parts).unflatten(0, shape).float().numpy() for name, parts in stacks.items()}
