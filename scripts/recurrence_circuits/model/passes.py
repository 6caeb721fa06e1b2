"""Passes of which only the prediction, or the residual stream, is wanted: they compute and keep no more than that.

`Transformer.forward` defines the model. What is here gives the same numbers, apart from rounding.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from recurrence_circuits.model.interventions import ReplacedHeads
from recurrence_circuits.model.transformer import INPUT_SITES, ActivationCache, Hooks, Transformer, hooked

BATCH = 128  # sequences per pass: they fit in the processor's cache, twice as fast as all at once


def batches(n_sequences: int) -> list[slice]:
    """The sequences of each batch."""
    return [slice(start, start + BATCH) for start in range(0, n_sequences, BATCH)]


def residual_streams(model: Transformer, context: Tensor) -> list[Tensor]:
    """The residual stream before each layer and after the last, each `batch position d_model`."""
    passes = [model(part).residual for part in context.split(BATCH)]
    return [torch.cat(parts) for parts in zip(*passes, strict=True)]


def predict(model: Transformer, context: Tensor) -> Tensor:
    """The predictions on context, both `batch position dimension`. Raises ValueError as `forward` does."""
    streams = (sum(model.embeddings(part)) for part in context.split(BATCH))
    return torch.cat([continue_from(model, 0, stream) for stream in streams])


def predict_with(model: Transformer, whole: ActivationCache, hooks: Callable[[slice], Hooks]) -> Tensor:
    """The predictions with hooks, `batch position dimension`, computed from the first hooked site on.

    whole is the activation cache of the model without hooks; hooks(rows) makes the hooks of a batch.
    """
    rows_of_batches = batches(len(whole.prediction))
    return torch.cat([resume(model, whole.rows(rows), hooks(rows)) for rows in rows_of_batches])


def resume(model: Transformer, cache: ActivationCache, hooks: Hooks) -> Tensor:
    """The prediction with `hooks`, `batch position dimension`, computed from the first hooked site on.

    cache is the activation cache without hooks: what comes before the first hooked site is taken from it. Raises
    ValueError if a hook names a site that this model does not have.
    """
    hooks = model.known(hooks)
    if not hooks:
        return cache.prediction
    layer = min(layer for _, layer in hooks)
    sites = {site for site, hooked_layer in hooks if hooked_layer == layer}
    if sites == {"mlp_output"}:
        stream = cache.middle[layer] + hooks["mlp_output", layer](cache.mlp_output[layer])
        return continue_from(model, layer + 1, stream, hooks)
    if sites <= {"head_output", "mlp_output"}:
        heads = hooks["head_output", layer](cache.head_output[layer])  # batch head position d_model
        stream = cache.residual[layer] + heads.sum(dim=1) + model.blocks[layer].attention.b_O
        return continue_from(model, layer + 1, _after_mlp(model, layer, stream, hooks), hooks)
    return continue_from(model, layer, cache.residual[layer], hooks)


def continue_from(model: Transformer, layer: int, stream: Tensor, hooks: Hooks | None = None) -> Tensor:
    """The prediction from the stream that enters `layer`, `batch position d_model`, with hooks from there on."""
    hooks = hooks or {}
    for later in range(layer, len(model.blocks)):
        stream = hooked(hooks, "residual", later, stream)  # batch position d_model
        stream = stream + _written(model, later, stream, hooks) + model.blocks[later].attention.b_O
        stream = _after_mlp(model, later, stream, hooks)
    return model.readout(hooked(hooks, "residual", len(model.blocks), stream))


def _written(model: Transformer, layer: int, stream: Tensor, hooks: Hooks) -> Tensor:
    """What the heads of a layer write together, `batch position d_model`, without b_O."""
    block, hook = model.blocks[layer], hooks.get(("head_output", layer))
    attention, (query, key, value) = block.attention, model.attention_inputs(block, layer, stream, hooks)
    if isinstance(hook, ReplacedHeads) and not any((site, layer) in hooks for site in (*INPUT_SITES, "attention")):
        written = torch.stack(list(hook.new.values())).sum(dim=0)
        rest = [head for head in range(model.settings.n_heads) if head not in hook.new]
        if rest:
            written = written + attention.summed_output(value, attention.pattern(query, key, rest), rest)
        return written
    pattern = hooked(hooks, "attention", layer, attention.pattern(query, key))  # batch head query key
    if hook is None:
        return attention.summed_output(value, pattern)
    return hook(attention.output(value, pattern)).sum(dim=1)


def _after_mlp(model: Transformer, layer: int, stream: Tensor, hooks: Hooks) -> Tensor:
    """The stream after a layer's MLP, from the one before it, both `batch position d_model`."""
    block = model.blocks[layer]
    if block.mlp is None:
        return stream
    return stream + hooked(hooks, "mlp_output", layer, block.mlp(block.mlp_norm(stream)))
