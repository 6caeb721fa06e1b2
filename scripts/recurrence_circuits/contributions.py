"""Direct contributions: what each component adds to the prediction, by itself."""

import torch
from torch import Tensor

from recurrence_circuits.model import Component, Trace, Transformer

TOLERANCE = 1e-3  # of the prediction's root mean square; float32 sums over some twenty components


def direct_contributions(model: Transformer, trace: Trace) -> dict[Component, Tensor]:
    """The direct contribution of every component, each `batch position dimension`, in units of x.

    A component's output is put through the final LayerNorm with the scale that the whole residual stream
    gave it (frozen), then through the readout. Components: the embedding, the position embedding, every head,
    every MLP, and `bias` (all attention biases b_O, the LayerNorm's and the readout's own). They add up to
    the prediction; Raises ArithmeticError if they do not.
    Not an effect: a component also acts through the layers after it, which ablation shows.
    """
    outputs = {Component("embedding"): trace.embedding}
    outputs[Component("position")] = trace.position_embedding.expand_as(trace.embedding)
    for component in model.heads():
        outputs[component] = trace.head_output[component.layer][:, component.head]
    for layer, output in enumerate(trace.mlp_output):
        outputs[Component("mlp", layer)] = output
    attention_bias = sum(block.attention.b_O for block in model.blocks)
    outputs[Component("bias")] = attention_bias.expand_as(trace.embedding)

    contributions = {component: frozen_readout(model, trace, output) for component, output in outputs.items()}
    constant = model.b_readout
    if model.settings.layer_norm:
        constant = constant + model.final_norm.bias @ model.W_readout
    contributions[Component("bias")] = contributions[Component("bias")] + constant
    _require_sum(contributions, trace.prediction)
    return contributions


def frozen_readout(model: Transformer, trace: Trace, output: Tensor) -> Tensor:
    """An output, `batch position d_model`, through the final LayerNorm's frozen scale and the readout, without biases.

    Linear in `output`. Returns `batch position dimension`.
    """
    if not model.settings.layer_norm:
        return output @ model.W_readout
    norm, final = model.final_norm, trace.residual[-1]
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
