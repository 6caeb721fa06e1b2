"""Probe the residual stream after each layer for the last term, the next one and the hidden parameters."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.probes import fitted_half, measure_probes
from recurrence_circuits.model.passes import residual_streams
from recurrence_circuits.randomness import numpy_stream
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.dataset import read_parameters


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        drawn = read_parameters(smk.input.test, m.run.task, m.run.data, len(m.sequences))
        # The model sees the first term: it is not hidden.
        parameters = {name: values.numpy() for name, values in drawn.items() if name != "x0"}
        bootstrap = Bootstrap.from_rule(smk, m.run.data.seed, len(m.sequences) - fitted_half(len(m.sequences)), "half")
        m.measure_both(
            "probes",
            lambda model: measure_probes(
                residual_streams(model, m.context),
                m.sequences,
                parameters,
                m.task.first_determined,
                bootstrap,
                numpy_stream(m.run.data.seed, "shuffle"),
            ),
        )


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
