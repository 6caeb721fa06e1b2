"""From criteria to verdicts: over seeds, beside the untrained control, in a table and in plain sentences."""

import pandas as pd

from recurrence_circuits.claims import Criterion, Measured, criteria
from recurrence_circuits.statistics import wilson

STATEMENTS = {
    "1": "The recurrence is learned in context",
    "2a": "Layer 0 forms an initial estimate by copying, read as what the model's own readout sees after it",
    "2b": "Layer 0 forms an initial estimate by copying, read as what a linear probe can decode after it",
    "3a": "The last layer has negative similarity heads, read as heads whose output opposes the prediction",
    "3b": "The last layer has negative similarity heads, read as heads that attend to terms unlike the query's",
    "4": "The layers after layer 0 refine the estimate",
    "5": "Claims 1 to 4 hold in the same seeds (claims 2 and 3 in either reading)",
}
# Claim 5 asks each seed for one of each group.
GROUPS = {"1": "1", "2a": "2", "2b": "2", "3a": "3", "3b": "3", "4": "4"}
MODELS = ("trained", "untrained")


def judge_claims(tables: dict[str, pd.DataFrame], thresholds: dict, n_layers: int, confidence: float) -> pd.DataFrame:
    """The `claims` table from `seed` on.

    tables: those of claims.TABLES, of all seeds; thresholds: the config's `claims`.
    A criterion is `supported` if it holds in at least the share agreement_min of seeds, `not supported` if it fails
    in at least that share, else `mixed`. A claim's verdict is that of its criteria taken together, and can be
    no better than `mixed` if the untrained control passes as often. Claims without criteria (see `criteria`)
    are left out, and claim 5 asks for the others. support_low and support_high are Wilson's
    interval for the share of seeds. Raises ValueError if a needed row is missing.
    """
    floor_known = "model_ratio" in set(tables["predictions"]["measure"])
    listed = criteria(thresholds, n_layers, floor_known)
    seeds = sorted(tables["predictions"]["seed"].unique())
    measured = {seed: Measured(tables, seed) for seed in seeds}
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
        verdict(row.seeds_in_support, row.control_in_support if row.criterion == "all" else 0, len(seeds), thresholds)
        for row in frame.itertuples()
    ]
    whole = frame[frame["criterion"] == "all"].drop_duplicates("claim").set_index("claim")["verdict"]
    frame["claim_verdict"] = frame["claim"].map(whole)
    return frame.reset_index(drop=True)


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
    """A row that counts what holds and asks for all of it."""
    return {
        "seed": seed, "claim": claim, "criterion": criterion, "statistic": statistic,
        "relation": ">=", "threshold": len(holds), "value": holds.sum(), "holds": holds.all(),
        "control_value": control.sum(), "control_holds": control.all(),
    }  # fmt: skip


def _claim_row(claim: str, by_criterion: pd.DataFrame, seed: int) -> dict:
    own = by_criterion[(by_criterion["claim"] == claim) & (by_criterion["seed"] == seed)]
    return _count_row(claim, "all", "criteria of this claim that hold", seed, own["holds"], own["control_holds"])


def _stability_rows(rows: pd.DataFrame, seed: int) -> list[dict]:
    whole = rows[(rows["criterion"] == "all") & (rows["seed"] == seed)]
    groups = whole.groupby(whole["claim"].map(GROUPS))
    holds, control = groups["holds"].any(), groups["control_holds"].any()
    statistic = f"claims {', '.join(holds.index)} that hold in this seed"
    return [_count_row("5", name, statistic, seed, holds, control) for name in ("claims_together", "all")]


def _reading_order(column: pd.Series) -> pd.Series:
    """Sort key: claims in the order of STATEMENTS, each headed by its `all` rows, criteria as they come."""
    return column.map(list(STATEMENTS).index) if column.name == "claim" else column != "all"


def sentence(claim: pd.DataFrame) -> str:
    """A claim's verdict in plain words, from its `all` rows."""
    row = claim[claim["criterion"] == "all"].iloc[0]
    return (
        f"Claim {row['claim']}: {row['statement']}. Verdict: {row['verdict']}. "
        f"{row['seeds_in_support']} of {row['n_seeds']} seeds support it "
        f"(Wilson interval {row['support_low']:.2f} to {row['support_high']:.2f}); "
        f"{row['control_in_support']} of {row['n_seeds']} untrained controls pass the same test."
    )


def claims_markdown(frame: pd.DataFrame) -> str:
    """The claims table as a page to read: a sentence a claim, then its criteria, a column a seed."""
    parts = [f"# Claims: {frame['experiment'].iloc[0]}", "Thresholds were fixed in the config before the run."]
    for _, claim in frame.groupby("claim", sort=False):
        own = claim[claim["criterion"] != "all"]
        table = own.assign(
            threshold=[f"{r.relation} {r.threshold:g}" for r in own.itertuples()],
            shown=[
                f"{r.value:.3g}{'' if r.holds else ' ✗'} (untrained {r.control_value:.3g})" for r in own.itertuples()
            ],
            seed="seed " + own["seed"].astype(str),
        ).pivot(index=["criterion", "statistic", "threshold", "verdict"], columns="seed", values="shown")
        in_order = table.reindex(columns=dict.fromkeys("seed " + own["seed"].astype(str))).reset_index()
        parts += [f"## {sentence(claim)}", in_order.to_markdown(index=False)]
    parts += [f"Claim {claim} is not judged here: {why}." for claim, why in not_judged(frame).items()]
    return "\n\n".join(parts) + "\n"


def not_judged(frame: pd.DataFrame) -> dict[str, str]:
    """The claims that the table leaves out, each with the reason."""
    reasons = {
        "1": "without a known floor there is no excess error to compare",
        "4": "a model of one layer has no later layer that could refine the estimate",
    }
    return {claim: why for claim, why in reasons.items() if claim not in set(frame["claim"])}
