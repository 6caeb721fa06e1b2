"""Concatenate the seeds' tables of an experiment: one file per table."""

from pathlib import Path

from recurrence_circuits.io.tables import gather
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]) as logger:
        for path in smk.output:
            table = Path(path).name
            n_rows = gather([part for part in smk.input if Path(part).name == table], path)
            logger.info("%s: %d rows", table, n_rows)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
