"""Measure the error of the handcrafted transformers on the test sequences of an experiment."""

import torch

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.io.tables import write_table
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.handcrafted import measure_handcrafted
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.dataset import read_sequences


def main(smk):
    with log_to(smk.log[0]):
        torch.set_num_threads(smk.threads)
        settings = SequenceSettings.from_params(smk.params.sequences)
        sequences, task = read_sequences(smk.input.test, settings), make_task(smk.params.task, settings)
        bootstrap = Bootstrap.from_rule(smk, settings.seed, len(sequences))
        scores = measure_handcrafted(task, settings.noise, sequences, bootstrap)
        scores = scores.assign(experiment=smk.wildcards.experiment)
        write_table("handcrafted", smk.params.columns["handcrafted"], scores, smk.output.handcrafted)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
