"""Judging: planted tables whose verdicts are known, and tables from which nothing can be judged."""

import pandas as pd
import pytest

from recurrence_circuits.claims.criteria import TABLES, Measured, criteria
from recurrence_circuits.claims.standing import standing
from recurrence_circuits.claims.text import claims_markdown
from recurrence_circuits.claims.verdicts import judge_claims, verdict
from rules import THRESHOLDS

# A seed in which everything holds but the attention reading and the probe's; the untrained control shows nothing.
GOOD = {
    "learned": 0.01, "copy_correlation": 0.9, "copy_ratio": 1.1, "probe_ratio": 0.01,
    "negative_output": -0.8, "negative_attention": 0.2, "output_cost": 0.05, "attention_cost": 0.01,
    "feedback": -0.3, "first_step": 0.6, "last_step": 0.1, "group_error": 3.0,
}  # fmt: skip
UNTRAINED = {
    "learned": 5.0, "copy_correlation": 0.1, "copy_ratio": 6.0, "probe_ratio": 0.05,
    "negative_output": 0.0, "negative_attention": 0.1, "output_cost": -0.01, "attention_cost": -0.01,
    "feedback": 0.01, "first_step": 1.1, "last_step": 1.2, "group_error": 40.0,
}  # fmt: skip
COPY_ERROR, ZERO_ERROR = 0.2, 4.0
EXPLORATORY = standing([], [], "criteria-0", "")


def row(value, **columns):
    return {"value": value, "low": value - 0.001, "high": value + 0.001, **columns}


def seed_tables(seed, trained, untrained=UNTRAINED):
    """The rows that the claims read, for one seed. Head 1 is the lowest by output, head 0 by attention."""
    tables = {name: [] for name in TABLES}
    for predictor, error in (("copy_last", COPY_ERROR), ("zero", ZERO_ERROR)):
        tables["predictions"].append(row(error, predictor=predictor, measure="mse", position=pd.NA))
        tables["predictions"].append(row(99.0, predictor=predictor, measure="mse", position=0))
    for model, ratio_of, facts in (("trained", "model", trained), ("untrained", "untrained", untrained)):
        for i, baseline in enumerate(("copy_last", "copy_previous", "zero")):
            ratio = facts["learned"] / (i + 1)
            tables["predictions"].append(row(ratio, predictor=baseline, measure=f"{ratio_of}_ratio", position=pd.NA))
        head = {"model": model, "component": "head", "layer": 2}
        by_head = [
            (0.5, facts["negative_attention"], facts["attention_cost"]),
            (facts["negative_output"], 0.6, facts["output_cost"]),
        ]
        for index, (output, attention, cost) in enumerate(by_head):
            tables["similarity"] += [
                row(output, head=index, measure="correlation_with_prediction", **head),
                row(attention, head=index, measure="attention_similarity", **head),
            ]
            for kind in ("zero", "mean", "resample"):
                for position in (pd.NA, 5):
                    change = row(cost, head=index, kind=kind, position=position, measure="change", **head)
                    tables["ablation"].append(change)
        whole = {"model": model, "component": "attention", "layer": 0, "head": pd.NA}
        tables["similarity"].append(row(facts["copy_correlation"], measure="correlation_with_last", **whole))
        steps = {1: facts["first_step"], 2: facts["last_step"]}
        lens = {"model": model, "lens": "raw", "position": pd.NA}
        tables["readout_lens"].append(row(facts["copy_ratio"], after_layer=0, measure="copy_ratio", **lens))
        tables["readout_lens"].append(row(7.0, after_layer=0, measure="step_ratio", **lens))
        tables["readout_lens"] += [row(v, after_layer=k, measure="step_ratio", **lens) for k, v in steps.items()]
        for other in ({"lens": "fitted"}, {"position": 3}):  # which no claim reads
            for measure in ("copy_ratio", "step_ratio"):
                tables["readout_lens"].append(row(99.0, after_layer=0, measure=measure, **lens | other))
        r2 = 1 - facts["probe_ratio"] * COPY_ERROR / ZERO_ERROR
        for shuffled, value in ((False, r2), (True, 0.0)):
            probe = {"after_layer": 0, "target": "next", "shuffled": shuffled, "position": pd.NA}
            tables["probes"].append(row(value, model=model, **probe))
        for pattern, value in (("free", facts["feedback"]), ("held", 9.0)):
            attention = {"component": "attention", "layer": 2, "perturbed": "context", "pattern": pattern}
            tables["feedback"].append(row(value, model=model, position=pd.NA, **attention))
        for members, error in (("chosen", facts["group_error"]), ("random_same_layer", 0.0)):
            group = {"group": "negative", "members": members, "intervention": "ablated", "kind": "mean"}
            tables["groups"].append(row(error, model=model, measure="copy_ratio", position=pd.NA, **group))
    return {name: pd.DataFrame(rows).assign(experiment="toy", seed=seed) for name, rows in tables.items()}


