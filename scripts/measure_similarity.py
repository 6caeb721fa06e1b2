"""Measure what each head writes and where it looks, and what the readout sees after each layer."""

import pandas as pd
from recurrence_circuits import similarity
from recurrence_circuits.estimates import measure_estimates
from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        first, tables = m.task.first_determined, {"similarity": {}, "cosines": {}, "attention": {}, "estimates": {}}
        for name, model in m.models.items():
            trace = model(m.context)
            parts = similarity.contributions_by_component(model, trace)
            measured = [
                similarity.contribution_similarity(parts, trace.prediction, m.sequences, first, m.bootstrap),
                similarity.output_similarity(model, trace, first, m.bootstrap),
                similarity.attention_similarity(model, trace, m.context, first, m.bootstrap),
            ]
            tables["similarity"][name] = pd.concat(measured)
            tables["cosines"][name] = similarity.head_cosines(model, trace, first)
            tables["attention"][name] = similarity.mean_attention(model, trace)
            tables["estimates"][name] = measure_estimates(model, m.sequences, first, m.bootstrap)
            if name == "trained":
                sample = similarity.contribution_sample(parts, m.sequences, first, m.analysis.n_shown)
                m.write("contributions", sample, smk.output.contributions)
        for table, frames in tables.items():
            m.write_both(table, frames, smk.output[table])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
