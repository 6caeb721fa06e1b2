"""When the mechanism forms: error, copying and feedback in snapshots of one training."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.errors import squared_error
from recurrence_circuits.feedback import measure_feedback
from recurrence_circuits.logs import progress
from recurrence_circuits.model import Component, Transformer
from recurrence_circuits.similarity import contribution_similarity, contributions_by_component
from recurrence_circuits.statistics import Bootstrap

N_SEQUENCES = 512  # test sequences, the first ones: a dozen models in the time that one takes elsewhere


@torch.no_grad()
def measure_formation(
    models: dict[int, Transformer],
    sequences: Tensor,
    floor: Tensor,
    first_determined: int,
    epsilon: float,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """What each model of one training has formed, all over the determined positions; models are by training step.

    mse, and excess over the Bayes-optimal predictor on the same sequences, in units of x². layer0_slope and
    layer0_correlation: the least-squares slope on x_n (the copy coefficient) and the correlation with it of layer 0's
    heads' summed direct contribution; last_layer_slope and last_layer_correlation: those of the last layer's.
    feedback_context, feedback_query: the last layer's feedback gain (see `feedback`) with free attention, the shift
    at the positions before the query or at its own.
    sequences is `sequence position dimension`, one term longer than the context; floor is the Bayes-optimal prediction,
    `sequence position dimension`, NaN where it is not known: no row for the excess then, nor for a correlation with a
    constant. Returns the columns of the `formation` table from `step` on.
    """
    frames = []
    for step, model in progress(list(models.items()), "snapshots measured:"):
        rows = [
            *_errors(model, sequences, floor, first_determined, bootstrap),
            *_layers(model, sequences, first_determined, epsilon, bootstrap),
        ]
        frames.append(pd.DataFrame(rows, columns=["measure", "value", "low", "high"]).assign(step=step))
    return pd.concat(frames).dropna(subset=["value"])


def _errors(model: Transformer, sequences: Tensor, floor: Tensor, first: int, bootstrap: Bootstrap):
    target = sequences[:, 1:]
    error, least = (squared_error(of, target)[:, first:] for of in (model(sequences[:, :-1]).prediction, floor))
    yield "mse", *bootstrap.interval(error.mean(axis=1))
    yield "excess", *bootstrap.interval((error - least).mean(axis=1))


def _layers(model: Transformer, sequences: Tensor, first: int, epsilon: float, bootstrap: Bootstrap):
    trace, last = model(sequences[:, :-1]), model.settings.n_layers - 1
    parts = contributions_by_component(model, trace)
    for name, layer in {"layer0": 0, "last_layer": last}.items():
        part = {Component("attention", layer): parts[Component("attention", layer)]}
        similar = contribution_similarity(part, trace.prediction, sequences, first, bootstrap)
        for measure, column in {"slope": "slope_on_last", "correlation": "correlation_with_last"}.items():
            yield from _rows(f"{name}_{measure}", similar, measure=column)
    feedback = measure_feedback(model, trace, first, epsilon, bootstrap, layers=[last])
    overall = feedback[feedback["position"].isna()]
    for perturbed in ("context", "query"):
        where = {"component": "attention", "layer": last, "perturbed": perturbed, "pattern": "free"}
        yield from _rows(f"feedback_{perturbed}", overall, **where)


def _rows(name: str, frame: pd.DataFrame, **where):
    chosen = np.logical_and.reduce([frame[column] == value for column, value in where.items()])
    for row in frame[chosen].itertuples():
        yield name, row.value, row.low, row.high
