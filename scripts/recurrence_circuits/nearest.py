"""What the distances to the candidates say: the nearest one in each condition, and a sentence on it."""

import pandas as pd

# Where several candidates are as near, the one named is the first of these. (Without noise, all that solve the
# recurrence agree wherever it is determined.)
PREFERRED = (
    "bayes", "ridge", "least_squares", "three_term", "best_linear", "linear_extrapolation",
    "copy_last", "copy_previous", "context_mean", "zero",
)  # fmt: skip
TIED = 1.1  # candidates up to this many times as far as the nearest are not told apart from it
DEPARTURE = 10.0  # see `nearest_candidates`
NAMES = {
    "zero": "predicting zero", "context_mean": "the context's mean", "copy_last": "copying the last term",
    "copy_previous": "copying the term before the last", "linear_extrapolation": "linear extrapolation",
    "three_term": "the three-term closed form", "least_squares": "least squares", "ridge": "ridge regression",
    "bayes": "the Bayes-optimal predictor", "best_linear": "the best linear predictor by position",
}  # fmt: skip
SETTINGS = {
    "in_distribution": "In distribution", "noise": "With observation noise of standard deviation {:g}",
    "a": "With |a| up to {:g}", "b": "With b drawn {:g} times as wide", "x0": "With x_0 drawn {:g} times as wide",
    "c": "With coefficients drawn {:g} times as wide", "late_start": "With the first {:g} terms left out",
}  # fmt: skip


def nearest_candidates(algorithm: pd.DataFrame, first_determined: int) -> pd.DataFrame:
    """For one model, in each condition: the nearest candidate over the determined positions, and where likeness ends.

    algorithm holds the columns of that table from `condition` on, of one model. Returns those of the table `nearest`
    from `condition` on. value, low, high: the nearest candidate's distance over the mean square of the model's
    predictions. tied: other candidates that are not told apart from it. The likeness is to the `reference`, the first
    of those nearest in distribution that is known in the condition too. It ends at the first determined position
    (departs; empty if there is none) at which the model's distance to the reference is more than DEPARTURE times the
    model's own error at that position in distribution, each over the mean square of the model's predictions there.
    """
    home = algorithm[algorithm["condition"] == "in_distribution"]
    at_home = _nearest(home)
    usual = _share(home, "model", "mse", first_determined)
    rows = []
    for (condition, level), here in algorithm.groupby(["condition", "level"], sort=False):
        if condition == "prefix":
            continue
        relative = here[here["measure"] == "relative"].set_index("predictor")
        reference = next(name for name in at_home if name in relative.index)
        distance = _share(here, reference, "distance", first_determined)
        far = distance.index[distance > DEPARTURE * usual]
        nearest, *tied = _nearest(here)
        row = {"condition": condition, "level": level, "nearest": nearest, "tied": " ".join(tied)}
        row |= relative.loc[nearest, ["value", "low", "high"]].to_dict()
        row |= {"reference": reference, "departs": min(far, default=None)}
        rows.append(row | {"statement": statement(row)})
    return pd.DataFrame(rows).astype({"departs": "Int64"})


def _nearest(here: pd.DataFrame) -> list[str]:
    """The nearest candidate and those not told apart from it, in the order of PREFERRED."""
    relative = here[here["measure"] == "relative"].set_index("predictor")["value"]
    near = relative.index[relative <= TIED * relative.min()]
    return sorted(near, key=PREFERRED.index)


def _share(here: pd.DataFrame, predictor: str, measure: str, first_determined: int) -> pd.Series:
    """A measure over the mean square of the model's predictions, by determined position."""
    rows = here[here["position"] >= first_determined]

    def by_position(predictor: str, measure: str) -> pd.Series:
        found = rows[(rows["predictor"] == predictor) & (rows["measure"] == measure)]
        return found.set_index("position")["value"]

    return by_position(predictor, measure) / by_position("zero", "distance")  # the distance to 0 is that mean square


def statement(row: dict) -> str:
    """One row of the table `nearest` as a sentence."""
    tied = row["tied"].split()
    also = f", not told apart from {', '.join(NAMES[name] for name in tied)}" if tied else ""
    sentence = (
        f"{SETTINGS[row['condition']].format(row['level'])}, it is nearest to {NAMES[row['nearest']]} "
        f"(relative distance {row['value']:.2g}{also})"
    )
    if row["condition"] == "in_distribution":
        return f"{sentence}."
    if row["departs"] is None:
        return f"{sentence} and as like {NAMES[row['reference']]} as in distribution, at every determined position."
    return f"{sentence}; its likeness to {NAMES[row['reference']]} ends at n = {row['departs']}."
