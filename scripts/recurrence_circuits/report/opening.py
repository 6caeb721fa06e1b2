"""The report's first screen: the claims, one row each, and the figures that carry the story."""

import pandas as pd

from recurrence_circuits.claims import text

# The figures beside the claims: the question that each answers, and what it shows.
STORY = {
    "predictions": ("Is it learned?", "Error by position, beside other predictors."),
    "readout_lens": ("What does each layer add?", "Error of the estimate read after it."),
    "feedback": ("Does a layer oppose the estimate?", "Its answer when the estimate is shifted."),
}


def claim_rows(claims: pd.DataFrame, confidence: float) -> list[dict]:
    """Each claim as a row, and what unfolds below it.

    `claim`, `name`, `verdict`, `seeds` and `controls`, such as `4 of 5`, are those of record; `title`, `support` and
    `criteria` are as from `text.claim_views`, and `by_seed` is the claim's table by seed. confidence: the level of the
    Wilson intervals.
    """
    views = zip(text.claim_views(claims, confidence), text.criteria_tables(claims), strict=True)
    heads = [rows.iloc[0] for _, rows in text.of_record(claims).groupby("claim", sort=False)]
    return [
        view
        | {
            "claim": head["claim"],
            "name": text.SHORT_NAMES.get(head["claim"], head["statement"]),
            "seeds": f"{head['seeds_in_support']} of {head['n_seeds']}",
            "controls": f"{head['control_in_support']} of {head['n_seeds']}",
            "by_seed": table | {"title": "Values by seed", "note": ""},
        }
        for head, (view, table) in zip(heads, views, strict=True)
    ]
