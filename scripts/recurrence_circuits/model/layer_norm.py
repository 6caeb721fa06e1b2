"""LayerNorm as a linear map: at a fixed scale it can be folded into the weights that read it."""

import torch
from torch import Tensor, nn

from recurrence_circuits.model.transformer import Transformer


def mean_scale(norm: nn.Module, streams: Tensor) -> float:
    """Mean of 1/standard deviation, the factor a LayerNorm applies, over streams `… d_model`; 1 without LayerNorm."""
    if not isinstance(norm, nn.LayerNorm):
        return 1.0
    streams = streams.double()
    variance = (streams - streams.mean(dim=-1, keepdim=True)).square().mean(dim=-1)  # three times as fast as Tensor.var
    return float((variance + norm.eps).rsqrt().mean())


def fold(norm: nn.Module, W: Tensor, scale: float = 1.0) -> Tensor:
    """Fold a LayerNorm at this scale, without its bias, into the weights W, `… d_model k`: same shape, float64.

    x @ fold(norm, W, scale) is scale × ((x − mean(x)) ⊙ weight) @ W. Without LayerNorm it is W itself.
    """
    W = W.double()
    if not isinstance(norm, nn.LayerNorm):
        return W
    weighted = scale * norm.weight.double()[:, None] * W
    return weighted - weighted.mean(dim=-2, keepdim=True)


def readout_directions(model: Transformer) -> tuple[Tensor, Tensor]:
    """The direction of the final residual stream along which each coordinate of the prediction is read.

    Returns unit vectors, `dimension d_model`, and lengths, `dimension`: what a unit step along each adds to the
    prediction if the final LayerNorm has scale 1. float64. Raises ValueError if a length is 0.
    """
    read = fold(model.final_norm, model.W_readout).T  # dimension d_model
    lengths = read.norm(dim=-1)
    if not (lengths > 0).all():
        raise ValueError(f"readout: expected a direction for each coordinate, found weights of lengths {lengths}")
    return torch.nn.functional.normalize(read, dim=-1), lengths
