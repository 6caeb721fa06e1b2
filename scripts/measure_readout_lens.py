"""Read an estimate from the residual stream after each layer, by the model's readout and by one fitted to the layer."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.readout_lens import measure_readout_lens
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        moments = m.task.second_moments(m.sequences.shape[1], m.run.data.noise)
        m.measure_both(
            "readout_lens",
            lambda model: measure_readout_lens(model, m.sequences, moments, m.task.first_determined, bootstrap),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
