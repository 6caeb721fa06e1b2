"""The report's sentences and tables of numbers: each made from the results, none written by hand."""

import pandas as pd

SIGNS = {"<=": "≤", ">=": "≥"}
COUNT = "all"  # the criterion that counts a claim's other criteria


# ---- claims ---------------------------------------------------------------------------------------------------------


def claim_views(claims: pd.DataFrame, confidence: float) -> list[dict]:
    """What the report says on each claim of the `claims` table, in plain sentences."""
    return [_claim_view(name, rows, confidence) for name, rows in claims.groupby("claim", sort=False)]


def _claim_view(name: str, rows: pd.DataFrame, confidence: float) -> dict:
    whole = rows[rows["criterion"] == COUNT].iloc[0]
    support = (
        f"In its support: {whole['seeds_in_support']} of {counted_seeds(whole['n_seeds'])} "
        f"({confidence:.0%} Wilson interval of the share: {whole['support_low']:.2f} to {whole['support_high']:.2f}). "
        f"The same test is passed by {whole['control_in_support']} of {whole['n_seeds']} untrained controls."
    )
    own = rows[rows["criterion"] != COUNT]
    criteria = [_criterion_sentence(criterion) for _, criterion in own.groupby("criterion", sort=False)]
    verdict, statement = whole["claim_verdict"], whole["statement"]
    return {"name": name, "statement": statement, "verdict": verdict, "support": support, "criteria": criteria}


