"""LayerNorm and RMSNorm as linear maps: at a fixed scale a norm can be folded into the weights that read it."""

import torch
from torch import Tensor, nn

from recurrence_circuits.model.transformer import Transformer


def centred(norm: nn.Module, streams: Tensor) -> Tensor:
    """What a norm scales, of streams `… d_model`: for LayerNorm the deviation from the mean, else all."""
    return streams - streams.mean(dim=-1, keepdim=True) if isinstance(norm, nn.LayerNorm) else streams


def scales(norm: nn.Module, streams: Tensor) -> Tensor:
    """The factor that a norm applies to each of the streams, `… d_model`: `… 1`; 1 without a norm.

    It is 1/√(variance + eps) for LayerNorm, 1/√(mean square + eps) for RMSNorm.
    """
    if isinstance(norm, nn.Identity):
        return torch.ones_like(streams[..., :1])
    # Three times as fast as Tensor.var.
    return (centred(norm, streams).square().mean(dim=-1, keepdim=True) + norm.eps).rsqrt()


def mean_scale(norm: nn.Module, streams: Tensor) -> float:
    """Mean of the factor that a norm applies, over streams `… d_model`; 1 without a norm."""
    return float(scales(norm, streams.double()).mean())


def fold(norm: nn.Module, W: Tensor, scale: float = 1.0) -> Tensor:
    """Fold a norm at this scale, without its bias, into the weights W, `… d_model k`: same shape, float64.

    x @ fold(norm, W, scale) is scale × (centred(norm, x) ⊙ weight) @ W. Without a norm it is W itself.
    """
    W = W.double()
    if isinstance(norm, nn.Identity):
        return W
    weighted = scale * norm.weight.double()[:, None] * W
    # Centring the stream is centring the columns of what reads it.
    return centred(norm, weighted.mT).mT


def readout_bias(model: Transformer) -> Tensor:
    """What the prediction has whatever the stream: the biases of the readout and of the final norm, `dimension`."""
    norm_bias = getattr(model.final_norm, "bias", None)  # only LayerNorm has one
    return model.b_readout if norm_bias is None else model.b_readout + norm_bias @ model.W_readout


def readout_directions(model: Transformer) -> tuple[Tensor, Tensor]:
    """The direction of the final residual stream along which each coordinate of the prediction is read.

    Returns unit vectors, `dimension d_model`, and lengths, `dimension`: what a unit step along each adds to the
    prediction if the final norm has scale 1. float64. Raises ValueError if a length is 0.
    """
    read = fold(model.final_norm, model.W_readout).T  # dimension d_model
    lengths = read.norm(dim=-1)
    if not (lengths > 0).all():
        raise ValueError(f"readout: expected a direction for each coordinate, found weights of lengths {lengths}")
    return torch.nn.functional.normalize(read, dim=-1), lengths
