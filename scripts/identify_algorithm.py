"""Find which candidate predictor a model is like, in distribution and away from it, and where the likeness ends."""

from recurrence_circuits.identification import identify_algorithm
from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.nearest import nearest_candidates
from recurrence_circuits.randomness import numpy_stream
from recurrence_circuits.statistics import Bootstrap


def main(smk):
    with log_to(smk.log[0]) as logger:
        m = Measuring.from_rule(smk)
        stream = numpy_stream(m.run.data.seed, "bootstrap", "conditions")
        bootstrap = Bootstrap(m.analysis.n_condition, m.analysis.resamples, m.analysis.confidence, stream)
        algorithm = identify_algorithm(m.models, m.task, m.run.data, m.analysis, bootstrap)
        nearest = {name: nearest_candidates(frame, m.task.first_determined) for name, frame in algorithm.items()}
        m.write_both("algorithm", algorithm, smk.output.algorithm)
        m.write_both("nearest", nearest, smk.output.nearest)
        for statement in nearest["trained"]["statement"]:
            logger.info("%s", statement)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
