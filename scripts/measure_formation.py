"""Measure error, copying and feedback at the snapshots of a training, from the untrained model to the final one."""

from recurrence_circuits.checkpoint import load_snapshots
from recurrence_circuits.formation import N_SEQUENCES, measure_formation
from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.randomness import numpy_stream
from recurrence_circuits.statistics import Bootstrap


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        snapshots = load_snapshots(smk.input.snapshots, m.run)
        models = {0: m.models["untrained"], **snapshots, m.run.training.steps: m.models["trained"]}
        sequences = m.sequences[:N_SEQUENCES]
        floor = m.task.bayes(sequences[:, :-1].double(), m.run.data.noise)
        stream = numpy_stream(m.run.data.seed, "bootstrap", "formation")
        bootstrap = Bootstrap(len(sequences), m.analysis.resamples, m.analysis.confidence, stream)
        frame = measure_formation(
            models, sequences, floor, m.task.first_determined, m.analysis.feedback_epsilon, bootstrap
        )
        m.write("formation", frame, smk.output.formation)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