def _criterion_sentence(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    return (
        f"{first['statistic']}. Values {spread(rows['value'])}, untrained {spread(rows['control_value'])}; "
        f"{_condition(first)} holds in {rows['holds'].sum()} of {counted_seeds(len(rows))}."
    )


def _condition(row: pd.Series) -> str:
    return f"{SIGNS.get(row['relation'], row['relation'])} {number(row['threshold'])}"


def rule_of_verdicts(agreement: float) -> str:
    """How the verdicts come about, in words; agreement is the config's claims.agreement_min."""
    return (
        "A seed supports a claim if all of the claim's criteria hold in it. A claim is supported if at least "
        f"{agreement:.0%} of the seeds support it, not supported if at most {1 - agreement:.0%} do, and mixed in "
        f"between, or if at least {agreement:.0%} of the controls (the same models before training) pass as well."
    )


def criteria_tables(claims: pd.DataFrame) -> list[dict]:
    """The values behind the verdicts, a table a claim: a row a seed, a column a criterion."""
    tables = []
    for name, rows in claims[claims["criterion"] != COUNT].groupby("claim", sort=False):
        columns, cells = ["seed"], {}
        for criterion, own in rows.groupby("criterion", sort=False):
            columns.append(f"{criterion.replace('_', ' ')} ({_condition(own.iloc[0])})")
            for row in own.itertuples():
                value = f"{estimate(row.value, row.low, row.high)} {'✓' if row.holds else '✗'}"
                cells.setdefault(row.seed, []).append(f"{value}; untrained {number(row.control_value)}")
        listed = [[str(seed), *cells[seed]] for seed in sorted(cells)]
        title = f"Claim {name}. {rows['statement'].iloc[0]}"
        tables.append({"title": title, "columns": columns, "rows": listed, "note": ""})
    tables[-1]["note"] = "In brackets: bootstrap intervals over test sequences. ✓ holds, ✗ fails."
    return tables


# ---- errors ---------------------------------------------------------------------------------------------------------


def headline_numbers(predictions: pd.DataFrame) -> pd.DataFrame:
    """A row a seed: `model`, `untrained` and `baseline` errors over the determined positions, and the `ratio`.

    The strongest simple baseline is the one of which the model's excess error is the largest share. Where the
    least possible error is not known there is no excess, hence no baseline and no ratio: those cells are empty.
    Each cell but `strongest`, its name, is text with an interval; `model_value` and `baseline_value` are numbers.
    """
    whole = predictions[predictions["position"].isna()]
    rows = {}
    for seed, own in whole.groupby("seed"):
        errors = own[own["measure"] == "mse"].set_index("predictor")
        row = {"model_value": errors.at["model", "value"], "model": _cell(errors.loc["model"])}
        ratios = own[own["measure"] == "model_ratio"].nlargest(1, "value")
        for _, ratio in ratios.iterrows():
            best = errors.loc[ratio["predictor"]]
            row |= {"strongest": ratio["predictor"].replace("_", " "), "baseline_value": best["value"]}
            row |= {"baseline": _cell(best), "ratio": _cell(ratio)}
        rows[int(seed)] = row | {"untrained": _cell(errors.loc["untrained"])}
    return pd.DataFrame.from_dict(rows, orient="index")


def headline_sentence(numbers: pd.DataFrame) -> str:
    """The outcome of training in one or two sentences."""
    text = (
        "At the positions at which the terms seen fix the next one, the mean squared error of the trained "
        f"{'model' if len(numbers) == 1 else 'models'} is {spread(numbers['model_value'])} (in units of x²)."
    )
    if "baseline_value" in numbers:
        names = " or ".join(sorted(set(numbers["strongest"].dropna())))
        text += f" The strongest simple baseline, {names}, has {spread(numbers['baseline_value'])}."
    return text


def headline_table(numbers: pd.DataFrame) -> dict:
    """`headline_numbers` as a table to show."""
    columns = {
        "model": "model", "strongest": "strongest simple baseline", "baseline": "its error",
        "ratio": "excess of the model over its excess", "untrained": "untrained",
    }  # fmt: skip
    shown = numbers[[name for name in columns if name in numbers]].fillna("")
    return {
        "title": "Mean squared error (x²) over the determined positions",
        "columns": ["seed", *(columns[name] for name in shown)],
        "rows": [[str(seed), *row] for seed, row in zip(shown.index, shown.to_numpy().tolist(), strict=True)],
        "note": "In brackets: bootstrap intervals over test sequences. Simple baselines infer no parameter of the law.",
    }


# ---- algorithm ------------------------------------------------------------------------------------------------------


def nearest_table(nearest: pd.DataFrame) -> dict:
    """The table `nearest` of the trained models: which known predictor they are like, condition by condition."""
    trained, rows = nearest[nearest["model"] == "trained"], []
    for (condition, level), own in trained.groupby(["condition", "level"], sort=False, dropna=False):
        counts = own["nearest"].str.replace("_", " ").value_counts()
        departs = own["departs"].dropna()
        rows.append(
            [
                condition.replace("_", " "), "" if pd.isna(level) else f"{level:g}",
                ", ".join(f"{name} ({n})" for name, n in counts.items()), spread(own["value"]),
                f"{len(departs)} of {len(own)}" + (f", from position {spread(departs)}" if len(departs) else ""),
            ]
        )  # fmt: skip
    return {
        "title": "Which known predictor the trained models are nearest to",
        "columns": ["condition", "level", "nearest (seeds)", "distance over mean square", "seeds no longer like it"],
        "rows": rows,
        "note": "Distance: mean square of the difference between two predictions. Near ties go to the more exact.",
    }


# ---- costs ----------------------------------------------------------------------------------------------------------


def cost_listing(table: pd.DataFrame) -> dict:
    """`costs.cost_table` as a table to show."""
    rows = [
        [
            row.stage.replace("_", " "), number(row.median), f"{number(row.min)} to {number(row.max)}",
            f"{row.share_of_training:.0%}", "" if pd.isna(row.memory) else f"{row.memory:.0f}",
        ]
        for row in table.itertuples()
    ]  # fmt: skip
    return {
        "title": "What each stage cost, per seed",
        "columns": ["stage", "seconds (median)", "seconds (range)", "share of training", "memory (MiB, most)"],
        "rows": rows,
        "note": "From Snakemake's benchmark records of this run: wall time, the start of Python included, on one core.",
    }


# ---- settings -------------------------------------------------------------------------------------------------------


def subtitle(settings: dict, seeds: list[int]) -> str:
    """What was trained, in a line."""
    model, data = settings["model"], settings["data"]
    shape = f"{model['n_layers']} layers of {model['n_heads']} heads, width {model['d_model']}"
    parts = [f"Task {settings['task']}", f"{data['n_terms']} terms of context", shape, seed_list(seeds)]
    return "; ".join(parts).replace("1 layers", "1 layer")


# ---- numbers as text ------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Three significant digits, with a true minus sign."""
    return f"{value:.3g}".replace("-", "−")


def spread(values: pd.Series) -> str:
    """Least and greatest value, or the one value that there is."""
    low, high = number(values.min()), number(values.max())
    return low if low == high else f"{low} to {high}"


def estimate(value: float, low: float, high: float) -> str:
    """A value with its interval, where it has one."""
    return number(value) if pd.isna(low) else f"{number(value)} [{number(low)}, {number(high)}]"


def _cell(row: pd.Series) -> str:
    return estimate(row["value"], row["low"], row["high"])


def counted_seeds(n: int) -> str:
    return f"{n} seed" if n == 1 else f"{n} seeds"


def seed_list(seeds: list[int]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"
