"""Put the seeds' tables of one measure below each other."""

from recurrence_circuits.logs import log_to
from recurrence_circuits.summaries import gather
from recurrence_circuits.tables import write_table


def main(smk):
    with log_to(smk.log[0]) as logger:
        table = gather(smk.wildcards.table, smk.input.seeds)
        write_table(smk.wildcards.table, table, smk.output.table)
        logger.info("%s: %d rows from %d seeds", smk.wildcards.table, len(table), len(smk.input.seeds))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
