"""The sentences and tables of the page on the experiments of one task, made from their tables."""

import pandas as pd
from markupsafe import Markup

from recurrence_circuits.claims.numbers import number
from recurrence_circuits.claims.standing import CONFIRMATION
from recurrence_circuits.claims.text import SHORT_NAMES, UNJUDGED
from recurrence_circuits.figures.compared import over_seeds
from recurrence_circuits.figures.labels import counted, in_order, look
from recurrence_circuits.report.headline import QUANTILES
from recurrence_circuits.report.page import subscripts

FLOOR, UNKNOWN = "bayes", "unknown"
MARKS = {"supported": "✓", "mixed": "~", "not supported": "✗"}
EXPLORATORY = "the same seeds could be looked at while measures and thresholds were chosen"


def opening(task: str, supported: pd.DataFrame, n_models: int) -> str:
    """What the page is about: how many experiments and models, and what their verdicts are worth.

    supported: as from `compared.support`; n_models: those of the exploration seeds.
    """
    roles = supported.drop_duplicates("experiment").set_index("experiment")
    confirmed = list(roles.index[roles["role"] == CONFIRMATION])
    n_confirming = int(roles.loc[confirmed, "n_seeds"].sum())
    models = counted(n_models, "model") + (
        f" of exploration seeds, {n_confirming} of confirmation seeds" * bool(confirmed)
    )
    text = f"{counted(len(roles), 'experiment')} of the task {task}: {models}."
    if not confirmed:
        return f"{text} All verdicts are exploratory: {EXPLORATORY}."
    rest = f"; all others are exploratory: {EXPLORATORY}" if len(confirmed) < len(roles) else ""
    return f"{text} The verdicts on {', '.join(confirmed)} are confirmatory{rest}."


def link(experiment: str, differs: str = "") -> Markup:
    """An experiment's name, which leads to its report from a page in the comparison's folder; then how it differs."""
    name = Markup('<a href="../{name}/report.html">{name}</a>').format(name=experiment)
    words = Markup(' <span class="soft">{}</span>').format(subscripts(differs)) if differs else ""
    return Markup('<span class="name">{}{}</span>').format(name, words)


def quality_table(experiments: dict[str, dict[str, str]], quality: pd.DataFrame) -> dict:
    """Quantiles and mean of the models' relative error at the early positions, as a table to show.

    experiments: by name, in the order of the rows, with `differs`; quality: the table of all their seeds.
    """
    found = over_seeds(quality)
    found = found[found["predictor"] == "model"].set_index(["experiment", "statistic", "level"])["value"]
    keys = [("quantile", level) for level in QUANTILES] + [("mean", 1.0)]
    rows = [
        [link(name, about["differs"]), *(number(found[name, *key]) for key in keys)]
        for name, about in experiments.items()
    ]
    return {
        "title": "Relative error of fresh sequences, first five determined positions: the trained models",
        "columns": ["experiment", *QUANTILES.values(), "mean"],
        "rows": rows,
        "note": "Median over seeds. Names lead to the experiments' reports, with every seed and interval.",
    }


def predictors_table(experiments: list[str], predictions: pd.DataFrame, first_determined: dict[str, int]) -> dict:
    """Mean relative errors of the models, the floor and every baseline of the task, as a table to show.

    predictions: the table of all seeds; first_determined: by experiment, the first position at which the terms seen fix
    the next one. The floor is told where `bayes` has a number at all positions that are meant, else it is `unknown`.
    """
    own = predictions[predictions["measure"] == "relative_error"]
    own = own.assign(position=own["position"].astype("Float64").fillna(-1))  # the mean over the determined positions
    values = own.groupby(["experiment", "predictor", "position"])["value"].median()
    baselines = [name for name in in_order(own["predictor"]) if name not in ("model", FLOOR)]
    rows = []
    for name in experiments:
        between = list(range(1, first_determined[name]))
        cells = [_mean(values, name, kind, between) for kind in ("model", FLOOR)]
        cells += [_mean(values, name, kind, [-1]) for kind in ("model", FLOOR)]
        cells += [number(values[name, kind, -1]) if (name, kind, -1) in values else "" for kind in baselines]
        rows.append([link(name), *cells])
    heads = ["models, before", "floor, before", "models, determined", "floor, determined"]
    return {
        "title": "Mean relative error of the test sequences: models, best possible predictor (floor), and baselines",
        "columns": ["experiment", *heads, *(look(name).label for name in baselines)],
        "rows": rows,
        "note": "Median over seeds; over the determined positions, and before: from n = 1 to the last one at which the "
        "terms seen do not yet fix the next. The floor is the Bayes-optimal predictor's; unknown: no closed form. A "
        "baseline that means nothing for the task is not there.",
    }


def _mean(values: pd.Series, experiment: str, predictor: str, positions: list[int]) -> str:
    """The mean over positions; empty if there is none, `unknown` if a value is missing."""
    keys = [(experiment, predictor, position) for position in positions]
    if not all(key in values for key in keys):
        return UNKNOWN
    return number(values[keys].mean()) if keys else ""


def claims_table(experiments: list[str], supported: pd.DataFrame) -> dict:
    """Each claim in each experiment, as a table to show: verdict, seeds in support, controls that pass."""
    claims = sorted(set(supported["claim"]))
    cells = {(row.experiment, row.claim): _verdict(row) for row in supported.itertuples()}
    roles = supported.drop_duplicates("experiment").set_index("experiment")
    rows = [
        [link(name), f"{roles['n_seeds'][name]}{'*' * (roles['role'][name] == CONFIRMATION)}"]
        + [cells.get((name, claim), "not judged") for claim in claims]
        for name in experiments
    ]
    names = "; ".join(f"{claim}: {SHORT_NAMES[claim]}" for claim in claims if claim in SHORT_NAMES)
    missing = sorted({claim for name in experiments for claim in SHORT_NAMES if (name, claim) not in cells})
    reasons = "".join(f" Claim {claim} may be not judged: {UNJUDGED[claim]}." for claim in missing if claim in UNJUDGED)
    return {
        "title": "Claims: verdict, and seeds in support",
        "columns": ["experiment", "seeds", *claims],
        "rows": rows,
        "note": "✓ supported, ~ mixed, ✗ not supported; in brackets untrained controls that pass too; * confirmation "
        f"seeds. {names}.{reasons}",
    }


def _verdict(row) -> str:
    """A cell of the table of claims; its first blank does not end a line."""
    control = f" [{row.control_in_support}/{row.n_seeds}]" if row.control_in_support else ""
    return f"{MARKS[row.claim_verdict]}\N{NO-BREAK SPACE}{row.seeds_in_support}/{row.n_seeds}{control}"
