"""Replace the attention patterns of each layer and head by ones that do not look at the sequence."""

from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.patterns import measure_patterns
from recurrence_circuits.measures.replaced import measure_replaced
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        measure_replaced(smk, MeasureInputs.from_rule(smk), "patterns", measure_patterns)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
