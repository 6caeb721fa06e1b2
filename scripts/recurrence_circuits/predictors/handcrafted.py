"""Handcrafted transformers: small attention-only models, with weights set by hand, that copy and then subtract.

They are instances of `Transformer`, without MLPs and norms, for the affine recurrence. Layer 0 copies x_n as the
estimate. Two of them subtract in the same layer, with weights that depend on the position alone. In the others, later
layers give feedback: each finds in the context a part of REST, what the estimate does not account for yet. It subtracts
this part from REST, and adds what followed it in the context to the estimate. docs/theory.md says how far this goes,
and why.

The residual stream has one coordinate per position (one-hot, from the position embedding), and then

    TERM      x_n, from the embedding
    ESTIMATE  of x_{n+1}; the readout reads it
    REST      what the estimate does not account for; D_n = x_n − x_{n−1} after layer 0
    BEFORE    D_{n−1} } two successive differences; both 0 at n < 2,
    AFTER     D_n     } where there are not two

At n ≥ 2, AFTER = a BEFORE and x_{n+1} = ESTIMATE + a REST. Every layer of feedback preserves this, whatever it attends
to.
"""

import math

import torch
from torch import Tensor

from recurrence_circuits.config.model import ModelSettings
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.predictors import linear
from recurrence_circuits.tasks.affine import Affine

TERM, ESTIMATE, REST, BEFORE, AFTER = range(5)  # coordinates, counted from context_length on
USUAL = Affine()  # a, b and x_0 in their default ranges
N_HEADS = 4
SHARP = 100.0  # how far the score of an attended position is above the others: exp(−100) is 0 beside 1 in float32

# Content feedback: sharpness and gain of each layer, by number of layers. Nelder–Mead found them jointly, for the least
# mean error at n ≥ 2 on 4000 sequences of 16 terms in the default ranges; they are rounded to two digits.
CONTENT = {
    1: ((1.3, 0.38),),
    2: ((2.9, 0.47), (1.1, 0.25)),
    3: ((18.0, 0.47), (7.0, 0.24), (1.8, 0.16)),
}


def fixed_feedback(context_length: int, noise: float = 0.0, first: int = 2, task: Affine = USUAL) -> Transformer:
    """One layer: the best fixed combination of x_n, x_{n−1} and the context's mean, at positions ≥ first."""
    model = _blank(context_length, n_layers=1)
    last, previous, mean = linear.fixed_coefficients(task.second_moments(context_length + 1, noise), first)
    positions = torch.arange(context_length)
    _copy_from(model, 0, positions, {ESTIMATE: last})
    _copy_from(model, 1, (positions - 1).clamp(min=0), {ESTIMATE: previous})
    _write(model, 0, 2, TERM, {ESTIMATE: mean})  # scores 0: attends evenly
    return model


def positional_feedback(context_length: int, noise: float = 0.0, task: Affine = USUAL) -> Transformer:
    """One layer that attends by position alone: x_n + Σ_k w_{nk} D_k with the best weights at every position.

    One head copies x_n. Attention cannot be negative, so one head takes the terms with positive weights and another
    those with negative ones. Their remaining attention goes to x_0. Its weight then comes out right, since the weights
    of Σ_k w_{nk} D_k on terms add up to 0.
    """
    model = _blank(context_length, n_layers=1)
    _copy_from(model, 0, torch.arange(context_length), {ESTIMATE: 1})
    weights = torch.from_numpy(linear.best_linear_in_differences(task.second_moments(context_length + 1, noise)))
    weights[:, :-1] -= weights[:, 1:].clone()  # on terms: x_k is in D_k and, with the other sign, in D_{k+1}
    scale = max(1.0, float(weights[:, 1:].abs().sum(dim=1).max()))
    for head, sign in ((1, 1), (2, -1)):
        attention = (sign * weights).clamp(min=0) / scale
        attention[:, 0] = 1 - attention[:, 1:].sum(dim=1)
        _attend_by_position(model, 0, head, attention.clamp(min=math.exp(-SHARP)).log().float())
        _write(model, 0, head, TERM, {ESTIMATE: sign * scale})
    return model


