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


def needs_fixed_weights(predictions: pd.DataFrame) -> bool:
    """Whether the floor is known and the best fixed weights are not, by the table `predictions`."""
    compared = predictions[predictions["measure"] == "model_ratio"]
    return bool(len(compared)) and "best_linear" not in set(compared["predictor"])


def far_below_fixed_weights(thresholds: dict, first_determined: int) -> Criterion:
    """first_determined: the first position at which the terms seen fix the next one."""
    return Criterion(
        "1", "far_below_fixed_weights",
        "relative error, at the first five determined positions, over that of the fixed weights for each position that "
        "come nearest to the model's predictions",
        "<=", thresholds["learned_ratio_max"], lambda m, model: _ratio(m, model, first_determined),
    )  # fmt: skip


def _ratio(measured: Measured, model: str, first_determined: int) -> pd.Series:
    """The ratio of two means over the same sequences and positions, without an interval.

    Raises ValueError if the tables lack a row of either.
    """
    mechanism, predictions = measured.tables["mechanism"], measured.tables["predictions"]
    nearest = mechanism.query("model == @model and reduced == 'linear' and measure == 'relative_error'")
    whole, positions = nearest[nearest["position"].isna()], nearest["position"].dropna()
    early = positions[positions >= first_determined]  # the table ends with the last early position
    predictor = {"trained": "model", "untrained": "untrained"}[model]
    own = predictions.query("predictor == @predictor and measure == 'relative_error'")
    own = own[own["position"].isin(early)]
    if len(whole) != 1 or len(own) != len(early) or early.empty:
        raise ValueError(
            f"claims, {measured.name}: expected 1 relative error of the reduced model linear and one of {predictor} at "
            f"each of its positions from {first_determined} on, found {len(whole)} and {len(own)} at {len(early)}"
        )
    return pd.Series({"value": own["value"].mean() / whole["value"].iloc[0], "low": np.nan, "high": np.nan})
