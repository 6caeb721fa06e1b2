"""Ablate groups of heads together, and keep each alone: negative heads, copying heads, random controls."""

from recurrence_circuits.io.tables import read_table
from recurrence_circuits.measures.groups import choose_groups, measure_groups
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.replaced import measure_replaced
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        similarity = read_table("similarity", m.columns["similarity"], smk.input.similarity)
        # Chosen in the trained model. In the untrained control the heads of the same numbers are ablated.
        groups = choose_groups(
            similarity[similarity["model"] == "trained"],
            m.models["trained"].heads(),
            smk.params.negative_head_correlation_max,
            smk.params.copying_head_correlation_min,
            m.run.seed,
        )
        measure_replaced(smk, m, "groups", lambda model, *given: measure_groups(model, groups, *given))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
