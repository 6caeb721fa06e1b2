"""Measure how much of a model its account explains: attention and norms as they are, MLPs as affine maps."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.mechanism import N_PAIRS, measure_mechanism
from recurrence_circuits.measures.pairs import draw_every_position
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        pairs = draw_every_position(m.task, m.run.data, min(N_PAIRS, len(m.sequences)))
        first = m.task.first_determined
        m.measure_both("mechanism", lambda model: measure_mechanism(model, m.sequences, first, bootstrap, pairs))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
