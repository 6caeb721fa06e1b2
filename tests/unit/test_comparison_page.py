"""The page on the experiments of one task says what their tables hold, and leads to their reports."""

import re

import pandas as pd
import pytest

from lib.provenance import caption_of
from lib.registry import columns_of
from recurrence_circuits.claims.text import UNJUDGED
from recurrence_circuits.figures import compared
from recurrence_circuits.report import comparison
from reports import PNG, TEMPLATE
from rules import call
from synthetic_claims import named, planted_claims, planted_quality
from synthetic_tables import finish, product
from tables import write_table

EXPERIMENTS = {
    "vector-2": {"group": "task affine_vector", "differs": "d = 2"},
    "vector-3": {"group": "task affine_vector", "differs": "d = 3, x_{0} of std. 2"},
}
COUNTS = {
    "vector-2": {"1": (2, 0, 3), "2c": (0, 0, 3), "4": (3, 1, 3)},
    "vector-3": {"1": (3, 0, 3), "2c": (3, 0, 3)},
}
FIRST = {"vector-2": 3, "vector-3": 4}  # determined positions


def planted_predictions(known=()) -> pd.DataFrame:
    """Relative errors of both experiments, by predictor and position.

    `bayes` has none where affine_vector's is not known, between n = 0 and the first determined position, but in the
    experiments `known`.
    """
    levels = {"model": 0.2, "bayes": 0.1, "ridge": 0.15, "copy_last": 0.5, "untrained": 4.0}
    frame = product(experiment=list(FIRST), seed=[0, 1, 2], predictor=list(levels), position=[*range(8), pd.NA])
    position = frame["position"].astype("Float64").fillna(0).astype(float)
    frame["value"] = frame["predictor"].map(levels) * (1 + position)
    between = (position > 0) & (position < frame["experiment"].map(FIRST)) & ~frame["experiment"].isin(known)
    frame = frame[~between | (frame["predictor"] != "bayes")].assign(measure="relative_error")
    return named(finish("predictions", frame), frame)


@pytest.fixture
def page(tmp_path):
    """The page as the rule writes it, from planted tables."""
    errors = {"model": 0.004, "copy_last": 0.1, "untrained": 3.0}
    tables = {
        "claims": planted_claims(COUNTS),
        "quality": planted_quality(dict.fromkeys(COUNTS, errors)),
        "predictions": planted_predictions(),
    }
    for name, table in tables.items():
        write_table(name, table, str(tmp_path / f"{name}.csv"))
    (tmp_path / "affine_vector.png").write_bytes(PNG)
    inputs = {name: [str(tmp_path / f"{name}.csv")] for name in tables} | {
        "figure": str(tmp_path / "affine_vector.png")
    }
    params = {
        "columns": columns_of(*tables),
        "experiments": EXPERIMENTS,
        "reference": "affine (3 layers)",
        "first_determined": FIRST,
        "other_tasks": ["affine"],
        "agreement_min": 0.8,
        "template": str(TEMPLATE.parent / "comparison.html.j2"),
        "captions": {"affine_vector": caption_of("comparison")},
    }
    path = tmp_path / "page.html"
    call("write_comparison", tmp_path, inputs=inputs, outputs={"page": str(path)}, params=params,
         wildcards={"task": "affine_vector"})  # fmt: skip
    return path.read_text(encoding="utf-8")


def cells(html: str, title: str) -> dict[str, list[str]]:
    """The rows of a table, by experiment, without markup."""
    body = html.split(title)[1].split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
    plain = [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in rows]
    return {re.search(r">([\w-]+)</a>", row[0])[1]: text[1:] for row, text in zip(rows, plain, strict=True)}


def test_the_page_says_first_what_it_is_about(page):
    first = page.split("<body>")[1].split("</p>")[0]
    assert "2 experiments of the task affine_vector: 6 models. All verdicts are exploratory" in first


