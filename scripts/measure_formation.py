"""Measure error, copying and feedback at snapshots during training, from the untrained model to the final one."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.formation import N_SEQUENCES, measure_formation
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.model.weights import load_snapshots
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        snapshots = load_snapshots(smk.input.snapshots, m.run)
        models = {0: m.models["untrained"], **snapshots, m.run.training.steps: m.models["trained"]}
        sequences = m.sequences[:N_SEQUENCES]
        floor = m.task.bayes(sequences[:, :-1].double(), m.run.data.noise)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(sequences), "formation")
        frame = measure_formation(
            models, sequences, floor, m.task.first_determined, smk.params.feedback_epsilon, bootstrap
        )
        m.write("formation", frame)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
