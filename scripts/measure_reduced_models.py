"""Measure how much of the predictions is explained by reduced models that copy and apply linear feedback."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.reduced_models import measure_reduced_models
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        m.measure_both(
            "reduced_models",
            lambda model: measure_reduced_models(model, m.sequences, m.task.first_determined, bootstrap),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
