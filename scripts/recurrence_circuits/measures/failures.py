"""Which sequences a predictor fails on: the worst one in a hundred, by how wide the terms and the parameters are."""

import numpy as np
import pandas as pd
from torch import Tensor

from recurrence_circuits.measures.fresh_errors import Errors, Kind
from recurrence_circuits.measures.statistics import wilson

WORST = 0.99  # sequences with an error above this quantile are failures
EDGES = (0, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99, 0.997, 0.999, 1)  # of the bins, as quantiles: narrow at the wide end
PREDICTORS = ("model", "untrained", "copy_previous", "best_linear")


def measure_failures(errors: Errors, drawn: dict[str, Tensor], confidence: float) -> pd.DataFrame:
    """The share of failures among sequences alike in width, of each of PREDICTORS that there is.

    errors are those of `fresh_errors` on the sequences of drawn (see `draw_sequences`). A failure is a sequence whose
    error over the determined positions is above the predictor's own quantile WORST, by either measure. Returns the
    columns of the `failures` table from `predictor` on: `by` is `largest_term`, the largest |x| in the context, or a
    parameter that is one number, by its size; sequences from `lower` to `upper` make a bin; value is the share of
    failures in it, with Wilson's interval.
    """
    rows = []
    for by, width in widths(drawn).items():
        edges = np.unique(np.quantile(width, EDGES))
        bins = np.searchsorted(edges[1:-1], width, side="right")
        for predictor in (name for name in PREDICTORS if name in errors):
            for measure in ("squared_error", "relative_error"):
                error = errors[predictor][Kind("determined", measure)]
                failed = error > np.quantile(error, WORST)
                labels = {"predictor": predictor, "measure": measure, "by": by}
                rows += [labels | row for row in _shares(failed, bins, edges, confidence)]
    return pd.DataFrame(rows)


def widths(drawn: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """What sequences are sorted by, each `sequence`, ≥ 0: the largest |x| seen, and the size of scalar parameters."""
    found = {"largest_term": drawn["sequences"][:, :-1].abs().amax(dim=(1, 2)).double().numpy()}
    scalars = {name: values for name, values in drawn.items() if values.ndim == 1}
    return found | {name: values.abs().numpy() for name, values in scalars.items()}


def _shares(failed: np.ndarray, bins: np.ndarray, edges: np.ndarray, confidence: float) -> list[dict]:
    """The share of failures in each bin that holds sequences."""
    sizes, failures = np.bincount(bins), np.bincount(bins, weights=failed)
    held = np.flatnonzero(sizes)
    shares = failures[held] / sizes[held]
    columns = (edges[held], edges[held + 1], shares, *wilson(failures[held], sizes[held], confidence))
    names = ("lower", "upper", "value", "low", "high")
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
