"""Replace the attention patterns of each layer and head by ones that do not look at the sequence."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.patterns import measure_patterns
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        first, seed = m.task.first_determined, m.run.data.seed
        m.measure_both(
            "patterns",
            # The same donors for both models.
            lambda model: measure_patterns(model, m.sequences, first, bootstrap, torch_stream(seed, "resample")),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
