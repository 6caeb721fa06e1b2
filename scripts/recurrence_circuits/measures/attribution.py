"""Direct attribution: what each component adds to the prediction by itself, its direct contribution."""

from collections.abc import Callable

import torch
from torch import Tensor

from recurrence_circuits.model.norms import fold, readout_bias, scales
from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer

TOLERANCE = 1e-3  # times the size of the prediction: rounding of float32 sums over some twenty components


def direct_contributions(model: Transformer, cache: ActivationCache) -> dict[Component, Tensor]:
    """The direct contribution of every component, each `batch position dimension`, in units of x.

    A component's output goes through the final norm, with its scale frozen at the value for the whole residual
    stream, and through the readout. Components: the embedding, the position embedding if there is one, every head,
    every MLP, and `bias` (all attention biases b_O, the bias of the final LayerNorm and that of the readout).
    They add up to the prediction. Raises ArithmeticError if they do not.

    A direct contribution is not an effect: a component also acts through later layers, as ablation shows.
    """
    read = frozen_readout(model, cache)
    contributions = {Component("embedding"): read(cache.embedding)}
    if model.settings.position_embedding:
        contributions[Component("position")] = read(cache.position_embedding.expand_as(cache.embedding))
    for layer, heads in enumerate(cache.head_output):
        of_heads = read(heads)  # batch head position dimension
        contributions |= {Component("head", layer, head): of_heads[:, head] for head in range(heads.shape[1])}
    for layer, output in enumerate(cache.mlp_output):
        contributions[Component("mlp", layer)] = read(output)
    attention_bias = sum(block.attention.b_O for block in model.blocks)
    contributions[Component("bias")] = read(attention_bias.expand_as(cache.embedding)) + readout_bias(model)
    _require_sum(contributions, cache.prediction)
    return contributions


def frozen_readout(model: Transformer, cache: ActivationCache) -> Callable[[Tensor], Tensor]:
    """The map of an output, `batch position d_model`, to the prediction: frozen final norm, readout, no biases.

    It is linear, and returns `batch position dimension`. It maps all heads of a layer at once, too: their axis is kept.
    """
    W = fold(model.final_norm, model.W_readout).to(cache.prediction.dtype)  # d_model dimension
    scale = scales(model.final_norm, cache.residual[-1])  # batch position 1
    return lambda output: (output @ W) * (scale if output.ndim == 3 else scale[:, None])


def _require_sum(contributions: dict[Component, Tensor], prediction: Tensor) -> None:
    total = torch.stack(list(contributions.values())).sum(dim=0)
    error, size = (total - prediction).abs().max(), prediction.square().mean().sqrt() + prediction.abs().max()
    if not error <= TOLERANCE * size:
        raise ArithmeticError(
            f"direct contributions: expected their sum to be the prediction, found a difference of {error:.3g} "
            f"where predictions are up to {size:.3g}"
        )
