"""Small attention-only transformers with hand-made weights that copy and then subtract.

They are the project's own `Transformer`, without MLPs and LayerNorm, for the affine recurrence. Layer 0 copies x_n
as the estimate. Two of them subtract in the same layer, by weights that depend on the position alone. In the others,
later layers are feedback: each subtracts, from what the estimate does not yet account for, what the context carries of
it, and adds to the estimate what came after that in the context. How far this goes, and why, is in docs/theory.md.

The residual stream: one coordinate for each position (one-hot, from the position embedding), then

    TERM      x_n, from the embedding
    ESTIMATE  of x_{n+1}; the readout reads it
    REST      what the estimate does not account for yet; D_n = x_n − x_{n−1} after layer 0
    BEFORE    D_{n−1} } a pair of neighbouring differences: one successor each. Both 0 at n < 2,
    AFTER     D_n     } where there is no pair

Always AFTER = a BEFORE, hence x_{n+1} = ESTIMATE + a REST, at n ≥ 2, before and after every layer of feedback, whatever
its attention.
"""

import math

import torch
from torch import Tensor

from recurrence_circuits import linear
from recurrence_circuits.model import Transformer
from recurrence_circuits.settings import ModelSettings

TERM, ESTIMATE, REST, BEFORE, AFTER = range(5)  # counted from n_terms on
N_HEADS = 4
SHARP = 100.0  # score of an attended position over all others: exp(−100) is 0 beside 1 in float32

# Content feedback: sharpness and gain of each layer, by number of layers. Found together by Nelder–Mead on 4000
# sequences of 16 terms for least mean error at n ≥ 2, then rounded to two digits.
CONTENT = {
    1: ((1.3, 0.38),),
    2: ((2.9, 0.47), (1.1, 0.25)),
    3: ((18.0, 0.47), (7.0, 0.24), (1.8, 0.16)),
}


def fixed_feedback(n_terms: int, noise: float = 0.0, first: int = 2) -> Transformer:
    """One layer: the best fixed combination of x_n, x_{n−1} and the context's mean over the positions ≥ first."""
    model = _blank(n_terms, n_layers=1)
    last, previous, mean = linear.fixed_coefficients(n_terms, noise, first)
    positions = torch.arange(n_terms)
    _copy_from(model, 0, positions, {ESTIMATE: last})
    _copy_from(model, 1, (positions - 1).clamp(min=0), {ESTIMATE: previous})
    _write(model, 0, 2, TERM, {ESTIMATE: mean})  # scores 0: attends evenly
    return model


def positional_feedback(n_terms: int, noise: float = 0.0) -> Transformer:
    """One layer that looks at positions only: x_n + Σ_k w_{nk} D_k with the best weights at every position.

    One head copies x_n. Attention cannot be negative, so one head has the terms with positive weights and one those
    with negative; what is left of their attention goes to x_0, whose weight then comes out right, as the weights on
    terms of Σ_k w_{nk} D_k add up to 0.
    """
    model = _blank(n_terms, n_layers=1)
    _copy_from(model, 0, torch.arange(n_terms), {ESTIMATE: 1})
    weights = torch.from_numpy(linear.best_linear_in_differences(n_terms, noise))
    weights[:, :-1] -= weights[:, 1:].clone()  # on terms: x_k is in D_k and, with the other sign, in D_{k+1}
    scale = max(1.0, float(weights[:, 1:].abs().sum(dim=1).max()))
    for head, sign in ((1, 1), (2, -1)):
        attention = (sign * weights).clamp(min=0) / scale
        attention[:, 0] = 1 - attention[:, 1:].sum(dim=1)
        _attend_by_position(model, 0, head, attention.clamp(min=math.exp(-SHARP)).log().float())
        _write(model, 0, head, TERM, {ESTIMATE: sign * scale})
    return model


