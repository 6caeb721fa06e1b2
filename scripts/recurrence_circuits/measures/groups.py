"""Groups of heads, ablated together or kept alone: which are necessary, and which are enough.

Groups are chosen from the seed's own table `similarity`, by the thresholds in the config's section `analysis`. A head
chosen by its correlation need not matter, so each group is compared with as many other heads, drawn at random.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.by_position import rows_by_position
from recurrence_circuits.measures.costs import Costs
from recurrence_circuits.measures.statistics import ratio
from recurrence_circuits.model.interventions import KINDS, donors, output_of, replace_heads, replacement
from recurrence_circuits.model.norms import readout_directions
from recurrence_circuits.model.passes import predict_with
from recurrence_circuits.model.transformer import Component, Transformer
from recurrence_circuits.randomness import numpy_stream
from recurrence_circuits.runtime.progress import progress
from recurrence_circuits.tasks.errors import relative_error


class Group(NamedTuple):
    """Heads of one model, possibly none, and the name of the group."""

    group: str  # negative, copying, all
    members: str  # chosen: the group itself; random_same_layer or random_other_layers: its control
    heads: list[Component]

    @property
    def listed(self) -> str:
        """The heads as text, such as `L2H0 L2H3`."""
        return " ".join(f"L{head.layer}H{head.head}" for head in self.heads)


def choose_groups(
    similarity: pd.DataFrame, heads: list[Component], negative_max: float, copying_min: float, seed: int
) -> list[Group]:
    """The groups of a model, each followed by its control.

    negative  heads of the last layer whose direct contribution's correlation with the prediction is ≤ negative_max
    copying   heads of layer 0 whose direct contribution's correlation with x_n is ≥ copying_min
    all       all heads, without a control: the scale for the others

    similarity is the table of that name for this model alone. A head that writes nothing has no row there and is in
    neither of the first two groups. heads are all heads of the model. Controls are drawn from the stream `groups` of
    the model's seed.
    """
    last_layer = max(head.layer for head in heads)
    correlations = {
        measure: {Component("head", row.layer, row.head): row.value for row in rows.itertuples()}
        for measure, rows in similarity[similarity["component"] == "head"].groupby("measure")
    }
    with_prediction = correlations.get("correlation_with_prediction", {})
    with_last = correlations.get("correlation_with_last", {})
    chosen = {
        "negative": [h for h in heads if h.layer == last_layer and with_prediction.get(h, np.nan) <= negative_max],
        "copying": [h for h in heads if h.layer == 0 and with_last.get(h, np.nan) >= copying_min],
    }
    layers = {"negative": last_layer, "copying": 0}
    groups = []
    for name, members in chosen.items():
        groups.append(Group(name, "chosen", members))
        groups += control(groups[-1], layers[name], heads, numpy_stream(seed, "groups", name))
    return [*groups, Group("all", "chosen", heads)]


def control(group: Group, layer: int, heads: list[Component], generator: np.random.Generator) -> list[Group]:
    """As many heads outside the group, drawn at random: from its layer or, if that has too few, from the other layers.

    An empty list if those have too few as well, as in a model with one layer.
    """
    size = len(group.heads)
    same = [head for head in heads if head.layer == layer and head not in group.heads]
    others = [head for head in heads if head.layer != layer]
    members, pool = ("random_same_layer", same) if len(same) >= size else ("random_other_layers", others)
    if len(pool) < size:
        return []
    drawn = generator.choice(len(pool), size, replace=False)
    return [Group(group.group, members, [pool[i] for i in sorted(drawn)])]


@torch.no_grad()
def measure_groups(
    model: Transformer,
    groups: list[Group],
    sequences: Tensor,
    first_determined: int,
    bootstrap: Bootstrap,
    generator: torch.Generator,
) -> pd.DataFrame:
    """Error with each group ablated and with each kept alone, under zero, mean and resample ablation.

    ablated         the group's heads are replaced; everything else reads what that leaves
    direction_kept  the same, but of what they write the part along the readout direction stays
    kept            every other head of the model is replaced, in all layers; MLPs and embeddings stay

    sequences is `sequence position dimension`, one term longer than the context. Returns the columns of the `groups`
    table from `group` on: the measures of `Costs`; copy_ratio, the relative error over that of copying x_n; and, of
    direction_kept over the determined positions, restored: 1 − change / (change when ablated), which has no row where
    ablation costs nothing. For an empty group the changes are 0 when it is ablated; kept, it shows the model without
    any head.
    """
    context = sequences[:, :-1]
    whole = model(context)
    costs, copying = Costs(whole.prediction, sequences), relative_error(context, sequences)
    donor = donors(len(sequences), generator)
    new = {kind: {head: replacement(head, kind, whole, donor) for head in model.heads()} for kind in KINDS}
    measured, ratios, restored = [], [], []
    for group in progress(groups, "groups ablated and kept:"):
        others = [head for head in model.heads() if head not in group.heads]
        for kind in KINDS:
            along = {head: along_readout(model, output_of(head, whole), new[kind][head]) for head in group.heads}
            replaced = {
                "ablated": {head: new[kind][head] for head in group.heads},
                "direction_kept": along,
                "kept": {head: new[kind][head] for head in others},
            }
            changes = {}
            for intervention, outputs in replaced.items():
                prediction = predict_with(
                    model, whole, lambda rows, of=outputs: replace_heads({head: of[head][rows] for head in of})
                )
                errors = costs.of(prediction)
                changes[intervention] = errors["change"][:, first_determined:].mean(axis=1)
                labels = {**_named(group), "intervention": intervention, "kind": kind}
                measured += [({**labels, "measure": measure}, values) for measure, values in errors.items()]
                pair = np.stack([errors["relative_error"], copying], axis=-1)
                ratios.append(({**labels, "measure": "copy_ratio"}, pair))
            labels = {**_named(group), "intervention": "direction_kept", "kind": kind, "measure": "restored"}
            pair = np.stack([changes["ablated"] - changes["direction_kept"], changes["ablated"]], axis=-1)
            if bootstrap.interval(changes["ablated"])[1] > 0:
                restored.append((labels, pair))
    frames = [
        rows_by_position(measured, first_determined, bootstrap),
        rows_by_position(ratios, first_determined, bootstrap, ratio),
        *([bootstrap.rows(restored, ratio)] if restored else []),
    ]
    return pd.concat(frames)


def along_readout(model: Transformer, output: Tensor, new: Tensor) -> Tensor:
    """`new` with the part of `output` along the readout directions in place of its own, `batch position d_model`.

    The readout directions are those of `readout_directions`: what lies along them is all that the readout sees of an
    output directly.
    """
    directions, _ = readout_directions(model)
    basis = torch.linalg.qr(directions.T).Q.to(output.dtype)  # d_model dimension
    return new + (output - new) @ basis @ basis.T


def _named(group: Group) -> dict:
    return {"group": group.group, "members": group.members, "size": len(group.heads), "heads": group.listed}
