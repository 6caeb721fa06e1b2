"""What untrained models measure: the tables, without intervals, behind the statistics that need no training."""

import pandas as pd
import torch
from torch import Tensor

from recurrence_circuits.measures.attention import measure_attention
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.circuits import measure_circuits
from recurrence_circuits.measures.feedback import measure_feedback
from recurrence_circuits.measures.lags import measure_derivatives
from recurrence_circuits.measures.similarity import contribution_similarity, contributions_by_component
from recurrence_circuits.model.transformer import Transformer

# Of the test sequences, the first ones: initialisations differ far more than sets of so many sequences do.
N_SEQUENCES, N_DERIVATIVE = 256, 64


@torch.no_grad()
def tables_of_untrained(
    model: Transformer, sequences: Tensor, donor: Tensor, first: int, epsilon: float
) -> dict[str, pd.DataFrame]:
    """The tables `similarity`, `circuits`, `feedback` (of the last layer) and `lags` (derivatives) of one model.

    sequences is `sequence position dimension`, one term longer than the context; donor, `sequence`, is another sequence
    for each; first is the first determined position; epsilon is measure_feedback's. The column `model` is `untrained`.
    """
    context, last = sequences[:, :-1], model.settings.n_layers - 1
    moved = context[:N_DERIVATIVE]
    bootstrap, of_moved = (Bootstrap.without_resamples(len(each)) for each in (context, moved))
    cache = model(context)
    parts = contributions_by_component(model, cache)
    similar = contribution_similarity(parts, cache.prediction, sequences, first, bootstrap)
    attention = measure_attention(model, cache, context, donor, first, bootstrap)
    tables = {
        "similarity": pd.concat([similar, attention], ignore_index=True),
        "circuits": measure_circuits(model, cache.residual, first),
        "feedback": measure_feedback(model, cache.residual, first, epsilon, bootstrap, layers=[last]),
        "lags": measure_derivatives(model, moved, first, of_moved),
    }
    return {name: table.assign(model="untrained").reset_index(drop=True) for name, table in tables.items()}
