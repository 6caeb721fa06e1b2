"""Hooks that replace a component's output in a forward pass: zero, mean and resample ablation."""

from typing import NamedTuple

import torch
from torch import Generator, Tensor

from recurrence_circuits.model.transformer import ActivationCache, Component, Hooks, Transformer

KINDS = ("zero", "mean", "resample")


class ReplacedHeads(NamedTuple):
    """A hook at `head_output` that replaces some heads' outputs outright: what they were need not be computed."""

    new: dict[int, Tensor]  # by head: batch position d_model

    def __call__(self, output: Tensor) -> Tensor:
        output = output.clone()
        for head, value in self.new.items():
            output[:, head] = value
        return output


def ablatable(model: Transformer) -> list[Component]:
    """Every head, every layer's attention as a whole, every MLP."""
    layers = range(model.settings.n_layers)
    components = model.heads() + [Component("attention", layer) for layer in layers]
    return components if model.settings.attention_only else components + [Component("mlp", layer) for layer in layers]


def replacement(component: Component, kind: str, cache: ActivationCache, donor: Tensor) -> Tensor:
    """What ablation puts in place of a component's output, shaped like it: `batch position d_model`.

    For a layer's attention as a whole it is `batch head position d_model`.

    kind   zero: zeros; mean: the output's mean over the sequences of `cache`, by position; resample: the output on
           another sequence of `cache`
    donor  `batch`: whose output each sequence gets under resample (see `donors`)

    Raises ValueError for another kind.
    """
    output = output_of(component, cache)
    if kind == "zero":
        return output.new_zeros(()).expand_as(output)
    if kind == "mean":
        return output.mean(dim=0, keepdim=True).expand_as(output)
    if kind == "resample":
        return output[donor]
    raise ValueError(f"ablation kind: expected one of {KINDS}, found {kind!r}")


def output_of(component: Component, cache: ActivationCache) -> Tensor:
    """What a head or an MLP wrote, `batch position d_model`; a layer's heads, `batch head position d_model`."""
    if component.kind == "mlp":
        return cache.mlp_output[component.layer]
    heads = cache.head_output[component.layer]
    return heads if component.kind == "attention" else heads[:, component.head]


def replace(component: Component, new: Tensor) -> Hooks:
    """The hook that puts `new` (see `replacement`) in place of a component's output."""
    if component.kind == "mlp":
        return {("mlp_output", component.layer): lambda output: new}
    heads = dict(enumerate(new.unbind(dim=1))) if component.kind == "attention" else {component.head: new}
    return {("head_output", component.layer): ReplacedHeads(heads)}


def replace_heads(new: dict[Component, Tensor]) -> Hooks:
    """The hooks that put `new`, by head and each `batch position d_model`, in place of these heads' outputs."""
    layers = {head.layer for head in new}
    return {
        ("head_output", layer): ReplacedHeads({head.head: new[head] for head in new if head.layer == layer})
        for layer in layers
    }


def donors(n_sequences: int, generator: Generator) -> Tensor:
    """The donor of each sequence, `batch`: the next one in a random cycle through all, so none is its own donor.

    Raises ValueError for fewer than two sequences.
    """
    if n_sequences < 2:
        raise ValueError(f"resample ablation: expected at least 2 sequences, found {n_sequences}")
    order = torch.randperm(n_sequences, generator=generator)
    donor = torch.empty_like(order)
    donor[order] = order.roll(1)
    return donor
