"""Feedback gain: what a layer's attention answers when the estimate in the stream it reads is shifted."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.by_position import rows_by_position
from recurrence_circuits.linear_norm import mean_scale, readout_directions
from recurrence_circuits.model import Block, Trace, Transformer, project
from recurrence_circuits.statistics import Bootstrap


@torch.no_grad()
def measure_feedback(
    model: Transformer,
    trace: Trace,
    first_determined: int,
    epsilon: float,
    bootstrap: Bootstrap,
    layers: Sequence[int] | None = None,
) -> pd.DataFrame:
    """The `feedback` table from `component` on, for a layer's attention as a whole and for each of its heads.

    layers: which ones; all by default.

    The stream entering the layer is shifted by ±δ along the readout direction, at the query's own position (perturbed
    = query) or at every position before it, the query's left alone (context). The gain is what the attention then
    writes along that direction at the query, by central difference, over δ: its direct effect on the prediction in
    units of the direct effect of the shift at one position. (The final LayerNorm's scale, frozen, is in both and
    cancels.) Below 0 the layer takes away from the estimate that it is shown. Unit-free; for vector tasks the mean
    over coordinates, each with its own direction. By position of the query, and the mean over determined queries.

    pattern  free: the attention follows the shift, through queries and keys; held: it stays, values alone carry it
    epsilon  δ in units of x: the mean direct effect of the shift on the prediction
    """
    directions, lengths = readout_directions(model)
    steps = epsilon / (lengths * mean_scale(model.final_norm, trace.residual[-1][:, first_determined:]))
    frames = []
    for layer in range(model.settings.n_layers) if layers is None else layers:
        block, stream = model.blocks[layer], trace.residual[layer]
        pairs = zip(directions.to(stream.dtype), steps.tolist(), strict=True)
        gains = [feedback_gains(block, stream, direction, step) for direction, step in pairs]
        for perturbed, pattern in gains[0]:
            coordinates = torch.stack([gain[perturbed, pattern] for gain in gains])
            by_head = coordinates.mean(dim=0).double().cpu().numpy()  # sequence head query
            parts = {("head", head): by_head[:, head] for head in range(by_head.shape[1])}
            parts["attention", None] = by_head.sum(axis=1)
            for (component, head), values in parts.items():
                frame = rows_by_position(values, first_determined, bootstrap).assign(
                    component=component, layer=layer, head=head, perturbed=perturbed, pattern=pattern
                )
                frames.append(frame)
    return pd.concat(frames)


def feedback_gains(block: Block, stream: Tensor, direction: Tensor, step: float) -> dict[tuple[str, str], Tensor]:
    """The gain of each head at each query, `batch head query`, by (perturbed, pattern).

    stream is `batch position d_model`, direction a unit vector, step the shift along it. Only this layer's attention
    is computed, and all queries at once.
    """
    clean, up, down = (reads(block, stream + shift * direction, direction) for shift in (0.0, step, -step))
    gains = {}
    for perturbed in ("query", "context"):
        for pattern in ("free", "held"):
            higher, lower = (attended(clean, shifted, perturbed, pattern) for shifted in (up, down))
            gains[perturbed, pattern] = (higher - lower) / (2 * step)
    return gains


def reads(block: Block, stream: Tensor, direction: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries and keys, `batch head position d_head`; what each value writes along the direction, `batch head key`."""
    read, attention = block.attention_norm(stream), block.attention
    q = project(read, attention.W_Q, attention.b_Q)
    k = project(read, attention.W_K, attention.b_K)
    v = project(read, attention.W_V, attention.b_V)
    return q, k, (v @ (attention.W_O @ direction)[..., None]).squeeze(-1)


def attended(clean: tuple, shifted: tuple, perturbed: str, pattern: str) -> Tensor:
    """What each head writes along the direction, `batch head query`, if each query's own place (perturbed = query) or
    all places before it (context) are as in `shifted`, the others as in `clean`; both are what `reads` returns.
    """
    own, before = (shifted, clean) if perturbed == "query" else (clean, shifted)
    q, itself = own[0], torch.eye(clean[0].shape[2], dtype=torch.bool, device=clean[0].device)  # query key
    scores = torch.where(itself, q @ own[1].mT, q @ before[1].mT) if pattern == "free" else clean[0] @ clean[1].mT
    future = torch.ones_like(itself).triu(1)
    attention = (scores * q.shape[-1] ** -0.5).masked_fill(future, float("-inf")).softmax(dim=-1)
    return (attention * torch.where(itself, own[2][:, :, None], before[2][:, :, None])).sum(dim=-1)
