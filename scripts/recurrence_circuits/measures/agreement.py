"""What verdicts, ablations and explained shares rest on, of one trained model on any set of sequences.

On two sets as large as the test set a statistic should come out alike. Where a few sequences decide it, one set has
them, and the interval of the other knows nothing of them: that is a property of the statistic, which one model shows.
"""

import pandas as pd
import torch

from recurrence_circuits.measures.ablation import measure_ablation
from recurrence_circuits.measures.attention import measure_attention
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.circuits import measure_circuits
from recurrence_circuits.measures.feedback import measure_feedback
from recurrence_circuits.measures.groups import choose_groups, measure_groups
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.lags import N_DERIVATIVE, measure_derivatives
from recurrence_circuits.measures.predictions import measure_predictions
from recurrence_circuits.measures.probes import fitted_half, measure_probes
from recurrence_circuits.measures.readout_lens import measure_readout_lens
from recurrence_circuits.measures.reduced_models import measure_reduced_models
from recurrence_circuits.measures.similarity import contribution_similarity, contributions_by_component
from recurrence_circuits.model.interventions import donors
from recurrence_circuits.randomness import numpy_stream, torch_stream

PURPOSE = "agreement"  # of every random stream here


@torch.no_grad()
def tables_of_trained(smk, m: MeasureInputs) -> dict[str, pd.DataFrame]:
    """The tables `claims.statistics.TABLES` and `reduced_models` of the trained model, on the sequences of m.

    smk has the params that the measures' own scripts read. Groups of heads are chosen anew on these sequences. The
    column `model` is `trained`. What no statistic reads is left out: feedback of other layers than the last, groups but
    the chosen ones, probes of hidden parameters, correlations by lag.
    """
    model, sequences, first, seed = m.models["trained"], m.sequences, m.task.first_determined, m.run.data.seed

    def bootstrap(n: int) -> Bootstrap:
        return Bootstrap.from_rule(smk, seed, n, PURPOSE)

    def donor_stream() -> torch.Generator:
        return torch_stream(seed, PURPOSE, "donors")

    n, moved = len(sequences), m.context[:N_DERIVATIVE]
    of_all, of_probes, of_moved = bootstrap(n), bootstrap(n - fitted_half(n)), bootstrap(len(moved))
    cache = model(m.context)
    parts = contributions_by_component(model, cache)
    similarity = [
        contribution_similarity(parts, cache.prediction, sequences, first, of_all),
        measure_attention(model, cache, m.context, donors(n, donor_stream()), first, of_all),
    ]
    similarity = pd.concat(similarity, ignore_index=True)
    limits = smk.params.negative_head_correlation_max, smk.params.copying_head_correlation_min
    groups = choose_groups(similarity, model.heads(), *limits, m.run.seed)
    chosen = [group for group in groups if group.members == "chosen" and group.group != "all"]
    moments = m.task.second_moments(sequences.shape[1], m.run.data.noise)
    epsilon, last = smk.params.feedback_epsilon, model.settings.n_layers - 1
    shuffle = numpy_stream(seed, PURPOSE, "shuffle")
    tables = {
        "predictions": measure_predictions({"model": model}, m.task, m.run.data.noise, sequences, of_all),
        "ablation": measure_ablation(model, sequences, first, of_all, donor_stream()),
        "similarity": similarity,
        "lags": measure_derivatives(model, moved, first, of_moved),
        "circuits": measure_circuits(model, cache.residual, first),
        "readout_lens": measure_readout_lens(model, sequences, moments, first, of_all),
        "probes": measure_probes(cache.residual, sequences, {}, first, of_probes, shuffle),
        "feedback": measure_feedback(model, cache.residual, first, epsilon, of_all, layers=[last]),
        "groups": measure_groups(model, chosen, sequences, first, of_all, donor_stream()),
        "reduced_models": measure_reduced_models(model, sequences, first, of_all),
    }
    return {name: table.assign(model="trained").reset_index(drop=True) for name, table in tables.items()}
