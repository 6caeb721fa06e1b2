"""Judging: planted tables whose verdicts are known, and tables from which nothing can be judged."""

import numpy as np
import pandas as pd
import pytest

from lib.registry import JUDGED
from planted_seed import GOOD, NULL, UNTRAINED, null_table, seed_tables
from recurrence_circuits.claims.criteria import criteria
from recurrence_circuits.claims.standing import standing
from recurrence_circuits.claims.statistics import TABLES, Measured
from recurrence_circuits.claims.text import claims_markdown
from recurrence_circuits.claims.verdicts import judge_claims, verdict
from rules import THRESHOLDS

EXPLORATORY = standing([], [], "criteria-0", "")


def judged(*seeds, untrained=UNTRAINED, thresholds=THRESHOLDS, n_layers=3, null=NULL):
    each = [seed_tables(seed, GOOD | changes, untrained) for seed, changes in enumerate(seeds)]
    tables = {name: pd.concat([t[name] for t in each], ignore_index=True).convert_dtypes() for name in each[0]}
    return judge_claims(tables, null_table(null), thresholds, n_layers, 0.95, 2)


def measured(**changes):
    return Measured({name: t.convert_dtypes() for name, t in seed_tables(0, GOOD | changes).items()}, "seed 0")


def verdicts(frame):
    return frame.drop_duplicates("claim").set_index("claim")["claim_verdict"].to_dict()


def test_the_workflow_gives_the_judge_the_tables_that_its_statistics_read():
    assert tuple(JUDGED) == (*TABLES, "mechanism")


def test_planted_seeds_are_judged_as_planted():
    frame = judged(*[{}] * 5)
    assert verdicts(frame) == {
        "1": "supported", "2a": "supported", "2b": "not supported", "2c": "supported", "3a": "supported",
        "3b": "not supported", "3c": "supported", "4": "supported", "5": "supported",
    }  # fmt: skip
    assert (frame["n_seeds"] == 5).all()


@pytest.mark.parametrize(
    "fact, claim",
    [
        ({"learned": 0.11}, "1"),
        ({"raw": 0.4}, "2a"), ({"raw": 2.1}, "2a"), ({"fitted": 0.4}, "2a"), ({"fitted": 2.1}, "2a"),
        ({"ov_gain": 0.9}, "2c"), ({"derivative": 0.4}, "2c"), ({"restored": 0.4}, "2c"), ({"restored": None}, "2c"),
        ({"opposing": -0.4}, "3a"), ({"opposing_cost": 0.0}, "3a"), ({"feedback": -0.05}, "3a"),
        ({"like": 0.2}, "3c"), ({"like_cost": 0.0}, "3c"),
        ({"first_step": 1.01}, "4"), ({"last_step": 0.6}, "4"), ({"group_cost": -0.1}, "4"),
        ({"group_information": 0.0005}, "4"),
    ],
)  # fmt: skip
def test_each_criterion_can_fail_its_claim(fact, claim):
    found = verdicts(judged(*[fact] * 5))
    stability = {"5"} if claim in ("1", "4") else set()  # another reading of claims 2 and 3 serves it
    assert {k for k, v in found.items() if v != "supported"} == {claim, "2b", "3b"} | stability


def test_any_reading_of_claims_2_and_3_serves_stability():
    other = {"raw": 50.0, "derivative": 0.1, "probe_ratio": 1.0, "opposing": 0.3, "like": 0.0, "unlike": -0.6}
    found = verdicts(judged(*[other] * 5))
    assert {k for k, v in found.items() if v != "supported"} == {"2a", "2c", "3a", "3c"}
    found = verdicts(judged(*[other | {"probe_ratio": 0.1}] * 5))
    assert found["5"] == "not supported"


def test_thresholds_are_quantiles_of_the_null():
    null = null_table({name: 0.0 for name in NULL})
    null.loc[null["statistic"] == "feedback_gain", "value"] = -np.arange(100) / 100
    listed = {c.name: c for c in criteria(THRESHOLDS, null, 3, True)}
    assert listed["feeds_back_negatively"].threshold == pytest.approx(-0.9801)  # of −0.99 … 0 the quantile at 0.01
    assert "the 0.01 quantile of 100 untrained models" in listed["feeds_back_negatively"].statistic
    assert "the 0.99 quantile of 100 untrained models" in listed["positive_ov_circuit"].statistic


def test_a_null_without_a_statistic_is_refused():
    with pytest.raises(ValueError, match="null: expected values of lowest_beyond, found"):
        judged({}, null={name: 0.0 for name in NULL if name != "lowest_beyond"})


def test_the_copied_term_is_the_one_with_the_largest_derivative():
    assert measured().largest_derivative("trained")["lag"] == 1


def test_of_the_heads_that_negate_the_likest_counts():
    """Head 0 attends to liker terms still, but its OV circuit keeps the sign."""
    found = measured(unlike=0.9).highest_beyond_of_opposing("trained")
    assert (found["head"], found["value"]) == (2, 0.6)


def test_without_a_head_that_negates_there_is_none_to_cost_anything():
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    gains = tables["circuits"]["measure"] == "ov_estimate_gain"
    tables["circuits"].loc[gains, "value"] = 1.0
    statistics = Measured(tables, "seed 0")
    found = statistics.highest_beyond_of_opposing("trained")
    assert found["value"] == -1
    assert statistics.head_cost("trained", found, "mean")["value"] == 0


def test_the_probe_is_held_against_copying_on_the_same_scale():
    found = measured(probe_ratio=0.7).decodable_ratio("trained", 0)
    assert found["value"] == pytest.approx(0.7)
    assert found["low"] < found["value"] < found["high"]


