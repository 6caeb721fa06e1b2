"""What is compared across experiments: the share of seeds in support of each claim, and how well the models predict."""

import pandas as pd

from recurrence_circuits.claims.text import COUNT, of_record

POSITIONS, MEASURE = "early", "relative_error"  # of the errors compared, those by which claim 1 is judged
PREDICTORS = ["model", "best_linear"]  # whose errors are compared: what learns in context, and the best that does not
SUPPORT = ["experiment", "role", "claim", "claim_verdict", "seeds_in_support", "control_in_support", "n_seeds"]


def support(claims: pd.DataFrame) -> pd.DataFrame:
    """One row per experiment and claim, of the seeds whose verdict counts: columns SUPPORT of the table `claims`."""
    decide = pd.concat([of_record(rows) for _, rows in claims.groupby("experiment", sort=False)])
    return decide[decide["criterion"] == COUNT].drop_duplicates(["experiment", "claim"])[SUPPORT]


def over_seeds(quality: pd.DataFrame) -> pd.DataFrame:
    """Median over seeds of every statistic of the errors compared: experiment, predictor, statistic, level, value."""
    own = quality[(quality["positions"] == POSITIONS) & (quality["measure"] == MEASURE)]
    return own.groupby(["experiment", "predictor", "statistic", "level"], sort=False)["value"].median().reset_index()


def medians(quality: pd.DataFrame) -> pd.DataFrame:
    """Median error of the models and of the best fixed weights on the terms: experiment, predictor, value.

    An experiment whose best fixed weights are not known has the row of its models only.
    """
    found = over_seeds(quality)
    found = found[(found["statistic"] == "quantile") & (found["level"] == 0.5) & found["predictor"].isin(PREDICTORS)]
    return found[["experiment", "predictor", "value"]]


def in_groups(experiments: dict[str, dict[str, str]], supported: pd.DataFrame) -> dict[str, list[str]]:
    """The experiments of each group, those that support most first.

    experiments: by name, `group` and `differs`, in the order of the groups; supported: as from `support`. The sum of an
    experiment's shares over all claims decides, then the order given.
    """
    shares = (supported["seeds_in_support"] / supported["n_seeds"]).groupby(supported["experiment"]).sum()
    groups: dict[str, list[str]] = {}
    for name in sorted(experiments, key=lambda name: -shares[name]):
        groups.setdefault(experiments[name]["group"], []).append(name)
    return {group: groups[group] for group in dict.fromkeys(about["group"] for about in experiments.values())}
