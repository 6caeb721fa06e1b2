"""Feedback gain: how a layer's attention responds when the estimate in the stream that it reads is shifted."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.model.norms import mean_scale, readout_directions
from recurrence_circuits.model.passes import BATCH
from recurrence_circuits.model.transformer import Block, Transformer, project


@torch.no_grad()
def measure_feedback(
    model: Transformer,
    streams: list[Tensor],
    first_determined: int,
    epsilon: float,
    bootstrap: Bootstrap,
    layers: Sequence[int] | None = None,
) -> pd.DataFrame:
    """The columns of the `feedback` table from `component` on, for each layer's attention and each of its heads.

    The stream entering the layer is shifted by ±δ along the readout direction. The gain is the change of what the
    attention writes along that direction at the query, by central difference, divided by δ: its direct effect on the
    prediction, in units of the direct effect of the shift at one position. (Both include the frozen scale of the final
    norm, which cancels.) Below 0 the layer subtracts from the estimate that it reads. Unit-free; for vector tasks
    the mean over coordinates, each with its own direction. By position of the query, and the mean over the determined
    positions.

    streams    the residual streams before each layer and after the last, each `sequence position d_model`
    perturbed  query: the shift is at the query's own position; context: at every position before it, and only there
    pattern    free: attention follows the shift through queries and keys; held: it is kept, and only values change
    epsilon    δ in units of x: the mean direct effect of the shift on the prediction
    layers     the layers to measure; all by default
    """
    directions, lengths = readout_directions(model)
    steps = epsilon / (lengths * mean_scale(model.final_norm, streams[-1][:, first_determined:]))
    measured = []
    for layer in range(model.settings.n_layers) if layers is None else layers:
        block, stream = model.blocks[layer], streams[layer]
        pairs = zip(directions.to(stream.dtype), steps.tolist(), strict=True)
        # In batches, as all passes (see BATCH).
        gains = [[feedback_gains(block, part, *pair) for part in stream.split(BATCH)] for pair in pairs]
        for perturbed, pattern in gains[0][0]:
            coordinates = torch.stack([torch.cat([gain[perturbed, pattern] for gain in parts]) for parts in gains])
            by_head = coordinates.mean(dim=0).double().cpu().numpy()  # sequence head query
            parts = {("head", head): by_head[:, head] for head in range(by_head.shape[1])}
            parts["attention", None] = by_head.sum(axis=1)
            for (component, head), values in parts.items():
                place = {"component": component, "layer": layer, "head": head}
                measured.append(({**place, "perturbed": perturbed, "pattern": pattern}, values))
    return rows_by_position(measured, first_determined, bootstrap)


def feedback_gains(block: Block, stream: Tensor, direction: Tensor, step: float) -> dict[tuple[str, str], Tensor]:
    """The gain of each head at each query, `batch head query`, by (perturbed, pattern).

    stream is `batch position d_model`, direction a unit vector, step the shift along it. Only this layer's attention
    is computed, for all queries at once.
    """
    clean, up, down = (reads(block, stream + shift * direction, direction) for shift in (0.0, step, -step))
    held = probabilities(clean[0], own=clean[1], before=clean[1])
    gains = {}
    for perturbed in ("query", "context"):
        for pattern in ("free", "held"):
            higher, lower = (
                attended(clean, shifted, perturbed, held if pattern == "held" else None) for shifted in (up, down)
            )
            gains[perturbed, pattern] = (higher - lower) / (2 * step)
    return gains


def reads(block: Block, stream: Tensor, direction: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries and keys, `batch head position d_head`; what each value writes along the direction, `batch head key`."""
    read, attention = block.attention_norm(stream), block.attention
    q = project(read, attention.W_Q, attention.b_Q)
    k = project(read, attention.W_K, attention.b_K)
    v = project(read, attention.W_V, attention.b_V)
    return q, k, (v @ (attention.W_O @ direction)[..., None]).squeeze(-1)


def attended(clean: tuple, shifted: tuple, perturbed: str, held: Tensor | None) -> Tensor:
    """What each head writes along the direction, `batch head query`, with some positions shifted.

    clean and shifted are results of `reads`. Each query's own position (perturbed = query) or all positions before it
    (context) are taken from `shifted`, the others from `clean`. held is the attention, `batch head query key`; if None
    it follows the shift.
    """
    own, before = (shifted, clean) if perturbed == "query" else (clean, shifted)
    attention = probabilities(own[0], own=own[1], before=before[1]) if held is None else held
    to_itself = attention.diagonal(dim1=-2, dim2=-1)  # batch head query
    return (attention.tril(-1) @ before[2][..., None]).squeeze(-1) + to_itself * own[2]


def probabilities(q: Tensor, own: Tensor, before: Tensor) -> Tensor:
    """Attention, `batch head query key`, of q to the keys `own` at its own position and `before` at those before it."""
    scores = q @ before.mT
    scores.diagonal(dim1=-2, dim2=-1).copy_((q * own).sum(dim=-1))
    future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    return (scores * q.shape[-1] ** -0.5).masked_fill(future, float("-inf")).softmax(dim=-1)
