"""Hooks that replace a component's output in a forward pass: zero, mean and resample ablation."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from recurrence_circuits.model.transformer import ActivationCache, Component, Hooks, Transformer

BATCH = 128  # sequences per forward pass: they fit in the processor's cache, twice as fast as all at once
KINDS = ("zero", "mean", "resample")


def ablatable(model: Transformer) -> list[Component]:
    """Every head, every layer's attention as a whole, every MLP."""
    layers = range(model.settings.n_layers)
    components = model.heads() + [Component("attention", layer) for layer in layers]
    return components if model.settings.attention_only else components + [Component("mlp", layer) for layer in layers]


def replacement(component: Component, kind: str, cache: ActivationCache, donor: Tensor) -> Tensor:
    """What ablation puts in place of a component's output: `batch … position d_model`, as at its hook site.

    kind   zero: zeros; mean: the output's mean over the sequences of `cache`, by position; resample: the output on
           another sequence of `cache`
    donor  `batch`: whose output each sequence gets under resample (see `donors`)

    For a head it is the replacement for all heads of its layer, of which `replace` takes the head's part.
    Raises ValueError for another kind.
    """
    output = (cache.mlp_output if component.kind == "mlp" else cache.head_output)[component.layer]
    if kind == "zero":
        return torch.zeros_like(output)
    if kind == "mean":
        return output.mean(dim=0, keepdim=True).expand_as(output)
    if kind == "resample":
        return output[donor]
    raise ValueError(f"ablation kind: expected one of {KINDS}, found {kind!r}")


def replace(component: Component, new: Tensor) -> Hooks:
    """The hook that puts `new` (see `replacement`) in place of a component's output."""
    if component.kind == "mlp":
        return {("mlp_output", component.layer): lambda output: new}
    if component.kind == "attention":
        return {("head_output", component.layer): lambda output: new}

    def replace_head(output: Tensor) -> Tensor:
        output = output.clone()
        output[:, component.head] = new[:, component.head]
        return output

    return {("head_output", component.layer): replace_head}


def predict(model: Transformer, context: Tensor, hooks: Callable[[slice], Hooks] | None = None) -> Tensor:
    """The predictions on context, `batch position dimension`, in batches; hooks(rows) makes the hooks of a batch."""
    batches = [slice(start, start + BATCH) for start in range(0, len(context), BATCH)]
    return torch.cat([model(context[rows], hooks(rows) if hooks else None).prediction for rows in batches])


def combined(hooks: list[Hooks]) -> Hooks:
    """Merge hooks into one; hooks of the same site are applied one after another, in order."""
    together: Hooks = {}
    for hook in hooks:
        for site, function in hook.items():
            together[site] = _then(together[site], function) if site in together else function
    return together


def _then(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda value: second(first(value))


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
