"""LayerNorm as a linear map: at a fixed scale it can be taken into the weights that read it."""

import torch
from torch import Tensor, nn

from recurrence_circuits.model import Transformer


def mean_scale(norm: nn.Module, streams: Tensor) -> float:
    """Mean of 1/standard deviation, the factor a LayerNorm applies, over streams `… d_model`; 1 without LayerNorm."""
    if not isinstance(norm, nn.LayerNorm):
        return 1.0
    return float((streams.double().var(dim=-1, unbiased=False) + norm.eps).rsqrt().mean())


def fold(norm: nn.Module, W: Tensor, scale: float = 1.0) -> Tensor:
    """The matrix, `… d_model k`, float64, that does what a LayerNorm of this scale, without its bias, and W do in turn.

    x @ fold(norm, W, scale) is scale × (x − mean(x)) ⊙ weight @ W. Without LayerNorm it is W itself.
    """
    W = W.double()
    if not isinstance(norm, nn.LayerNorm):
        return W
    weighted = scale * norm.weight.double()[:, None] * W
    return weighted - weighted.mean(dim=-2, keepdim=True)


def readout_directions(model: Transformer) -> tuple[Tensor, Tensor]:
    """Along which direction of the final residual stream each coordinate of the prediction is read, and how strongly.

    Unit vectors, `dimension d_model`, and the lengths, `dimension`, that they had: what a unit step along them adds
    to the prediction at a final LayerNorm scale of 1. float64.
    """
    read = fold(model.final_norm, model.W_readout).T  # dimension d_model
    lengths = read.norm(dim=-1)
    if not (lengths > 0).all():
        raise ValueError(f"readout: expected a direction for each coordinate, found weights of lengths {lengths}")
    return torch.nn.functional.normalize(read, dim=-1), lengths
