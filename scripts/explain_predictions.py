"""Measure how much of the predictions copying and linear negative feedback account for, by reduced models."""

from recurrence_circuits.logs import log_to
from recurrence_circuits.measuring import Measuring
from recurrence_circuits.reduced import explain_predictions


def main(smk):
    with log_to(smk.log[0]):
        m = Measuring.from_rule(smk)
        frames = {
            name: explain_predictions(model, m.sequences, m.task.first_determined, m.bootstrap)
            for name, model in m.models.items()
        }
        m.write_both("explained", frames, smk.output.explained)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
