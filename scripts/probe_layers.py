"""Probe the residual stream after each layer for the last term, the next one and the hidden parameters."""

from recurrence_circuits.dataset import read_parameters
from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.probes import fitted_half, measure_probes
from recurrence_circuits.randomness import numpy_stream
from recurrence_circuits.statistics import Bootstrap


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        parameters = read_parameters(smk.input.test, m.run.task, m.run.data, len(m.sequences))
        parameters.pop("x0", None)  # the first term is seen, not hidden
        scored = len(m.sequences) - fitted_half(len(m.sequences))
        stream = numpy_stream(m.run.data.seed, "bootstrap", "half")
        bootstrap = Bootstrap(scored, m.analysis.resamples, m.analysis.confidence, stream)
        frames = {
            name: measure_probes(
                model,
                m.sequences,
                parameters,
                m.task.first_determined,
                bootstrap,
                numpy_stream(m.run.data.seed, "shuffle"),
            )
            for name, model in m.models.items()
        }
        m.write_both("probes", frames, smk.output.probes)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
