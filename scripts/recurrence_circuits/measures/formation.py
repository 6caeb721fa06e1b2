"""When the mechanism forms: error, copying and feedback at snapshots during training."""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.feedback import measure_feedback
from recurrence_circuits.measures.similarity import contribution_similarity, contributions_by_component
from recurrence_circuits.model.transformer import ActivationCache, Component, Transformer
from recurrence_circuits.runtime.progress import progress
from recurrence_circuits.tasks.errors import relative_error

N_SEQUENCES = 512  # the first test sequences: a dozen snapshots take as long as one model in other measures


@torch.no_grad()
def measure_formation(
    models: dict[int, Transformer],
    sequences: Tensor,
    floor: Tensor,
    first_determined: int,
    epsilon: float,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """What the models of one training have formed, over the determined positions.

    models are by training step. sequences is `sequence position dimension`, one term longer than the context. floor is
    the Bayes-optimal prediction, `sequence position dimension`, NaN where it is not known.
    Returns the columns of the `formation` table from `step` on. measure is one of

    relative_error          squared error in units of the sequence's own scale (see tasks/errors.py)
    relative_excess         relative_error minus that of the Bayes-optimal predictor on the same sequences
    layer0_slope            least-squares slope on x_n (the copy coefficient) of layer 0's heads' summed direct
                            contribution
    layer0_correlation      Pearson correlation of that contribution with x_n
    last_layer_slope, last_layer_correlation    the same for the heads of the last layer
    feedback_context, feedback_query            the last layer's feedback gain (see measures/feedback.py) with free
                            attention, the shift at the positions before the query or at its own

    The excess has no row if the floor is not known, a correlation none if one side is constant.
    """
    frames = []
    for step, model in progress(list(models.items()), "snapshots measured:"):
        cache = model(sequences[:, :-1])
        rows = [
            *_errors(cache.prediction, sequences, floor, first_determined, bootstrap),
            *_layers(model, cache, sequences, first_determined, epsilon, bootstrap),
        ]
        frames.append(pd.DataFrame(rows, columns=["measure", "value", "low", "high"]).assign(step=step))
    return pd.concat(frames).dropna(subset=["value"])


def _errors(prediction: Tensor, sequences: Tensor, floor: Tensor, first: int, bootstrap: Bootstrap):
    error, least = (relative_error(of, sequences)[:, first:] for of in (prediction, floor))
    yield "relative_error", *bootstrap.interval(error.mean(axis=1))
    yield "relative_excess", *bootstrap.interval((error - least).mean(axis=1))


def _layers(
    model: Transformer, cache: ActivationCache, sequences: Tensor, first: int, epsilon: float, bootstrap: Bootstrap
):
    last = model.settings.n_layers - 1
    parts = contributions_by_component(model, cache)
    for name, layer in {"layer0": 0, "last_layer": last}.items():
        part = {Component("attention", layer): parts[Component("attention", layer)]}
        similar = contribution_similarity(part, cache.prediction, sequences, first, bootstrap)
        for measure, column in {"slope": "slope_on_last", "correlation": "correlation_with_last"}.items():
            yield from _rows(f"{name}_{measure}", similar, measure=column)
    feedback = measure_feedback(model, cache.residual, first, epsilon, bootstrap, layers=[last])
    overall = feedback[feedback["position"].isna()]
    for perturbed in ("context", "query"):
        where = {"component": "attention", "layer": last, "perturbed": perturbed, "pattern": "free"}
        yield from _rows(f"feedback_{perturbed}", overall, **where)


def _rows(name: str, frame: pd.DataFrame, **where):
    chosen = np.logical_and.reduce([frame[column] == value for column, value in where.items()])
    for row in frame[chosen].itertuples():
        yield name, row.value, row.low, row.high
