"""Measure a trained model on two fresh sets of sequences as large as the test set: which statistics come out alike."""

from dataclasses import replace

from recurrence_circuits.claims.agreement import compare, statistics_of
from recurrence_circuits.measures.agreement import PURPOSE, tables_of_trained
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.dataset import draw_sequences


def main(smk):
    with log_to(smk.log[0]) as logger:
        m = MeasureInputs.from_rule(smk)
        size = len(m.sequences)
        drawn = draw_sequences(m.run.task, m.run.data, PURPOSE, 2 * size)["sequences"]
        sets = [tables_of_trained(smk, replace(m, sequences=sequences)) for sequences in drawn.split(size)]
        found = compare(*map(statistics_of, sets))
        m.write("agreement", found)
        apart = found.loc[found["measure"] == "disagreement", "value"]
        logger.info("%d of %d statistics differ by more than an interval's width", (apart > 1).sum(), len(apart))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
