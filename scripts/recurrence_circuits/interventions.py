"""Edits of a forward pass that take a component's output away."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from recurrence_circuits.model import Component, Edits, Trace, Transformer

BATCH = 128  # sequences a forward pass; small enough for the processor's cache, twice as quick as all at once
KINDS = ("zero", "mean", "resample")


def ablatable(model: Transformer) -> list[Component]:
    """Every head, every layer's attention as a whole, every MLP."""
    layers = range(model.settings.n_layers)
    components = model.heads() + [Component("attention", layer) for layer in layers]
    return components if model.settings.attention_only else components + [Component("mlp", layer) for layer in layers]


def replacement(component: Component, kind: str, trace: Trace, donor: Tensor) -> Tensor:
    """What ablation puts in the place of a component's output, `batch … position d_model` as at its site.

    kind   zero; mean: the output's mean over the sequences of `trace` at that position; resample: the output,
           in `trace`, on another sequence
    donor  `batch`: whose output a sequence gets under resample (see `donors`)
    A head's replacement is that of its whole layer; `replace` takes its own part.
    """
    output = (trace.mlp_output if component.kind == "mlp" else trace.head_output)[component.layer]
    if kind == "zero":
        return torch.zeros_like(output)
    if kind == "mean":
        return output.mean(dim=0, keepdim=True).expand_as(output)
    if kind == "resample":
        return output[donor]
    raise ValueError(f"ablation kind: expected one of {KINDS}, found {kind!r}")


def replace(component: Component, new: Tensor) -> Edits:
    """The edit that puts `new` (see `replacement`) in the place of a component's output."""
    if component.kind == "mlp":
        return {("mlp_output", component.layer): lambda output: new}
    if component.kind == "attention":
        return {("head_output", component.layer): lambda output: new}

    def replace_head(output: Tensor) -> Tensor:
        output = output.clone()
        output[:, component.head] = new[:, component.head]
        return output

    return {("head_output", component.layer): replace_head}


def predict(model: Transformer, context: Tensor, edits: Callable[[slice], Edits] | None = None) -> Tensor:
    """The predictions on context, `batch position dimension`, batch by batch; edits gives those of some of its rows."""
    batches = [slice(start, start + BATCH) for start in range(0, len(context), BATCH)]
    return torch.cat([model(context[rows], edits(rows) if edits else None).prediction for rows in batches])


def combined(edits: list[Edits]) -> Edits:
    """All edits as one: those of the same site are applied one after another, in their order."""
    together: Edits = {}
    for edit in edits:
        for site, function in edit.items():
            together[site] = _then(together[site], function) if site in together else function
    return together


def _then(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda value: second(first(value))


def donors(n_sequences: int, generator: Generator) -> Tensor:
    """For each sequence another one, `batch`: a random cycle through all, so that none is its own donor.

    Raises ValueError if there is no other sequence.
    """
    if n_sequences < 2:
        raise ValueError(f"resample ablation: expected at least 2 sequences, found {n_sequences}")
    order = torch.randperm(n_sequences, generator=generator)
    donor = torch.empty_like(order)
    donor[order] = order.roll(1)
    return donor
