"""Draw an experiment's training and test sequences, from separate random streams."""

from recurrence_circuits.dataset import draw_sequences, write_arrays
from recurrence_circuits.logs import log_to
from recurrence_circuits.settings import DataSettings


def main(smk):
    with log_to(smk.log[0]) as logger:
        settings = DataSettings.from_params(smk.params.data)
        for part, n in (("train", settings.n_train), ("test", settings.n_test)):
            arrays = draw_sequences(smk.params.task, settings, part, n)
            write_arrays(smk.output[part], arrays)
            logger.info("%s: %d sequences of %s, shape %s", part, n, smk.params.task, arrays["sequences"].shape)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
