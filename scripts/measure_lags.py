"""Measure which of the recent terms every component's direct contribution is made from."""

import pandas as pd

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.measures.lags import N_DERIVATIVE, measure_correlations, measure_derivatives
from recurrence_circuits.runtime.logs import log_to
from recurrence_circuits.tasks.dataset import read_parameters


def main(smk):
    with log_to(smk.log[0]):
        m = MeasureInputs.from_rule(smk)
        a = read_parameters(smk.input.test, m.run.task, m.run.data, len(m.sequences)).get("a")  # a matrix is named A
        moved, seed = m.context[:N_DERIVATIVE], m.run.data.seed
        of_moved = Bootstrap.from_rule(smk, seed, len(moved), "lags")
        of_all, first = Bootstrap.from_rule(smk, seed, len(m.sequences)), m.task.first_determined

        def measure(model):
            derivatives = measure_derivatives(model, moved, first, of_moved)
            return pd.concat([derivatives, measure_correlations(model, m.context, first, of_all, a)])

        m.measure_both("lags", measure)


if __name__ == "__main__":
    main(snakemake)  # noqa: F821  (injected by Snakemake)
