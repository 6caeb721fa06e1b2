"""Passes over many sequences, in batches, of which only what is asked for is kept."""

from collections.abc import Callable

import torch
from torch import Tensor

from recurrence_circuits.model.transformer import ActivationCache, Hooks, Transformer

BATCH = 128  # sequences per forward pass: they fit in the processor's cache, twice as fast as all at once


def batches(n_sequences: int) -> list[slice]:
    """The sequences of each batch."""
    return [slice(start, start + BATCH) for start in range(0, n_sequences, BATCH)]


def predict(model: Transformer, context: Tensor) -> Tensor:
    """The predictions on context, both `batch position dimension`."""
    return torch.cat([model.predict(part) for part in context.split(BATCH)])


def predict_with(model: Transformer, whole: ActivationCache, hooks: Callable[[slice], Hooks]) -> Tensor:
    """The predictions with hooks, `batch position dimension`, computed from the first hooked site on.

    whole is the activation cache of the model without hooks; hooks(rows) makes the hooks of a batch.
    """
    rows_of_batches = batches(len(whole.prediction))
    return torch.cat([model.resume(whole.rows(rows), hooks(rows)) for rows in rows_of_batches])


def residual_streams(model: Transformer, context: Tensor) -> list[Tensor]:
    """The residual stream before each layer and after the last, each `batch position d_model`."""
    passes = [model(part).residual for part in context.split(BATCH)]
    return [torch.cat(parts) for parts in zip(*passes, strict=True)]
