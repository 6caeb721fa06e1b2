"""Apply the model's readout to the residual stream after each layer; measure the error of that estimate."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.readout_lens import measure_readout_lens
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences))
        frames = {
            name: measure_readout_lens(model, m.sequences, m.task.first_determined, bootstrap)
            for name, model in m.models.items()
        }
        m.write_both("readout_lens", frames)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
