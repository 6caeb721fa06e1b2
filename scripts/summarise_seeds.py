"""Summarise one measure across seeds: mean, standard deviation, least and greatest."""

from recurrence_circuits.frames import write_csv
from recurrence_circuits.logs import log_to
from recurrence_circuits.summaries import spread
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]) as logger:
        summary = spread(smk.wildcards.table, read_table(smk.wildcards.table, smk.input.table))
        write_csv(summary, smk.output.spread)
        logger.info("%s: %d rows summarised", smk.wildcards.table, len(summary))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
