"""Measure each head's OV and QK circuits, and how heads compose, from the weights."""

from recurrence_circuits.measures.circuits import measure_circuits, measure_composition
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.model.passes import residual_streams
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        first, circuits, composition = m.task.first_determined, {}, {}
        for name, model in m.models.items():
            streams = residual_streams(model, m.context)
            circuits[name] = measure_circuits(model, streams, first)
            composition[name] = measure_composition(model, streams, first)
        m.write_both("circuits", circuits)
        m.write_both("composition", composition)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
