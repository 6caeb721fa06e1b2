"""Measure how far the model's predictions are from those of every known predictor, in and out of distribution."""

from recurrence_circuits.measures.algorithm import measure_algorithm
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.nearest import nearest_candidates
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        n_condition = smk.params.n_condition
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, n_condition, "conditions")
        algorithm = measure_algorithm(m.models, m.task, m.run.data, n_condition, smk.params.noise_levels, bootstrap)
        m.write_both("algorithm", algorithm)
        nearest = {name: nearest_candidates(frame, m.task.first_determined) for name, frame in algorithm.items()}
        m.write_both("nearest", nearest)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
