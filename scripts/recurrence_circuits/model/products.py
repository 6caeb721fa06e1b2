"""Wide matrix products, by oneDNN where that can.

oneDNN computes with AVX-512 on processors of every maker; MKL, which torch takes for products of float32, on Intel's
only. On an AMD EPYC this takes half the time. torch offers oneDNN for float32 as the operator that its compiled linear
layers call.
"""

import torch
from torch import Tensor


def linear(x: Tensor, W: Tensor, b: Tensor | None = None) -> Tensor:
    """x @ W + b, `… columns`, of x `… inner`, W `inner columns` and b `columns`; whatever lies transposed may."""
    if _by_onednn(x, W, b):
        return torch.ops.mkldnn._linear_pointwise(_dense(x), _dense(W).mT, b, "none", [], "")
    return x @ W if b is None else x @ W + b


def _by_onednn(*factors: Tensor | None) -> bool:
    """Whether oneDNN is there, has these types, and no gradient is to flow through it, which it cannot compute."""
    given = [factor for factor in factors if factor is not None]
    return (
        torch.backends.mkldnn.is_available()
        and all(factor.device.type == "cpu" and factor.dtype == torch.float32 for factor in given)
        and not (torch.is_grad_enabled() and any(factor.requires_grad for factor in given))
    )


def _dense(factor: Tensor) -> Tensor:
    """The same numbers without gaps in memory: for a part of a wider matrix oneDNN is a hundred times slower."""
    return factor if factor.is_contiguous() or factor.mT.is_contiguous() else factor.contiguous()
