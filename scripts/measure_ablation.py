"""Ablate each head, each layer's attention and each MLP in turn; measure how the prediction error changes."""

from recurrence_circuits.measures.ablation import measure_ablation
from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        first, seed = m.task.first_determined, m.run.data.seed
        m.measure_both(
            "ablation",
            # The same donors for both models.
            lambda model: measure_ablation(model, m.sequences, first, bootstrap, torch_stream(seed, "resample")),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
