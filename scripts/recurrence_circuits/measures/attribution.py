"""Direct attribution: what each component adds to the prediction by itself, its direct contribution."""

import torch
from torch import Tensor

from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer

TOLERANCE = 1e-3  # times the size of the prediction: rounding of float32 sums over some twenty components


def direct_contributions(model: Transformer, cache: ActivationCache) -> dict[Component, Tensor]:
    """The direct contribution of every component, each `batch position dimension`, in units of x.

    A component's output goes through the final LayerNorm, with its scale frozen at the value for the whole residual
    stream, and through the readout. Components: the embedding, the position embedding, every head, every MLP, and
    `bias` (all attention biases b_O, the bias of the final LayerNorm and that of the readout).
    They add up to the prediction. Raises ArithmeticError if they do not.

    A direct contribution is not an effect: a component also acts through later layers, as ablation shows.
    """
    outputs = {Component("embedding"): cache.embedding}
    outputs[Component("position")] = cache.position_embedding.expand_as(cache.embedding)
    for component in model.heads():
        outputs[component] = cache.head_output[component.layer][:, component.head]
    for layer, output in enumerate(cache.mlp_output):
        outputs[Component("mlp", layer)] = output
    attention_bias = sum(block.attention.b_O for block in model.blocks)
    outputs[Component("bias")] = attention_bias.expand_as(cache.embedding)

    contributions = {component: frozen_readout(model, cache, output) for component, output in outputs.items()}
    constant = model.b_readout
    if model.settings.layer_norm:
        constant = constant + model.final_norm.bias @ model.W_readout
    contributions[Component("bias")] = contributions[Component("bias")] + constant
    _require_sum(contributions, cache.prediction)
    return contributions


def frozen_readout(model: Transformer, cache: ActivationCache, output: Tensor) -> Tensor:
    """Map an output, `batch position d_model`, to the prediction: frozen final LayerNorm and readout, without biases.

    Linear in `output`. Returns `batch position dimension`.
    """
    if not model.settings.layer_norm:
        return output @ model.W_readout
    norm, final = model.final_norm, cache.residual[-1]
    scale = (final.var(dim=-1, keepdim=True, unbiased=False) + norm.eps).rsqrt()  # batch position 1
    centred = output - output.mean(dim=-1, keepdim=True)
    return (centred * scale * norm.weight) @ model.W_readout


def _require_sum(contributions: dict[Component, Tensor], prediction: Tensor) -> None:
    total = torch.stack(list(contributions.values())).sum(dim=0)
    error, size = (total - prediction).abs().max(), prediction.square().mean().sqrt() + prediction.abs().max()
    if not error <= TOLERANCE * size:
        raise ArithmeticError(
            f"direct contributions: expected their sum to be the prediction, found a difference of {error:.3g} "
            f"where predictions are up to {size:.3g}"
        )
