"""Measure what each head's weights do, and what each layer's attention answers when its input's estimate is shifted."""

from recurrence_circuits.circuits import measure_circuits, measure_composition, qk_factors
from recurrence_circuits.dataset import write_arrays
from recurrence_circuits.feedback import measure_feedback
from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        first, tables = m.task.first_determined, {"circuits": {}, "composition": {}, "feedback": {}}
        for name, model in m.models.items():
            trace = model(m.context)
            tables["circuits"][name] = measure_circuits(model, trace, first)
            tables["composition"][name] = measure_composition(model, trace, first)
            tables["feedback"][name] = measure_feedback(model, trace, first, m.analysis.feedback_epsilon, m.bootstrap)
            if name == "trained":
                write_arrays(smk.output.qk_factors, qk_factors(model, trace, first))
        for table, frames in tables.items():
            m.write_both(table, frames, smk.output[table])


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
