"""Measure what each head writes and where it attends."""

import pandas as pd

from recurrence_circuits.measures import similarity
from recurrence_circuits.measures.attention import mean_attention, measure_attention
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.model.interventions import donors
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        first, tables = m.task.first_determined, {"similarity": {}, "cosines": {}, "attention": {}}
        donor = donors(len(m.sequences), torch_stream(m.run.data.seed, "mismatch"))
        for name, model in m.models.items():
            cache = model(m.context)
            parts = similarity.contributions_by_component(model, cache)
            measured = [
                similarity.contribution_similarity(parts, cache.prediction, m.sequences, first, bootstrap),
                similarity.output_similarity(model, cache, first, bootstrap),
                measure_attention(model, cache, m.context, donor, first, bootstrap),
            ]
            tables["similarity"][name] = pd.concat(measured)
            tables["cosines"][name] = similarity.head_cosines(model, cache, first)
            tables["attention"][name] = mean_attention(model, cache)
            if name == "trained":
                sample = similarity.contribution_sample(parts, m.sequences, first, smk.params.n_shown)
                m.write("attribution", sample)
        for table, frames in tables.items():
            m.write_both(table, frames)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
