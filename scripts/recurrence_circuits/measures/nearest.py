"""The candidate nearest to a model in each condition, and the position from which the model departs from it."""

import pandas as pd

# If several candidates are equally near, the first in this order is named. (Without noise, all that solve the
# recurrence agree at the determined positions.)
PREFERRED = (
    "bayes", "ridge", "least_squares", "three_term", "best_linear", "linear_extrapolation",
    "copy_last", "copy_previous", "context_mean", "zero",
)  # fmt: skip
TIED = 1.1  # a candidate within this factor of the nearest distance is tied with the nearest
DEPARTURE = 10.0  # see `nearest_candidates`


def nearest_candidates(algorithm: pd.DataFrame, first_determined: int) -> pd.DataFrame:
    """For one model and each condition: the nearest candidate, and where the model departs from its reference.

    algorithm holds the columns of that table from `condition` on, of one model. Returns the columns of the `nearest`
    table from `condition` on:

    nearest           the candidate with the least distance over the determined positions
    tied              the other candidates within the factor TIED of that distance
    value, low, high  that distance over the mean square of the model's predictions
    reference         of the candidates nearest in distribution, the first that is known in this condition too
    departs           the first determined position at which the model's distance from the reference is more than
                      DEPARTURE times the model's own error at that position in distribution, each divided by the mean
                      square of the model's predictions there; empty if there is none
    """
    home = algorithm[algorithm["condition"] == "in_distribution"]
    at_home = _nearest(home)
    usual = _share(home, "model", "relative_error", first_determined)
    rows = []
    for (condition, level), here in algorithm.groupby(["condition", "level"], sort=False):
        relative = here[here["measure"] == "relative"].set_index("predictor")
        reference = next(name for name in at_home if name in relative.index)
        distance = _share(here, reference, "distance", first_determined)
        far = distance.index[distance > DEPARTURE * usual]
        nearest, *tied = _nearest(here)
        row = {"condition": condition, "level": level, "nearest": nearest, "tied": " ".join(tied)}
        row |= relative.loc[nearest, ["value", "low", "high"]].to_dict()
        row |= {"reference": reference, "departs": min(far, default=None)}
        rows.append(row)
    return pd.DataFrame(rows).astype({"departs": "Int64"})


def _nearest(here: pd.DataFrame) -> list[str]:
    """The nearest candidate and those tied with it, in the order of PREFERRED."""
    relative = here[here["measure"] == "relative"].set_index("predictor")["value"]
    near = relative.index[relative <= TIED * relative.min()]
    return sorted(near, key=PREFERRED.index)


def _share(here: pd.DataFrame, predictor: str, measure: str, first_determined: int) -> pd.Series:
    """A measure divided by the mean square of the model's predictions, by determined position."""
    rows = here[here["position"] >= first_determined]

    def by_position(predictor: str, measure: str) -> pd.Series:
        found = rows[(rows["predictor"] == predictor) & (rows["measure"] == measure)]
        return found.set_index("position")["value"]

    return by_position(predictor, measure) / by_position("zero", "distance")  # distance from 0 = mean square
