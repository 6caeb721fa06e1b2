"""Shift the estimate in the residual stream that each layer reads; measure how its attention responds."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.feedback import measure_feedback
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.model.passes import residual_streams
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        first, epsilon = m.task.first_determined, smk.params.feedback_epsilon
        m.measure_both(
            "feedback",
            lambda model: measure_feedback(model, residual_streams(model, m.context), first, epsilon, bootstrap),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
