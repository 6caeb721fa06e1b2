"""Claim 1 in a task whose best fixed weights have no closed form: a model has to do what no fixed weights do.

Without them the table `predictions` has no `best_linear`, and a model that has learned fixed weights beats all the
baselines that are there. So it is held against the affine map of the terms, one for each position, that comes nearest
to its own predictions: the reduced model `linear` of the table `mechanism`. A model that is no better than that map
has learned nothing in context, however good it is.
"""

import numpy as np
import pandas as pd

from recurrence_circuits.claims.criteria import Criterion
from recurrence_circuits.claims.statistics import Measured

N_EARLY = 5  # determined positions that count as early; the table `mechanism` ends with the last of them


def needs_fixed_weights(predictions: pd.DataFrame) -> bool:
    """Whether the floor is known and the best fixed weights are not, by the table `predictions`."""
    compared = predictions[predictions["measure"] == "model_ratio"]
    return bool(len(compared)) and "best_linear" not in set(compared["predictor"])


def far_below_fixed_weights(thresholds: dict) -> Criterion:
    return Criterion(
        "1", "far_below_fixed_weights",
        "relative error, at the first five determined positions, over that of the fixed weights for each position that "
        "come nearest to the model's predictions",
        "<=", thresholds["learned_ratio_max"], _ratio,
    )  # fmt: skip


def _ratio(measured: Measured, model: str) -> pd.Series:
    """The ratio of two means over the same sequences and positions, without an interval.

    Raises ValueError if the tables lack a row of either.
    """
    mechanism, predictions = measured.tables["mechanism"], measured.tables["predictions"]
    nearest = mechanism.query("model == @model and reduced == 'linear' and measure == 'relative_error'")
    whole, early = nearest[nearest["position"].isna()], nearest["position"].dropna().nlargest(N_EARLY)
    predictor = {"trained": "model", "untrained": "untrained"}[model]
    own = predictions.query("predictor == @predictor and measure == 'relative_error'")
    own = own[own["position"].isin(early)]
    if (len(whole), len(own)) != (1, N_EARLY):
        raise ValueError(
            f"claims, {measured.name}: expected 1 relative error of the reduced model linear and {N_EARLY} of "
            f"{predictor}, found {len(whole)} and {len(own)}"
        )
    return pd.Series({"value": own["value"].mean() / whole["value"].iloc[0], "low": np.nan, "high": np.nan})