def judged(*seeds, untrained=UNTRAINED, thresholds=THRESHOLDS, n_layers=3):
    each = [seed_tables(seed, GOOD | changes, untrained) for seed, changes in enumerate(seeds)]
    tables = {name: pd.concat([t[name] for t in each], ignore_index=True).convert_dtypes() for name in each[0]}
    return judge_claims(tables, thresholds, n_layers, 0.95)


def verdicts(frame):
    return frame.drop_duplicates("claim").set_index("claim")["claim_verdict"].to_dict()


def test_planted_seeds_are_judged_as_planted():
    frame = judged(*[{}] * 5)
    assert verdicts(frame) == {
        "1": "supported", "2a": "supported", "2b": "not supported", "3a": "supported",
        "3b": "not supported", "4": "supported", "5": "supported",
    }  # fmt: skip
    assert (frame["n_seeds"] == 5).all()


@pytest.mark.parametrize(
    "fact, claim",
    [
        ({"learned": 0.11}, "1"),
        ({"copy_correlation": 0.4}, "2a"), ({"copy_ratio": 0.4}, "2a"), ({"copy_ratio": 2.1}, "2a"),
        ({"negative_output": -0.2}, "3a"), ({"output_cost": 0.0}, "3a"), ({"feedback": -0.05}, "3a"),
        ({"first_step": 1.01}, "4"), ({"last_step": 0.6}, "4"), ({"group_error": 0.4}, "4"),
    ],
)  # fmt: skip
def test_each_criterion_can_fail_its_claim_and_the_stability(fact, claim):
    found = verdicts(judged(*[fact] * 5))
    assert found[claim] == "not supported"
    assert found["5"] == "not supported"
    assert [k for k, v in found.items() if v != "supported"] == sorted({claim, "2b", "3b", "5"})


def test_an_interval_that_touches_zero_is_no_cost():
    assert verdicts(judged(*[{"output_cost": 0.0005}] * 5))["3a"] == "not supported"


def test_an_interval_that_reaches_over_the_threshold_is_no_negative_feedback():
    assert verdicts(judged(*[{"feedback": -0.1005}] * 5))["3a"] == "not supported"


def test_either_reading_of_claims_2_and_3_serves_stability():
    other = {"negative_output": 0.3, "negative_attention": -0.6, "copy_ratio": 50.0, "probe_ratio": 1.0}
    found = verdicts(judged(*[other] * 5))
    assert [found[claim] for claim in ("2a", "2b", "3a", "3b", "5")] == [
        "not supported", "supported", "not supported", "supported", "supported",
    ]  # fmt: skip


def test_the_probe_is_held_against_copying_on_the_same_scale():
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD | {"probe_ratio": 0.7}).items()}
    found = Measured(tables, 0).decodable_ratio("trained", 0)
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
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    assert Measured(tables, 0).learned_ratio("trained")["value"] == GOOD["learned"]


def test_one_layer_has_nothing_to_refine():
    assert {c.claim for c in criteria(THRESHOLDS, n_layers=1, floor_known=True)} == {"1", "2a", "2b", "3a", "3b"}


def test_without_a_floor_claim_1_is_not_judged_and_the_page_says_so():
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    tables["predictions"] = tables["predictions"].query("measure == 'mse'")
    frame = judge_claims(tables, THRESHOLDS, 3, 0.95).assign(experiment="toy")
    assert verdicts(frame) == {
        "2a": "supported", "2b": "not supported", "3a": "supported", "3b": "not supported", "4": "supported",
        "5": "supported",
    }  # fmt: skip
    assert "Claim 1 is not judged here: without a known floor" in claims_markdown(frame, EXPLORATORY, 0.95, 0.8)


def test_criteria_stand_in_the_order_they_are_declared_in():
    frame = judged({})
    declared = [(c.claim, c.name) for c in criteria(THRESHOLDS, 3, True)]
    found = [(r.claim, r.criterion) for r in frame.itertuples() if r.criterion != "all" and r.claim != "5"]
    assert found == sorted(declared, key=lambda pair: pair[0])
    assert frame.groupby("claim", sort=False)["criterion"].first().eq("all").all()


def test_a_missing_row_is_refused():
    tables = {name: t.convert_dtypes() for name, t in seed_tables(0, GOOD).items()}
    tables["readout_lens"] = tables["readout_lens"].query("measure != 'copy_ratio'")
    with pytest.raises(ValueError, match=r"claims, seed 0: expected one row with .*copy_ratio.*, found 0"):
        judge_claims(tables, THRESHOLDS, 3, 0.95)


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
    frame = judge_claims(tables, THRESHOLDS, 3, 0.95, roles).assign(experiment="toy")
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
    frame = judge_claims(tables, THRESHOLDS, 3, 0.95, {"exploration": [0], "unconfirmed": [10]})
    page = claims_markdown(frame.assign(experiment="toy"), EXPLORATORY, 0.95, 0.8)
    assert "## Claim 1. The recurrence is learned in context: supported" in page
    assert "0 of 1 unconfirmed seeds support it" in page
