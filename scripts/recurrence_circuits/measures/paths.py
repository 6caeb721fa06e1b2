"""Path patching: what the components of layer 0 contribute to the prediction along one path alone.

After Wang et al. (2022, arXiv 2211.00593) and Goldowsky-Dill et al. (2023, arXiv 2304.05969).
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap, identity
from recurrence_circuits.measures.statistics import moments, slope
from recurrence_circuits.model.interventions import donors, output_of, replace
from recurrence_circuits.model.passes import batches, resume
from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer
from recurrence_circuits.runtime.progress import progress
from recurrence_circuits.tasks.errors import mean_square_seen, squared_error


class Path(NamedTuple):
    """A path from a component of layer 0, the sender: to a receiver, to the final stream, or along all paths."""

    sender: Component
    input: str  # query, key or value of the receiver; residual: the final stream; total: all paths together
    receiver: Component | None = None  # a head of the last layer, or its attention as a whole


@torch.no_grad()
def measure_paths(
    model: Transformer, sequences: Tensor, first_determined: int, bootstrap: Bootstrap, generator: torch.Generator
) -> pd.DataFrame:
    """The columns of the `paths` table from `component` on: every path's effect over the determined positions.

    Along the path, the sender's output is replaced by its output on another sequence (see `donors`); the rest is
    clean. sequences is `sequence position dimension`, one term longer than the context. measure is one of

    prediction_change  mean squared change of the prediction
    change             change of the prediction's squared error
    slope_on_last      least-squares slope of the change of the prediction on the change of x_n (the other sequence's
                       minus its own): the copy coefficient of the path, unit-free and signed

    The first two are in units of the mean square of the terms seen in both sequences, the own and the other: a wide
    sequence may meet a narrow one from either side, and would carry the mean in units of one of them.
    """
    context, target = sequences[:, :-1], sequences[:, 1:]
    donor = donors(len(context), generator)
    whole = model(context)
    patched: dict[Path, list[Tensor]] = {}
    for rows in progress(batches(len(context)), "batches patched on every path:"):
        cache = whole.rows(rows)
        for sender in senders(model):
            new = output_of(sender, whole)[donor[rows]]
            for path, prediction in patched_predictions(model, cache, sender, new, first_determined):
                patched.setdefault(path, []).append(prediction)

    shown = slice(first_determined, None)
    prediction, target, seen = whole.prediction[:, shown], target[:, shown], mean_square_seen(sequences)[:, shown]
    unit = (seen + seen[donor.numpy()]) / 2  # sequence position
    error = squared_error(prediction, target)
    swapped = (context[donor] - context)[:, shown].cpu().numpy()
    measured: dict[str, list] = {"prediction_change": [], "change": [], "slope_on_last": []}
    for path, new in patched.items():
        new = torch.cat(new)
        change = (new - prediction).double().cpu().numpy()
        effects = {
            "prediction_change": ((change**2).mean(axis=2) / unit).mean(axis=1),
            "change": ((squared_error(new, target) - error) / unit).mean(axis=1),
            "slope_on_last": moments(swapped, change, (1, 2)),
        }
        for name, values in effects.items():
            measured[name].append(({**described(path), "measure": name}, values))
    statistics = {"slope_on_last": slope}
    frames = [bootstrap.rows(each, statistics.get(name, identity)) for name, each in measured.items()]
    return pd.concat(frames).sort_index(kind="stable")  # path by path


def described(path: Path) -> dict:
    """A path as the columns of the table."""
    kind, layer, head = path.receiver or (None, None, None)
    return {
        "component": path.sender.kind, "layer": path.sender.layer, "head": path.sender.head, "input": path.input,
        "receiver_component": kind, "receiver_layer": layer, "receiver_head": head,
    }  # fmt: skip


def senders(model: Transformer) -> list[Component]:
    """Every head of layer 0 and its MLP."""
    heads = [head for head in model.heads() if head.layer == 0]
    return heads if model.settings.attention_only else [*heads, Component("mlp", 0)]


def patched_predictions(
    model: Transformer, cache: ActivationCache, sender: Component, new: Tensor, first: int = 0
) -> Iterator[tuple[Path, Tensor]]:
    """The predictions, path by path, with the sender's output replaced by `new`, `batch position d_model`.

    cache is the activation cache of the clean run. For a path into an input of a receiver, the difference
    of the sender's outputs is added to the stream that this input is made from, and nothing in between is computed
    anew. What the receiver then writes goes on through the last layer's MLP and the readout. A model with one layer
    has no such path. A path into the final stream goes through the readout only.
    Yields predictions, `batch position dimension`, from position `first` on.
    """
    difference = new - output_of(sender, cache)
    yield Path(sender, "total"), resume(model, cache, replace(sender, new))[:, first:]
    yield Path(sender, "residual"), model.readout((cache.residual[-1] + difference)[:, first:])
    last = model.settings.n_layers - 1
    if last == sender.layer:
        return

    block, stream, heads = model.blocks[last], cache.residual[last], cache.head_output[last]
    read, patched = block.attention_norm(stream), block.attention_norm(stream + difference)
    for read_by in ("query", "key", "value"):
        pattern = cache.attention[last]
        if read_by != "value":
            pattern = block.attention.pattern(*((patched, read) if read_by == "query" else (read, patched)))
        changes = block.attention.output(patched if read_by == "value" else read, pattern) - heads
        changes = changes[:, :, first:]
        receivers = {Component("head", last, head): changes[:, head] for head in range(changes.shape[1])}
        receivers[Component("attention", last)] = changes.sum(dim=1)
        for receiver, change in receivers.items():
            moved = cache.middle[last][:, first:] + change
            if block.mlp is not None:
                moved = moved + block.mlp(block.mlp_norm(moved))
            yield Path(sender, read_by, receiver), model.readout(moved)