def test_agreement_over_seeds_decides():
    bad = {"learned": 0.5}
    for n_bad, expected in (
        (0, "supported"),
        (1, "supported"),
        (2, "mixed"),
        (3, "mixed"),
        (4, "not supported"),
        (5, "not supported"),
    ):
        frame = judged(*[bad] * n_bad, *[{}] * (5 - n_bad))
        assert verdicts(frame)["1"] == expected
        assert frame.query("claim == '1' and criterion == 'all'")["seeds_in_support"].eq(5 - n_bad).all()


def test_a_control_that_passes_too_spoils_the_claim():
    assert verdicts(judged(*[{}] * 5, untrained=UNTRAINED | {"learned": 0.05}))["1"] == "mixed"
    assert verdict(5, 3, 5, THRESHOLDS) == "supported"
    assert verdict(5, 4, 5, THRESHOLDS) == "mixed"


def test_thresholds_move_verdicts():
    assert verdicts(judged(*[{}] * 5, thresholds=THRESHOLDS | {"learned_ratio_max": 0.001}))["1"] == "not supported"


def test_the_strongest_baseline_counts():
    assert measured().learned_ratio("trained")["value"] == GOOD["learned"]


def test_one_layer_has_nothing_to_refine():
    found = {c.claim for c in criteria(THRESHOLDS, null_table(), n_layers=1, floor_known=True)}
    assert found == {"1", "2a", "2b", "2c", "3a", "3b", "3c"}


def test_without_a_floor_claim_1_is_not_judged_and_the_page_says_so():
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    tables["predictions"] = tables["predictions"].query("measure == 'relative_error'")
    frame = judge_claims(tables, null_table(), THRESHOLDS, 3, 0.95, 2).assign(experiment="toy")
    assert list(verdicts(frame)) == ["2a", "2b", "2c", "3a", "3b", "3c", "4", "5"]
    assert "Claim 1 is not judged here: without a known floor" in claims_markdown(frame, EXPLORATORY, 0.95, 0.8)


def test_criteria_stand_in_the_order_they_are_declared_in():
    frame = judged({})
    declared = [(c.claim, c.name) for c in criteria(THRESHOLDS, null_table(), 3, True)]
    found = [(r.claim, r.criterion) for r in frame.itertuples() if r.criterion != "all" and r.claim != "5"]
    assert found == sorted(declared, key=lambda pair: pair[0])
    assert frame.groupby("claim", sort=False)["criterion"].first().eq("all").all()


def test_a_missing_row_is_refused():
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    tables["readout_lens"] = tables["readout_lens"].query("measure != 'copy_ratio'")
    with pytest.raises(ValueError, match=r"claims, seed 0: expected one row with .*copy_ratio.*, found 0"):
        judge_claims(tables, null_table(), THRESHOLDS, 3, 0.95, 2)


def test_the_page_says_what_the_table_says():
    frame = judged({}, {"learned": 0.5}).assign(experiment="toy")
    page = claims_markdown(frame, EXPLORATORY, 0.95, 0.8)
    assert "## Claim 1. The recurrence is learned in context: mixed\n\n1 of 2 seeds support it (95% Wilson" in page
    assert "\n## Claim 3b. The last layer has negative similarity heads" in page
    assert "0.5 [0.499, 0.501] ✗; untrained 5" in page
    assert "0.01 [0.009, 0.011] ✓; untrained 5" in page
    assert "at least 80% of the seeds support it" in page
    assert page.startswith("# Claims: toy\n\nThese verdicts are exploratory: ")


def test_confirmation_seeds_are_counted_by_themselves_and_decide():
    bad = GOOD | {"learned": 0.5}
    each = [seed_tables(seed, bad if seed >= 10 else GOOD) for seed in (0, 1, 10, 11, 12)]
    tables = {name: pd.concat([t[name] for t in each], ignore_index=True).convert_dtypes() for name in each[0]}
    roles = {"exploration": [0, 1], "confirmation": [10, 11, 12]}
    frame = judge_claims(tables, null_table(), THRESHOLDS, 3, 0.95, 2, roles).assign(experiment="toy")
    found = frame.query("claim == '1' and criterion == 'all'").set_index("seed")
    assert found["role"].to_dict() == {0: "exploration", 1: "exploration"} | dict.fromkeys((10, 11, 12), "confirmation")
    assert found["n_seeds"].to_dict() == {0: 2, 1: 2, 10: 3, 11: 3, 12: 3}
    assert found["claim_verdict"].to_dict() == {
        0: "supported", 1: "supported", 10: "not supported", 11: "not supported", 12: "not supported"
    }  # fmt: skip
    page = claims_markdown(frame, EXPLORATORY, 0.95, 0.8)
    assert "## Claim 1. The recurrence is learned in context: not supported" in page
    assert "2 of 2 exploration seeds support it" in page
    assert "0 of 3 confirmation seeds support it" in page
    assert "| 10 (confirmation) |" in page


def test_seeds_that_cannot_confirm_do_not_decide():
    each = [seed_tables(seed, GOOD | {"learned": 0.5} if seed else GOOD) for seed in (0, 10)]
    tables = {name: pd.concat([t[name] for t in each], ignore_index=True).convert_dtypes() for name in each[0]}
    frame = judge_claims(tables, null_table(), THRESHOLDS, 3, 0.95, 2, {"exploration": [0], "unconfirmed": [10]})
    page = claims_markdown(frame.assign(experiment="toy"), EXPLORATORY, 0.95, 0.8)
    assert "## Claim 1. The recurrence is learned in context: supported" in page
    assert "0 of 1 unconfirmed seeds support it" in page
