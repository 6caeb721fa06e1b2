"""Take groups of heads away together, and keep each alone: negative heads, copying heads, and as many at random."""

from recurrence_circuits.groups import choose_groups, measure_groups
from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tables import read_table


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        similarity = read_table("similarity", smk.input.similarity)
        # The control has the same head numbers: what is chosen by what training made, in a model without it.
        groups = choose_groups(
            similarity[similarity["model"] == "trained"],
            m.models["trained"].heads(),
            smk.params.negative_correlation_max,
            smk.params.copy_correlation_min,
            m.run.seed,
        )
        frames = {
            name: measure_groups(
                model,
                groups,
                m.sequences,
                m.task.first_determined,
                m.bootstrap,
                torch_stream(m.run.data.seed, "resample"),
            )
            for name, model in m.models.items()
        }
        m.write_both("groups", frames, smk.output.groups)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