def test_every_experiment_is_linked_in_every_table_and_the_other_tasks_too(page):
    for name in EXPERIMENTS:
        assert page.count(f'<a href="../{name}/report.html">{name}</a>') == 3
    links = re.findall(r'(?:src|href)="([^"]{1,60})', page)
    assert {link for link in links if not link.startswith(("data:", "../"))} == {"affine.html"}
    assert "d = 3, x<sub>0</sub> of std. 2" in page


def test_the_claims_are_those_of_the_tables(page):
    assert cells(page, "Claims: verdict") == {
        "vector-3": ["3", "✓\N{NO-BREAK SPACE}3/3", "✓\N{NO-BREAK SPACE}3/3", "not judged"],
        "vector-2": ["3", "~\N{NO-BREAK SPACE}2/3", "✗\N{NO-BREAK SPACE}0/3", "✓\N{NO-BREAK SPACE}3/3 [1/3]"],
    }
    assert list(cells(page, "Claims: verdict")) == ["vector-3", "vector-2"]  # the one that supports more is first
    assert f"Claim 4 may be not judged: {UNJUDGED['4']}." in page
    assert UNJUDGED["1"] not in page


def test_the_errors_are_those_of_the_tables(page):
    assert cells(page, "Relative error of fresh sequences")["vector-2"] == ["0.004", "0.04", "0.4", "4", "4"]
    found = cells(page, "Mean relative error of the test sequences")
    # Positions 1 and 2, or 1 to 3, are factors of 2 and 3, or 2 to 4; the mean over determined positions has 1.
    assert found["vector-2"] == ["0.5", "unknown", "0.2", "0.1", "0.5", "0.15", "4"]
    assert found["vector-3"] == ["0.6", "unknown", "0.2", "0.1", "0.5", "0.15", "4"]
    heads = re.findall(r"<th[^>]*>(.*?)</th>", page.split("Mean relative error of the test sequences")[1])
    assert heads[1:5] == ["models, before", "floor, before", "models, determined", "floor, determined"]
    assert heads[5:] == ["copy x<sub>n</sub>", "ridge regression", "untrained model"]


def test_a_floor_is_told_only_where_it_is_known_at_every_position():
    known = comparison.predictors_table(list(FIRST), planted_predictions(known=["vector-2"]), FIRST)
    assert [row[2] for row in known["rows"]] == ["0.25", "unknown"]
    predictions = planted_predictions()
    noisy = predictions[(predictions["predictor"] != "bayes") | (predictions["position"] == 0)]
    assert [row[2:5:2] for row in comparison.predictors_table(list(FIRST), noisy, FIRST)["rows"]] == [
        ["unknown"] * 2
    ] * 2
    polynomial = comparison.predictors_table(["vector-2"], planted_predictions(), {"vector-2": 1})
    assert polynomial["rows"][0][1:3] == ["", ""]  # no position lies before


def test_a_baseline_that_an_experiment_lacks_leaves_its_cell_empty():
    predictions = planted_predictions()
    lacking = (predictions["experiment"] == "vector-3") & (predictions["predictor"] == "ridge")
    rows = comparison.predictors_table(list(FIRST), predictions[~lacking], FIRST)["rows"]
    assert [row[6] for row in rows] == ["0.15", ""]


def test_the_opening_says_which_verdicts_are_confirmatory():
    explored = planted_claims({"vector-2": {"1": (3, 0, 3)}})
    confirmed = planted_claims({"affine": {"1": (10, 0, 10)}}, role="confirmation")
    both = compared.support(pd.concat([explored, confirmed], ignore_index=True))
    assert comparison.opening("affine", both, 8).startswith(
        "2 experiments of the task affine: 8 models of exploration seeds, 10 of confirmation seeds. The verdicts on "
        "affine are confirmatory; all others are exploratory: "
    )
    alone = comparison.opening("affine", compared.support(confirmed), 5)
    assert alone.endswith("The verdicts on affine are confirmatory.")


def test_an_experiment_named_like_a_term_keeps_its_link():
    assert '<a href="../x_n/report.html">x_n</a>' in comparison.link("x_n", "1 layer")
    assert "&lt;b&gt;" in comparison.link("a", "<b>")
