"""The claims in words: statements, short names, sentences, and the page to read. All made from the `claims` table."""

import pandas as pd

from recurrence_circuits.claims.numbers import number, spread, with_interval
from recurrence_circuits.claims.standing import CONFIRMATION, EXPLORATION, Standing

COUNT = "all"  # the criterion that counts a claim's other criteria

STATEMENTS = {
    "1": "The recurrence is learned in context",
    "2a": "Layer 0 forms an initial estimate by copying, read as what a readout sees after it",
    "2b": "Layer 0 forms an initial estimate by copying, read as what a linear probe can decode after it",
    "2c": "Layer 0 forms an initial estimate by copying, read as what copying heads bring",
    "3a": "The last layer has negative similarity heads, read as heads whose output opposes the prediction",
    "3b": "The last layer has negative similarity heads, read as heads that attend to terms unlike the query's",
    "3c": "The last layer has negative similarity heads, read as heads that attend to like terms and negate them",
    "4": "The layers after layer 0 refine the estimate",
    "5": "Claims 1 to 4 hold in the same seeds (claims 2 and 3 in any reading)",
}
SHORT_NAMES = {
    "1": "learned in context",
    "2a": "layer 0 copies (readout)",
    "2b": "layer 0 copies (probe)",
    "2c": "layer 0 copies (heads)",
    "3a": "negative heads (output)",
    "3b": "negative heads (unlike terms)",
    "3c": "negative heads (like terms)",
    "4": "later layers refine",
    "5": "all in the same seeds",
}
UNJUDGED = {  # why an experiment may leave a claim out
    "1": "without a known floor there is no excess error to compare",
    "4": "a model of one layer has no later layer that could refine the estimate",
}
SIGNS = {"<=": "≤", ">=": "≥"}
MARKS = "In brackets: bootstrap intervals over test sequences. ✓ holds, ✗ fails."


def title(row: pd.Series) -> str:
    """A claim's name and statement, from any of its rows."""
    return f"Claim {row['claim']}. {row['statement']}"


def condition(row: pd.Series) -> str:
    """What a criterion asks of its statistic, such as `≥ 0.5`."""
    return f"{SIGNS.get(row['relation'], row['relation'])} {number(row['threshold'])}"


def of_record(claims: pd.DataFrame) -> pd.DataFrame:
    """The rows that decide: those of the confirmation seeds, or of the exploration seeds if there are none."""
    roles = set(claims["role"])
    return claims[claims["role"] == (CONFIRMATION if CONFIRMATION in roles else EXPLORATION)]


def claim_views(claims: pd.DataFrame, confidence: float) -> list[dict]:
    """Each claim in sentences: `title`, `verdict`, `support` and a list `criteria`.

    The verdict is that of record; support and criteria are told of every set of seeds. confidence: the level of the
    Wilson intervals.
    """
    return [_claim_view(rows, confidence) for _, rows in claims.groupby("claim", sort=False)]


def _claim_view(rows: pd.DataFrame, confidence: float) -> dict:
    several = rows["role"].nunique() > 1
    first = of_record(rows).iloc[0]
    support = [
        _support_sentence(own.iloc[0], f"{role} " if several else "", confidence)
        for role, own in rows[rows["criterion"] == COUNT].groupby("role", sort=False)
    ]
    criteria = [
        _criterion_sentence(own, f"{role} " if several else "")
        for (_, role), own in rows[rows["criterion"] != COUNT].groupby(["criterion", "role"], sort=False)
    ]
    return {
        "title": title(first),
        "verdict": first["claim_verdict"],
        "support": " ".join(support),
        "criteria": criteria,
    }


def _support_sentence(whole: pd.Series, role: str, confidence: float) -> str:
    return (
        f"{whole['seeds_in_support']} of {whole['n_seeds']} {role}seeds support it "
        f"({confidence:.0%} Wilson interval of the share: {whole['support_low']:.2f} to {whole['support_high']:.2f}); "
        f"{whole['control_in_support']} of {whole['n_seeds']} untrained controls pass the same test."
    )


def _criterion_sentence(rows: pd.DataFrame, role: str) -> str:
    first = rows.iloc[0]
    return (
        f"{first['statistic']}. Values {spread(rows['value'])}, untrained {spread(rows['control_value'])}; "
        f"{condition(first)} holds in {rows['holds'].sum()} of {len(rows)} {role}seeds."
    )


def criteria_tables(claims: pd.DataFrame) -> list[dict]:
    """The values behind the verdicts, one table per claim with one row per seed and one column per criterion.

    Each has `title`, `columns` and `rows`, whose cells are text; MARKS says how to read them.
    """
    tables = []
    for _, rows in claims[claims["criterion"] != COUNT].groupby("claim", sort=False):
        columns, cells = ["seed"], {}
        for criterion, own in rows.groupby("criterion", sort=False):
            columns.append(f"{criterion.replace('_', ' ')} ({condition(own.iloc[0])})")
            for row in own.itertuples():
                value = f"{with_interval(row)} {'✓' if row.holds else '✗'}"
                seed = f"{row.seed}" if row.role == EXPLORATION else f"{row.seed} ({row.role})"
                cells.setdefault(seed, []).append(f"{value}; untrained {number(row.control_value)}")
        listed = [[seed, *values] for seed, values in cells.items()]
        tables.append({"title": title(rows.iloc[0]), "columns": columns, "rows": listed})
    return tables


def rule_of_verdicts(agreement: float) -> str:
    """How the verdicts are reached; agreement is the criteria's agreement_min."""
    return (
        "A seed supports a claim if all of the claim's criteria hold in it. A claim is supported if at least "
        f"{agreement:.0%} of the seeds support it, not supported if at most {1 - agreement:.0%} do, and mixed in "
        f"between, or if at least {agreement:.0%} of the controls (the same models before training) pass as well."
    )


def not_judged(claims: pd.DataFrame) -> list[str]:
    """A sentence on each claim that the table leaves out, with the reason."""
    missing = {claim: why for claim, why in UNJUDGED.items() if claim not in set(claims["claim"])}
    return [f"Claim {claim} is not judged here: {why}." for claim, why in missing.items()]


def claims_markdown(claims: pd.DataFrame, standing: Standing, confidence: float, agreement: float) -> str:
    """The claims table as a page in Markdown: of each claim the verdict, its criteria, and the values by seed.

    confidence: the level of the Wilson intervals; agreement: the criteria's agreement_min.
    """
    parts = [f"# Claims: {claims['experiment'].iloc[0]}", standing.sentence]
    parts.append(rule_of_verdicts(agreement))
    for view, table in zip(claim_views(claims, confidence), criteria_tables(claims), strict=True):
        values = pd.DataFrame(table["rows"], columns=table["columns"])
        criteria = "\n".join(f"- {sentence}" for sentence in view["criteria"])
        parts += [f"## {view['title']}: {view['verdict']}", view["support"], criteria]
        parts.append(values.to_markdown(index=False, disable_numparse=True))
    return "\n\n".join(part for part in [*parts, MARKS, *not_judged(claims)] if part) + "\n"
