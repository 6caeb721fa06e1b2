"""Path patching: what reaches the prediction from layer 0 by one path alone.

After Wang et al. (2022, arXiv 2211.00593) and Goldowsky-Dill et al. (2023, arXiv 2304.05969).
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.errors import squared_error
from recurrence_circuits.interventions import BATCH, donors, replace
from recurrence_circuits.logs import progress
from recurrence_circuits.model import Component, Trace, Transformer
from recurrence_circuits.statistics import Bootstrap, moments, slope


class Path(NamedTuple):
    """From a component of layer 0 into an input of the last layer's attention, or elsewhere."""

    source: Component
    into: str  # query, key, value (of the target); residual (the final stream); total (every path together)
    target: Component | None = None  # a head of the last layer, or all of them (attention)


@torch.no_grad()
def patch_paths(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap, generator: torch.Generator
) -> pd.DataFrame:
    """The `paths` table from `component` on: every path's effect over the determined positions.

    The source's output is replaced by its output on another sequence (see `donors`) along one path, the rest is clean.
    sequences is `sequence position dimension`, one term longer than the context.
    prediction_change: mean squared change of the prediction, units of x²; mse_change: change of the prediction's
    error, units of x²; slope_on_last: least-squares slope of the change of the prediction on the change of x_n, the
    other sequence's less its own: the copy coefficient of the path, unit-free and signed.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    donor = donors(len(context), generator)
    parts = torch.arange(len(context)).split(BATCH)
    clean, outputs = [], {source: [] for source in sources(model)}
    for part in parts:
        trace = model(context[part])
        clean.append(trace.prediction)
        for source, collected in outputs.items():
            collected.append(output_of(source, trace))
    prediction, outputs = torch.cat(clean), {source: torch.cat(collected) for source, collected in outputs.items()}

    patched: dict[Path, list[Tensor]] = {}
    for part in progress(parts, "batches patched on every path:"):
        trace = model(context[part])
        for source, output in outputs.items():
            for path, new in patched_predictions(model, context[part], trace, source, output[donor[part]]):
                patched.setdefault(path, []).append(new)

    shown = slice(first_determined, None)
    error = squared_error(prediction, target)[:, shown]
    swapped = (context[donor] - context)[:, shown]
    rows = []
    for path, new in patched.items():
        new = torch.cat(new)
        change = (new - prediction)[:, shown].double().cpu().numpy()
        effects = {
            "prediction_change": bootstrap.interval((change**2).mean(axis=(1, 2))),
            "mse_change": bootstrap.interval((squared_error(new, target)[:, shown] - error).mean(axis=1)),
            "slope_on_last": bootstrap.interval(moments(swapped.cpu().numpy(), change, (1, 2)), slope),
        }
        for name, (value, low, high) in effects.items():
            rows.append({**described(path), "measure": name, "value": value, "low": low, "high": high})
    return pd.DataFrame(rows)


def described(path: Path) -> dict:
    """A path in the columns of the table."""
    kind, layer, head = path.target or (None, None, None)
    return {
        "component": path.source.kind, "layer": path.source.layer, "head": path.source.head, "into": path.into,
        "other_component": kind, "other_layer": layer, "other_head": head,
    }  # fmt: skip


def sources(model: Transformer) -> list[Component]:
    """Every head of layer 0 and its MLP."""
    heads = [head for head in model.heads() if head.layer == 0]
    return heads if model.settings.attention_only else [*heads, Component("mlp", 0)]


def output_of(source: Component, trace: Trace) -> Tensor:
    """`batch position d_model`"""
    if source.kind == "mlp":
        return trace.mlp_output[source.layer]
    return trace.head_output[source.layer][:, source.head]


def patched_predictions(
    model: Transformer, context: Tensor, trace: Trace, source: Component, new: Tensor
) -> Iterator[tuple[Path, Tensor]]:
    """The prediction with the source's output replaced by `new`, `batch position d_model`, path by path.

    trace is of the clean model on context. A path into an input of the target's: the difference of the source's
    outputs is added to what that input is made from, nothing in between is computed anew; what the target writes then
    goes on as it would (by the last layer's MLP and the readout). A model of one layer has no such path. A path into
    the final stream passes by everything but the readout. Yields predictions `batch position dimension`.
    """
    difference = new - output_of(source, trace)
    new_layer = new if source.kind == "mlp" else new[:, None].expand_as(trace.head_output[source.layer])
    yield Path(source, "total"), model(context, replace(source, new_layer)).prediction
    yield Path(source, "residual"), model.readout(trace.residual[-1] + difference)
    last = model.settings.n_layers - 1
    if last == source.layer:
        return

    block, stream, heads = model.blocks[last], trace.residual[last], trace.head_output[last]
    read, patched = block.attention_norm(stream), block.attention_norm(stream + difference)
    attended = stream + heads.sum(dim=1) + block.attention.b_O
    for into in ("query", "key", "value"):
        pattern = trace.attention[last]
        if into != "value":
            pattern = block.attention.pattern(*((patched, read) if into == "query" else (read, patched)))
        changes = block.attention.output(patched if into == "value" else read, pattern) - heads
        targets = {Component("head", last, head): changes[:, head] for head in range(changes.shape[1])}
        targets[Component("attention", last)] = changes.sum(dim=1)
        for target, change in targets.items():
            moved = attended + change
            if block.mlp is not None:
                moved = moved + block.mlp(block.mlp_norm(moved))
            yield Path(source, into, target), model.readout(moved)
