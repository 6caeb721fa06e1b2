"""Ablate each head, each layer's attention and each MLP in turn; measure how the prediction error changes."""

from recurrence_circuits.measures.ablation import measure_ablation
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.replaced import measure_replaced
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        measure_replaced(smk, MeasureInputs.from_rule(smk), "ablation", measure_ablation)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
