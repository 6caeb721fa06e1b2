"""Patch the outputs of layer 0 along one path at a time; measure the effect on the prediction."""

from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.paths import measure_paths
from recurrence_circuits.measures.replaced import measure_replaced
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        measure_replaced(smk, MeasureInputs.from_rule(smk), "paths", measure_paths)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
