"""Swap activations between sequences with the same last two terms, and see how much of the difference moves."""

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.counterfactuals import measure_counterfactuals
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.pairs import draw_every_position
from recurrence_circuits.runtime.logs import log_to


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        pairs = [
            (each, Bootstrap.from_rule(smk, m.run.data.seed, len(each.first), "counterfactuals", str(each.position)))
            for each in draw_every_position(m.task, m.run.data, len(m.sequences))
        ]
        m.measure_both("counterfactuals", lambda model: measure_counterfactuals(model, pairs))


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
