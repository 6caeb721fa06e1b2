"""Claim 1 where the best fixed weights are not known: models that do what fixed weights do, and models that do more."""

import pandas as pd
import pytest

from planted_seed import GOOD, null_table, row, seed_tables
from recurrence_circuits.claims.verdicts import judge_claims
from rules import THRESHOLDS


def without_best_weights(error, own=0.01, untrained=3.0):
    """One seed's tables in a task whose best fixed weights are not known; error: of the fixed weights nearest to it."""
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    known = tables["predictions"].query("predictor != 'best_linear'")
    early = [  # at n = 2 to 6, of these means
        row((n - 1) / 3 * mean, predictor=predictor, measure="relative_error", position=n)
        for predictor, mean in (("model", own), ("untrained", untrained))
        for n in range(2, 7)
    ]
    late = [row(99.0, predictor=name, measure="relative_error", position=7) for name in ("model", "untrained")]
    tables["predictions"] = pd.concat([known, pd.DataFrame([*early, *late])]).convert_dtypes()
    tables["mechanism"] = pd.DataFrame([
        row(value, model=model, reduced=reduced, measure="relative_error", position=position)
        for model, value in (("trained", error), ("untrained", 3.0))
        for reduced, position in (("linear", pd.NA), ("account", pd.NA), *(("linear", n) for n in range(7)))
    ]).assign(experiment="toy", seed=0).convert_dtypes()  # fmt: skip
    return {name: table.assign(seed=0) for name, table in tables.items()}


@pytest.mark.parametrize("error, holds", [(1.0, True), (0.005, False), (0.011, False)])
def test_a_model_that_is_as_good_as_fixed_weights_has_learned_nothing_in_context(error, holds):
    frame = judge_claims(without_best_weights(error), null_table(), THRESHOLDS, 3, 0.95, 2)
    by_name = frame[frame["claim"] == "1"].set_index("criterion")
    assert by_name.loc["far_below_what_learns_nothing", "holds"]  # the simple baselines are far above it
    own = by_name.loc["far_below_fixed_weights"]
    assert own["value"] == pytest.approx(0.01 / error)
    assert own["control_value"] == pytest.approx(1.0)
    assert by_name["holds"].to_dict() == {
        "all": holds, "far_below_what_learns_nothing": True, "far_below_fixed_weights": holds,
    }  # fmt: skip


def test_fixed_weights_are_asked_for_only_where_the_best_are_not_known():
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    frame = judge_claims(tables, null_table(), THRESHOLDS, 3, 0.95, 2)
    assert "far_below_fixed_weights" not in set(frame["criterion"])


def test_a_short_context_has_fewer_early_positions():
    tables = without_best_weights(1.0)
    for name in ("mechanism", "predictions"):
        tables[name] = tables[name].query("position.isna() or position < 4")
    frame = judge_claims(tables, null_table(), THRESHOLDS, 3, 0.95, 2)
    own = frame[frame["criterion"] == "far_below_fixed_weights"].iloc[0]
    assert own["value"] == pytest.approx(0.01 * (1 / 3 + 2 / 3) / 2)  # n = 2 and 3 of the planted ones


@pytest.mark.parametrize("table, lost", [("mechanism", "reduced != 'linear'"), ("predictions", "position != 4")])
def test_fixed_weights_without_a_row_are_refused(table, lost):
    tables = without_best_weights(1.0)
    tables[table] = tables[table][tables[table].eval(lost).fillna(True).astype(bool)]
    with pytest.raises(
        ValueError, match="claims, seed 0: expected 1 relative error of the reduced model linear and one"
    ):
        judge_claims(tables, null_table(), THRESHOLDS, 3, 0.95, 2)
