"""What the stages share that put other activations in place; apart from `inputs`, as not every stage has intervals."""

from collections.abc import Callable

import pandas as pd

from recurrence_circuits.measures.bootstrap import Bootstrap
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.randomness import torch_stream


def measure_replaced(smk, m: MeasureInputs, table: str, measure: Callable[..., pd.DataFrame]) -> None:
    """Write a table of what `measure` finds in the trained model and in its control, with the same donors for both.

    measure takes a model, the sequences, the first determined position, a bootstrap over the sequences, and the
    generator from which it draws donors.
    """
    seed, first = m.run.data.seed, m.task.first_determined
    bootstrap = Bootstrap.from_rule(smk, seed, len(m.sequences))
    m.measure_both(table, lambda model: measure(model, m.sequences, first, bootstrap, torch_stream(seed, "resample")))
