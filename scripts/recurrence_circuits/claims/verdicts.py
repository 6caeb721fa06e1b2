"""From criteria to verdicts, over all seeds and beside the untrained control."""

import pandas as pd
from scipy.stats import binomtest

from recurrence_circuits.claims.criteria import Criterion, criteria
from recurrence_circuits.claims.fixed_weights import far_below_fixed_weights, needs_fixed_weights
from recurrence_circuits.claims.standing import EXPLORATION
from recurrence_circuits.claims.statistics import Measured
from recurrence_circuits.claims.text import COUNT, STATEMENTS

# Claim 5 asks of each seed one claim of each group.
GROUPS = {"1": "1", "2a": "2", "2b": "2", "2c": "2", "3a": "3", "3b": "3", "3c": "3", "4": "4"}
MODELS = ("trained", "untrained")


def judge_claims(
    tables: dict[str, pd.DataFrame],
    null: pd.DataFrame,
    thresholds: dict,
    n_layers: int,
    confidence: float,
    first_determined: int,
    roles: dict[str, list[int]] | None = None,
) -> pd.DataFrame:
    """The columns of the `claims` table from `seed` on.

    tables            those of statistics.TABLES, of all seeds, and `mechanism` where fixed_weights needs it
    null              the table of that name: the statistics of untrained models
    thresholds        the criteria's
    confidence        of Wilson's interval for the share of seeds in support (support_low, support_high)
    first_determined  the first position at which the terms seen fix the next one
    roles             the seeds by role (see claims.standing), each judged by itself; by default all are exploration
                      seeds

    A criterion is `supported` if it holds in at least the share agreement_min of the seeds, `not supported` if it fails
    in at least that share, and `mixed` otherwise. A claim's verdict is that of its criteria together, and is at best
    `mixed` if the untrained controls pass in that share too. A claim without criteria (see `criteria`) is left out, and
    claim 5 asks for the others. Raises ValueError if a needed row is missing.
    """
    floor_known = "model_ratio" in set(tables["predictions"]["measure"])
    listed = criteria(thresholds, null, n_layers, floor_known)
    if needs_fixed_weights(tables["predictions"]):
        listed.append(far_below_fixed_weights(thresholds, first_determined))
    roles = roles or {EXPLORATION: sorted(tables["predictions"]["seed"].unique())}
    judged = [_judged(listed, tables, seeds, thresholds, confidence).assign(role=role) for role, seeds in roles.items()]
    return pd.concat(judged, ignore_index=True)


def _judged(
    listed: list[Criterion], tables: dict[str, pd.DataFrame], seeds: list[int], thresholds: dict, confidence: float
) -> pd.DataFrame:
    """The claims judged by these seeds alone."""
    measured = {
        seed: Measured({name: table[table["seed"] == seed] for name, table in tables.items()}, f"seed {seed}")
        for seed in seeds
    }
    rows = [_criterion_row(criterion, measured[seed], seed) for criterion in listed for seed in seeds]
    by_criterion = pd.DataFrame(rows)
    claims = [claim for claim in STATEMENTS if claim in set(by_criterion["claim"])]
    for claim in claims:
        rows += [_claim_row(claim, by_criterion, seed) for seed in seeds]
    rows += [row for seed in seeds for row in _stability_rows(pd.DataFrame(rows), seed)]

    frame = pd.DataFrame(rows)
    frame["statement"] = frame["claim"].map(STATEMENTS)
    frame = frame.sort_values(["claim", "criterion"], key=_reading_order, kind="stable")
    groups = frame.groupby(["claim", "criterion"], sort=False)
    frame["n_seeds"] = len(seeds)
    frame["seeds_in_support"] = groups["holds"].transform("sum").astype(int)
    frame["control_in_support"] = groups["control_holds"].transform("sum").astype(int)
    intervals = {k: wilson(k, len(seeds), confidence) for k in frame["seeds_in_support"].unique()}
    frame["support_low"] = frame["seeds_in_support"].map(lambda k: intervals[k][0])
    frame["support_high"] = frame["seeds_in_support"].map(lambda k: intervals[k][1])
    frame["verdict"] = [
        verdict(row.seeds_in_support, row.control_in_support if row.criterion == COUNT else 0, len(seeds), thresholds)
        for row in frame.itertuples()
    ]
    whole = frame[frame["criterion"] == COUNT].drop_duplicates("claim").set_index("claim")["verdict"]
    frame["claim_verdict"] = frame["claim"].map(whole)
    return frame


def verdict(in_support: int, control_in_support: int, n_seeds: int, thresholds: dict) -> str:
    """supported, mixed or not supported; see `judge_claims`."""
    agreement = thresholds["agreement_min"]
    # Shares, not products: 4 / 5 is the same float as 0.8, while (1 - 0.8) * 5 is less than 1.
    if in_support / n_seeds >= agreement:
        return "mixed" if control_in_support / n_seeds >= agreement else "supported"
    return "not supported" if (n_seeds - in_support) / n_seeds >= agreement else "mixed"


def _criterion_row(criterion: Criterion, measured: Measured, seed: int) -> dict:
    trained, untrained = (criterion.measure(measured, model) for model in MODELS)
    return {
        "seed": seed, "claim": criterion.claim, "criterion": criterion.name, "statistic": criterion.statistic,
        "relation": criterion.relation, "threshold": criterion.threshold,
        "value": trained["value"], "low": trained["low"], "high": trained["high"], "holds": criterion.holds(trained),
        "control_value": untrained["value"], "control_holds": criterion.holds(untrained),
    }  # fmt: skip


def _count_row(claim: str, criterion: str, statistic: str, seed: int, holds: pd.Series, control: pd.Series) -> dict:
    """A row that counts what holds, and holds if all does."""
    return {
        "seed": seed, "claim": claim, "criterion": criterion, "statistic": statistic,
        "relation": ">=", "threshold": len(holds), "value": holds.sum(), "holds": holds.all(),
        "control_value": control.sum(), "control_holds": control.all(),
    }  # fmt: skip


def _claim_row(claim: str, by_criterion: pd.DataFrame, seed: int) -> dict:
    own = by_criterion[(by_criterion["claim"] == claim) & (by_criterion["seed"] == seed)]
    return _count_row(claim, COUNT, "criteria of this claim that hold", seed, own["holds"], own["control_holds"])


def _stability_rows(rows: pd.DataFrame, seed: int) -> list[dict]:
    whole = rows[(rows["criterion"] == COUNT) & (rows["seed"] == seed)]
    groups = whole.groupby(whole["claim"].map(GROUPS))
    holds, control = groups["holds"].any(), groups["control_holds"].any()
    statistic = f"claims {', '.join(holds.index)} that hold in this seed"
    return [_count_row("5", name, statistic, seed, holds, control) for name in ("claims_together", COUNT)]


def _reading_order(column: pd.Series) -> pd.Series:
    """Sort key: claims in the order of STATEMENTS, each headed by its COUNT rows, criteria in their order."""
    return column.map(list(STATEMENTS).index) if column.name == "claim" else column != COUNT


def wilson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a proportion, in [0, 1]."""
    interval = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
