"""Norms and activations with their gradients written out, for training/gradients.py.

`rows` are all positions of all sequences of the batch, one after another.
"""

import torch
from torch import Tensor, nn
from torch.ops import aten


class Identity:
    """No norm: rows as they are."""

    def __init__(self, norm: nn.Identity):
        pass

    def forward(self, x: Tensor) -> Tensor:
        return x

    def backward(self, d_y: Tensor) -> Tensor:
        return d_y


class LayerNorm:
    """LayerNorm of rows; the backward pass puts the gradients of weight and bias in their `grad`."""

    def __init__(self, norm: nn.LayerNorm):
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        shape, weight, bias = self.norm.normalized_shape, self.norm.weight, self.norm.bias
        self.x = x
        y, self.mean, self.inverse_std = aten.native_layer_norm(x, shape, weight, bias, self.norm.eps)
        return y

    def backward(self, d_y: Tensor) -> Tensor:
        shape, weight, bias = self.norm.normalized_shape, self.norm.weight, self.norm.bias
        d_x, d_weight, d_bias = aten.native_layer_norm_backward(
            d_y, self.x, shape, self.mean, self.inverse_std, weight, bias, [True, True, True]
        )
        weight.grad.copy_(d_weight)
        bias.grad.copy_(d_bias)
        return d_x


class RMSNorm:
    """RMSNorm of rows; the backward pass puts the gradient of weight in its `grad`."""

    def __init__(self, norm: nn.RMSNorm):
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        self.scale = (x.square().mean(dim=-1, keepdim=True) + self.norm.eps).rsqrt()  # rows 1
        self.scaled = x * self.scale
        return self.scaled * self.norm.weight

    def backward(self, d_y: Tensor) -> Tensor:
        torch.sum(d_y * self.scaled, dim=0, out=self.norm.weight.grad)
        d_scaled = d_y * self.norm.weight
        along = (d_scaled * self.scaled).mean(dim=-1, keepdim=True)  # what the scale takes away again
        return (d_scaled - self.scaled * along) * self.scale


def norm_of_rows(norm: nn.Module) -> Identity | LayerNorm | RMSNorm:
    """The norm of a model as the one here that takes its place in training."""
    return {nn.LayerNorm: LayerNorm, nn.RMSNorm: RMSNorm, nn.Identity: Identity}[type(norm)](norm)


def activate(name: str, before: Tensor, after: Tensor) -> None:
    """Write the activation of `before`, of any shape, into `after`; name is as in the config."""
    if name == "gelu":
        aten.gelu.out(before, out=after)
    else:
        torch.clamp(before, min=0, out=after)


def activate_backward(name: str, d_hidden: Tensor, before: Tensor) -> None:
    """Replace the gradient after the activation by the one before it, in place."""
    if name == "gelu":
        aten.gelu_backward.grad_input(d_hidden, before, grad_input=d_hidden)
    else:
        aten.threshold_backward.grad_input(d_hidden, before, 0, grad_input=d_hidden)
