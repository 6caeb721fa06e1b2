"""Take a finished run apart by hand: what the measures do to all heads, done to one."""

import torch
from matplotlib.figure import Figure
from torch import Tensor

from recurrence_circuits.figures.attention import draw
from recurrence_circuits.measures.attention import mean_attention
from recurrence_circuits.measures.paths import Path, patched_predictions, senders
from recurrence_circuits.model.interventions import ablatable, donors, output_of, replace, replacement
from recurrence_circuits.model.passes import batches, predict_with
from recurrence_circuits.model.transformer import Component
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runs import Run


def ablate(run: Run, component: Component, kind: str = "zero") -> Tensor:
    """The predictions without a component, `sequence position dimension`, as in the table `ablation`.

    component  such as Component("head", 2, 1): layer 2, head 1; `attention` and `mlp` have a layer only
    kind       zero, mean (over the run's sequences) or resample (another sequence's output, as the table has it)

    Raises ValueError for a component that the model does not have, for another kind, and for resample on one sequence.
    """
    _require("component", component, ablatable(run.model))
    new = replacement(component, kind, run.cache, _donors(run) if kind == "resample" else None)
    return predict_with(run.model, run.cache, lambda rows: replace(component, new[rows]))


def patch(run: Run, path: Path) -> Tensor:
    """The predictions with another sequence's output along one path, `sequence position dimension`.

    The donors are those of the table `paths`, where paths begin in layer 0 and end in the last: a path is such as
    Path(Component("head", 0, 1), "value", Component("head", 2, 3)). Raises ValueError for a path that the model does
    not have.
    """
    _require("sender", path.sender, senders(run.model))
    donor, patched = _donors(run), []
    for rows in batches(len(run.sequences)):
        new = output_of(path.sender, run.cache)[donor[rows]]
        predictions = dict(patched_predictions(run.model, run.cache.rows(rows), path.sender, new))
        _require("path", path, list(predictions))
        patched.append(predictions[path])
    return torch.cat(patched)


def plot_attention(run: Run, sequence: int | None = None) -> Figure:
    """Attention of every head, query by key: the mean over the run's sequences, or that on one of them.

    Raises ValueError for a sequence that the run does not have.
    """
    rows, n_sequences = slice(None), len(run.sequences)
    if sequence is not None:
        if not 0 <= sequence < n_sequences:
            raise ValueError(f"sequence: expected one of 0 … {n_sequences - 1}, found {sequence}")
        rows = slice(sequence, sequence + 1)
    seed = run.settings.seed
    attention = mean_attention(run.model, run.cache.rows(rows))
    figure, _ = draw(attention.assign(experiment=run.settings.experiment, seed=seed, model="trained"))
    if sequence is not None:
        figure.subfigs[0].suptitle(f"Attention of every head on sequence {sequence}: seed {seed}")
    return figure


def _donors(run: Run) -> Tensor:
    """The donors of the tables: see `measures.replaced`."""
    return donors(len(run.sequences), torch_stream(run.settings.data.seed, "resample"))


def _require(what: str, found, among: list) -> None:
    if found not in among:
        raise ValueError(f"{what}: expected one of {among}, found {found}")