def content_feedback(context_length: int, n_layers: int) -> Transformer:
    """Copying, then n_layers (1 to 3) layers of feedback that attend to differences like REST.

    Two heads per layer score the position of each BEFORE by ± sharpness × REST × BEFORE; the layer writes their
    difference, times a gain. Raises ValueError for another number of layers.
    """
    if n_layers not in CONTENT:
        raise ValueError(f"layers of content feedback: expected one of {list(CONTENT)}, found {n_layers}")
    model = _copying(context_length, 1 + n_layers)
    for layer, (sharpness, gain) in enumerate(CONTENT[n_layers], start=1):
        for head, sign in enumerate((1, -1)):
            attention = model.blocks[layer].attention
            attention.W_Q[head, context_length + REST, 0] = sign * sharpness * context_length**0.5
            attention.W_K[head, context_length + BEFORE, 0] = 1.0
            _write(model, layer, head, BEFORE, {REST: -sign * gain})
            _write(model, layer, head, AFTER, {ESTIMATE: sign * gain})
    return model


def handcrafted_models(context_length: int, noise: float, task: Affine = USUAL) -> dict[str, Transformer]:
    """Every handcrafted transformer by name, for contexts of context_length terms of the task."""
    content = {f"content_{n}": content_feedback(context_length, n) for n in CONTENT}
    return {
        "fixed": fixed_feedback(context_length, noise, task=task),
        "positional": positional_feedback(context_length, noise, task),
    } | content


def _blank(context_length: int, n_layers: int) -> Transformer:
    """A transformer whose weights are all 0 except the embeddings and the readout."""
    settings = ModelSettings(
        n_layers=n_layers, n_heads=N_HEADS, d_model=N_HEADS * context_length, d_mlp=1,
        attention_only=True, norm="none",
    )  # fmt: skip
    model = Transformer(settings, context_length, 1, torch.Generator()).eval().requires_grad_(False)
    for weight in model.parameters():
        weight.zero_()
    model.W_E[0, context_length + TERM] = 1.0
    model.W_pos[:, :context_length] = torch.eye(context_length)
    model.W_readout[context_length + ESTIMATE, 0] = 1.0
    return model


def _copying(context_length: int, n_layers: int) -> Transformer:
    """A transformer whose layer 0 writes the estimate x_n, and the differences as signed copies of terms."""
    model, positions = _blank(context_length, n_layers), torch.arange(context_length)
    pairless = positions < 2
    _copy_from(model, 0, positions, {ESTIMATE: 1, REST: 1, AFTER: 1})
    _copy_from(model, 1, (positions - 1).clamp(min=0), {REST: -1})
    # At n < 2 these two attend to x_n itself, so that both differences of the pair are 0.
    _copy_from(model, 2, torch.where(pairless, positions, positions - 1), {AFTER: -1, BEFORE: 1})
    _copy_from(model, 3, torch.where(pairless, positions, positions - 2), {BEFORE: -1})
    return model


def _copy_from(model: Transformer, head: int, position: Tensor, gains: dict[int, float]) -> None:
    """Make a head of layer 0 attend to `position`, one per query, and write the term there, times gains."""
    context_length = model.context_length
    _attend_by_position(model, 0, head, SHARP * torch.eye(context_length)[position])
    _write(model, 0, head, TERM, gains)


def _attend_by_position(model: Transformer, layer: int, head: int, scores: Tensor) -> None:
    """Make a head's attention the softmax of scores, `query key`, independent of the terms."""
    context_length, attention = model.context_length, model.blocks[layer].attention
    attention.W_Q[head, :context_length] = (
        scores * context_length**0.5
    )  # attention divides scores by √d_head, and d_head = context_length
    attention.W_K[head, :context_length] = torch.eye(context_length)


def _write(model: Transformer, layer: int, head: int, source: int, gains: dict[int, float]) -> None:
    """Make a head read the coordinate `source` where it attends, and add it, times gains, to other coordinates."""
    context_length, attention = model.context_length, model.blocks[layer].attention
    lane = int(source == AFTER)  # of d_head: a head may read both BEFORE and AFTER
    attention.W_V[head, context_length + source, lane] = 1.0
    for target, gain in gains.items():
        attention.W_O[head, lane, context_length + target] = gain
