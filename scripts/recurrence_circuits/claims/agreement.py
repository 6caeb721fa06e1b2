"""Whether two sets of sequences give the same number: every statistic that a verdict, an ablation or an explained share
rests on, beside itself.
"""

from collections import defaultdict

import numpy as np
import pandas as pd

from recurrence_circuits.claims.criteria import OF_UNTRAINED, criteria
from recurrence_circuits.claims.statistics import Measured

NAMES = ["use", "statistic", "kind"]  # what tells statistics apart
CHANGES = {"change": "", "recalibrated_change": ", after a recalibration"}
SHARES = {"explained": "the prediction", "refinement": "prediction − x_n"}


def compare(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The columns of the `agreement` table from `use` on, from the `statistics_of` two sets of sequences.

    measure is `first`, `second`, or `disagreement`: how far the two are apart, in widths of the narrower interval, ≥ 0
    and infinite if that has no width. It has no row where neither set has an interval.
    """
    both = first.merge(second, on=NAMES, suffixes=("", "_2"), validate="one_to_one", how="outer", sort=False)
    if len(both) != len(first) or both[["value", "value_2"]].isna().any(axis=None):
        raise ValueError(f"agreement: expected the same statistics of both sets, found {len(first)} and {len(second)}")
    difference = (both["value"] - both["value_2"]).abs()
    width = np.fmin(both["high"] - both["low"], both["high_2"] - both["low_2"])
    apart = (difference / width).mask((difference == 0) & width.notna(), 0.0)
    sets = {"first": first, "second": second, "disagreement": both[NAMES].assign(value=apart).dropna(subset=["value"])}
    return pd.concat([rows.assign(measure=measure) for measure, rows in sets.items()], ignore_index=True)


def statistics_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every statistic of one model on one set of sequences: use, statistic, kind, value, low, high.

    tables are those of statistics.TABLES and `reduced_models`, of the trained model. use is `claim 2a` and the like,
    `ablation` or `explained share`; kind is that of the ablation, if any. Where the criteria choose a kind of ablation,
    there is a row for each, so that nothing here depends on thresholds.
    """
    rows = [*_of_criteria(tables), *_of_ablations(tables["ablation"]), *_of_shares(tables["reduced_models"])]
    return pd.DataFrame(rows).drop_duplicates(NAMES, ignore_index=True)


def _of_criteria(tables: dict[str, pd.DataFrame]) -> list[dict]:
    """Statistics are what the criteria measure. Thresholds, which are the criteria's too, play no part in them."""
    measured, rows = Measured(tables, "the trained model"), []
    no_null = pd.DataFrame({"statistic": list(OF_UNTRAINED), "value": 0.0})
    floor_known = "model_ratio" in set(tables["predictions"]["measure"])
    for kind in tables["ablation"]["kind"].unique():
        thresholds = defaultdict(float, ablation_kind=kind)
        for criterion in criteria(thresholds, no_null, measured.last_layer + 1, floor_known):
            statistic = criterion.statistic.partition(";")[0]  # what follows is its threshold
            named = kind if f"({kind} ablation)" in statistic else None
            row = criterion.measure(measured, "trained")
            rows.append(_row(f"claim {criterion.claim}", statistic, named, row))
    return rows


def _of_ablations(ablation: pd.DataFrame) -> list[dict]:
    """What it costs to ablate each head, each layer's attention and each MLP, over the determined positions."""
    chosen = ablation[ablation["position"].isna() & ablation["measure"].isin(list(CHANGES))]
    return [
        _row(
            "ablation",
            f"change of the relative error without {_place(row)} ({row['kind']} ablation){CHANGES[row['measure']]}",
            row["kind"],
            row,
        )
        for _, row in chosen.iterrows()
    ]


def _of_shares(reduced_models: pd.DataFrame) -> list[dict]:
    """The explained shares of the reduced models, but for the whole model's, over the determined positions."""
    of_part = reduced_models["measure"].isin(list(SHARES)) & (reduced_models["reduced"] != "whole")
    rows = []
    for _, row in reduced_models[of_part & reduced_models["position"].isna()].iterrows():
        of = "the last attention's contribution" if row["reduced"] == "feedback" else SHARES[row["measure"]]
        statistic = f"share of {of} that {row['reduced'].replace('_', ' ')} explains"
        rows.append(_row("explained share", statistic, None, row))
    return rows


def _place(row: pd.Series) -> str:
    if row["component"] == "head":
        return f"L{int(row['layer'])}H{int(row['head'])}"
    name = {"attention": "attention", "mlp": "MLP"}[row["component"]]
    return f"the {name} of layer {int(row['layer'])}"


def _row(use: str, statistic: str, kind: str | None, row: pd.Series) -> dict:
    return {"use": use, "statistic": statistic, "kind": kind} | {end: row[end] for end in ("value", "low", "high")}
