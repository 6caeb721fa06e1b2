"""Score the hand-made transformers that copy and subtract on an experiment's test sequences."""

import torch
from recurrence_circuits.analysis_settings import AnalysisSettings
from recurrence_circuits.construction import score_construction
from recurrence_circuits.dataset import read_sequences
from recurrence_circuits.logs import log_to
from recurrence_circuits.randomness import numpy_stream
from recurrence_circuits.settings import DataSettings
from recurrence_circuits.statistics import Bootstrap
from recurrence_circuits.tables import write_table
from recurrence_circuits.tasks import make_task


def main(smk):
    with log_to(smk.log[0]):
        torch.set_num_threads(smk.threads)
        data, analysis = DataSettings.from_params(smk.params.data), AnalysisSettings.from_params(smk.params.analysis)
        sequences = read_sequences(smk.input.test, data)
        stream = numpy_stream(data.seed, "bootstrap")
        bootstrap = Bootstrap(len(sequences), analysis.resamples, analysis.confidence, stream)
        scores = score_construction(make_task(smk.params.task, data), data.noise, sequences, bootstrap)
        write_table("construction", scores.assign(experiment=smk.wildcards.experiment), smk.output.construction)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
