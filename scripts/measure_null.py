"""Measure untrained models, many of them: what the claims' statistics are without any training."""

import pandas as pd
import torch

from recurrence_circuits.claims.criteria import OF_UNTRAINED
from recurrence_circuits.claims.statistics import Measured
from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.config.model import ModelSettings
from recurrence_circuits.io.tables import write_table
from recurrence_circuits.measures.null import N_SEQUENCES, tables_of_untrained
from recurrence_circuits.model.interventions import donors
from recurrence_circuits.model.transformer import Transformer
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.runtime.progress import progress
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.dataset import read_sequences


def main(smk):
    with log_to(smk.log[0]):
        torch.set_num_threads(smk.threads)
        data, settings = SequenceSettings.from_params(smk.params.sequences), ModelSettings.from_params(smk.params.model)
        sequences = read_sequences(smk.input.test, data)[:N_SEQUENCES]
        first, epsilon = make_task(smk.params.task, data).first_determined, smk.params.feedback_epsilon
        donor = donors(len(sequences), torch_stream(data.seed, "null donors"))
        rows = []
        for number in progress(range(smk.params.n_null), "untrained models measured:"):
            # A stream of its own, so that no model of the null is the control of a seed.
            generator = torch_stream(data.seed, "null", str(number))
            model = Transformer(settings, data.context_length, data.dimension, generator).eval().requires_grad_(False)
            measured = Measured(tables_of_untrained(model, sequences, donor, first, epsilon), f"untrained {number}")
            rows += [(number, name, measure(measured, "untrained")["value"]) for name, measure in OF_UNTRAINED.items()]
        frame = pd.DataFrame(rows, columns=["initialisation", "statistic", "value"])
        frame = frame.assign(experiment=smk.wildcards.experiment)
        write_table("null", smk.params.columns["null"], frame, smk.output.null)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
