"""Apply the model's readout to the residual stream after each layer; measure the error of that estimate."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.readout_lens import measure_readout_lens
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        m.measure_both(
            "readout_lens",
            lambda model: measure_readout_lens(model, m.sequences, m.task.first_determined, bootstrap),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