def content_feedback(n_terms: int, n_layers: int) -> Transformer:
    """Copying, then n_layers (1 to 3) layers of feedback whose attention goes by likeness to REST.

    Two heads a layer score the pair of each position by ± sharpness × REST × BEFORE and are subtracted from each
    other. Raises ValueError for another number of layers.
    """
    if n_layers not in CONTENT:
        raise ValueError(f"layers of content feedback: expected one of {list(CONTENT)}, found {n_layers}")
    model = _copying(n_terms, 1 + n_layers)
    for layer, (sharpness, gain) in enumerate(CONTENT[n_layers], start=1):
        for head, sign in enumerate((1, -1)):
            attention = model.blocks[layer].attention
            attention.W_Q[head, n_terms + REST, 0] = sign * sharpness * n_terms**0.5
            attention.W_K[head, n_terms + BEFORE, 0] = 1.0
            _write(model, layer, head, BEFORE, {REST: -sign * gain})
            _write(model, layer, head, AFTER, {ESTIMATE: sign * gain})
    return model


def constructions(n_terms: int, noise: float) -> dict[str, Transformer]:
    """Every hand-made transformer by name, for sequences of n_terms terms of context."""
    content = {f"content_{n}": content_feedback(n_terms, n) for n in CONTENT}
    return {"fixed": fixed_feedback(n_terms, noise), "positional": positional_feedback(n_terms, noise)} | content


def _blank(n_terms: int, n_layers: int) -> Transformer:
    """All weights 0 but the embeddings and the readout."""
    settings = ModelSettings(
        n_terms=n_terms, n_layers=n_layers, n_heads=N_HEADS, d_model=N_HEADS * n_terms, d_mlp=1,
        attention_only=True, layer_norm=False,
    )  # fmt: skip
    model = Transformer(settings, 1, torch.Generator()).eval().requires_grad_(False)
    for weight in model.parameters():
        weight.zero_()
    model.W_E[0, n_terms + TERM] = 1.0
    model.W_pos[:, :n_terms] = torch.eye(n_terms)
    model.W_readout[n_terms + ESTIMATE, 0] = 1.0
    return model


def _copying(n_terms: int, n_layers: int) -> Transformer:
    """Layer 0: the estimate x_n, and the differences, made by copying terms with signs."""
    model, positions = _blank(n_terms, n_layers), torch.arange(n_terms)
    pairless = positions < 2
    _copy_from(model, 0, positions, {ESTIMATE: 1, REST: 1, AFTER: 1})
    _copy_from(model, 1, (positions - 1).clamp(min=0), {REST: -1})
    # At n < 2 these two attend to x_n itself, so that both differences of the pair are 0.
    _copy_from(model, 2, torch.where(pairless, positions, positions - 1), {AFTER: -1, BEFORE: 1})
    _copy_from(model, 3, torch.where(pairless, positions, positions - 2), {BEFORE: -1})
    return model


def _copy_from(model: Transformer, head: int, position: Tensor, gains: dict[int, float]) -> None:
    """Make a head of layer 0 attend to `position`, one for each query, and write the term there by `gains`."""
    n_terms = model.settings.n_terms
    _attend_by_position(model, 0, head, SHARP * torch.eye(n_terms)[position])
    _write(model, 0, head, TERM, gains)


def _attend_by_position(model: Transformer, layer: int, head: int, scores: Tensor) -> None:
    """Make a head's attention the softmax of scores, `query key`, whatever the terms are."""
    n_terms, attention = model.settings.n_terms, model.blocks[layer].attention
    attention.W_Q[head, :n_terms] = scores * n_terms**0.5  # d_head = n_terms: the scores are divided by its root
    attention.W_K[head, :n_terms] = torch.eye(n_terms)


def _write(model: Transformer, layer: int, head: int, source: int, gains: dict[int, float]) -> None:
    """Make a head read the coordinate `source` where it attends and write it, times a gain, to other coordinates."""
    n_terms, attention = model.settings.n_terms, model.blocks[layer].attention
    lane = int(source == AFTER)  # BEFORE and AFTER need one each
    attention.W_V[head, n_terms + source, lane] = 1.0
    for target, gain in gains.items():
        attention.W_O[head, lane, n_terms + target] = gain
