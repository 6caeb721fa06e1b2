"""The report's section on whether two sets of sequences give the same numbers."""

from statistics import NormalDist

import pandas as pd

from recurrence_circuits.claims.numbers import number, with_interval

USES = {"claim": "statistics that verdicts rest on", "ablation": "costs of ablation", "explained": "explained shares"}
MOST = 1.0  # widths of the narrower interval between two values that agree


def agreement_view(agreement: pd.DataFrame, kind: str, n: int, confidence: float) -> dict:
    """`sentence`: how many statistics agree; `tables`: those that do not, with both values, or none.

    agreement is the table of that name; kind the ablation that claims are judged by, whose statistics count for them;
    n the number of sequences in a set; confidence that of the intervals. The table has what verdicts rest on first.
    """
    of_claims = agreement["use"].str.startswith("claim")
    judged = agreement[~of_claims | agreement["kind"].isna() | (agreement["kind"] == kind)]
    apart = judged[judged["measure"] == "disagreement"].set_index(["use", "statistic"])["value"]
    seeds = ", ".join(str(seed) for seed in sorted(judged["seed"].unique()))
    sentence = (
        f"The model of seed {seeds} was measured on two fresh sets of {n:,} sequences, as many as the test set has. "
        f"A statistic agrees if its two values lie no further apart than the narrower of their {confidence:.0%} "
        f"intervals is wide; {_counts(apart)} do. By chance {_by_chance(confidence):.2g} in 1,000 would not, were they "
        "normal."
    )
    worst = apart[apart > MOST].sort_values(ascending=False, kind="stable")
    worst = pd.concat([worst[_of(worst) == use] for use in USES])
    return {"sentence": sentence, "tables": [_table(judged, worst)] if len(worst) else []}


def _counts(apart: pd.Series) -> str:
    """How many agree of how many, for each use that has any, as in `9 of 10 explained shares`."""
    parts = []
    for use, words in USES.items():
        if len(own := apart[_of(apart) == use]):
            parts.append(f"{(own <= MOST).sum()} of {len(own)} {words}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _of(apart: pd.Series) -> pd.Index:
    """Which of USES each statistic has."""
    return apart.index.get_level_values("use").str.split().str[0]


def _by_chance(confidence: float) -> float:
    """Of 1,000 statistics with normal errors and true intervals, how many do not agree."""
    width = 2 * NormalDist().inv_cdf((1 + confidence) / 2)  # in standard errors; a difference has √2 of them
    return 2000 * NormalDist().cdf(-MOST * width / 2**0.5)


def _table(judged: pd.DataFrame, worst: pd.Series) -> dict:
    """The statistics of `worst` as a table to show."""
    values = {
        measure: {(row.use, row.statistic): with_interval(row) for row in rows.itertuples()}
        for measure, rows in judged.groupby("measure")
    }
    return {
        "title": "Statistics that do not agree",
        "columns": ["statistic", "rests on it", "one set", "another set", "apart, in widths"],
        "rows": [
            [statistic, use, values["first"][use, statistic], values["second"][use, statistic], number(widths)]
            for (use, statistic), widths in worst.items()
        ],
        "note": "Few sequences decide these, or their intervals leave out what else a set decides: which head is the "
        "lowest, the mean that stands in for an output, the maps of a recalibration.",
    }
