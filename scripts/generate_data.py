"""Draw the training, validation or test sequences of an experiment, each part from its own random streams."""

from recurrence_circuits.config.data import SequenceSettings
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.dataset import draw_sequences, write_sequences


def main(smk):
    with log_to(smk.log[0]) as logger:
        task, part, n = smk.params.task, smk.wildcards.part, smk.params.n_sequences
        settings = SequenceSettings.from_params(smk.params.sequences)
        drawn = draw_sequences(task, settings, part, n)
        write_sequences(smk.output.sequences, drawn, task, settings)
        logger.info("%s: %d sequences of %s, shape %s", part, n, task, tuple(drawn["sequences"].shape))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
