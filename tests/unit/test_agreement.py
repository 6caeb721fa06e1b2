"""Do two sets of sequences give the same numbers? Planted sets that do and do not; what the report says of either."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models import ANALYSIS, random_model, run_settings
from recurrence_circuits.claims.agreement import compare, statistics_of
from recurrence_circuits.claims.statistics import TABLES
from recurrence_circuits.measures.agreement import PURPOSE, tables_of_trained
from recurrence_circuits.measures.inputs import MeasureInputs
from recurrence_circuits.report.agreement import agreement_view
from recurrence_circuits.tasks.base import make_task
from recurrence_circuits.tasks.dataset import draw_sequences
from rules import generate, measure_agreement, train
from synthetic_tables import Synthetic
from tables import read_table

RUN, N = run_settings(), 400


def tables(sequences):
    smk = SimpleNamespace(params=SimpleNamespace(**ANALYSIS))
    task = make_task(RUN.task, RUN.data)
    return tables_of_trained(smk, MeasureInputs(RUN, {"trained": random_model()}, sequences, task, {}, {}))


@pytest.fixture(scope="module")
def halves():
    return draw_sequences(RUN.task, RUN.data, PURPOSE, 2 * N)["sequences"].split(N)


@pytest.fixture(scope="module")
def first(halves):
    return statistics_of(tables(halves[0]))


def disagreement(first, second):
    found = compare(first, second)
    return found[found["measure"] == "disagreement"].set_index(["use", "statistic"])["value"]


# ---- planted sets ---------------------------------------------------------------------------------------------------


def borne(apart):
    """The statistics that so small a set can bear: none after a recalibration, whose maps the set decides too, none of
    3b, whose head is another one where two heads are as alike as here.
    """
    recalibrated = ["recalibration" in statistic for _, statistic in apart.index]
    return apart[~np.array(recalibrated)].drop("claim 3b")


def test_ordinary_sets_agree(halves, first):
    apart = borne(disagreement(first, statistics_of(tables(halves[1]))))
    assert {use.split()[0] for use, _ in apart.index} == {"claim", "ablation", "explained"}
    assert len(apart) > 50
    assert (apart <= 1).all()


def test_errors_that_one_sequence_carries_are_found_out(halves, first):
    """One that lies still until its last term, the target alone, where it leaps."""
    planted = halves[1].clone()
    planted[7] = 0
    planted[7, -1] = 1000
    apart = disagreement(first, statistics_of(tables(planted)))
    errors = apart[[("error" in statistic or "variance" in statistic) for _, statistic in apart.index]]
    assert (errors > 1).mean() > 0.9
    assert (apart["claim 1"] > 1).all()
    assert (apart["explained share"] <= 1).all()  # no target is in them


def test_one_wide_sequence_carries_nothing_in_units_of_its_own_scale(halves, first):
    planted = halves[1].clone()
    planted[7] *= 1000 / planted[7].abs().max()
    apart = borne(disagreement(first, statistics_of(tables(planted))))
    assert (apart.drop("claim 2b") <= 1).all()  # 2b counts a variance in units of x²


# ---- what is compared -----------------------------------------------------------------------------------------------


def test_the_tables_are_what_the_statistics_read(halves):
    found = tables(halves[0][:32])
    assert set(found) == {*TABLES, "reduced_models"}
    assert all((table["model"] == "trained").all() for table in found.values())


def statistic(value, low=np.nan, high=np.nan, name="it"):
    return pd.DataFrame({"use": "claim 1", "statistic": name, "kind": [None], "value": value, "low": low, "high": high})


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((1.0, 0.9, 1.1), (1.3, 1.0, 1.6), [1.5]),  # in widths of the narrower
        ((1.0, 0.9, 1.1), (1.0, 0.8, 1.3), [0.0]),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), [0.0]),  # as of an empty group
        ((0.0, 0.0, 0.0), (0.5, 0.4, 0.6), [np.inf]),
        ((-1.0,), (0.5, 0.4, 0.7), [5.0]),  # a head that only one set finds
        ((1.0,), (2.0,), []),  # read from the weights: nothing to measure by
    ],
)
def test_disagreement_is_in_widths_of_the_narrower_interval(first, second, expected):
    found = compare(statistic(*first), statistic(*second))
    assert found.loc[found["measure"] == "disagreement", "value"].tolist() == pytest.approx(expected)
    assert found.loc[found["measure"] == "first", "value"].tolist() == [first[0]]


@pytest.mark.parametrize(
    "others", [statistic(1.0, name="another"), pd.concat([statistic(1.0), statistic(1.0, name="another")])]
)
def test_sets_with_other_statistics_are_refused(others):
    with pytest.raises(ValueError, match="agreement: expected the same statistics of both sets, found 1 and"):
        compare(statistic(1.0), others)


def test_the_stage_writes_both_values_of_every_statistic_for_the_seed_it_is_given(tmp_path):
    files = generate(tmp_path)
    measure_agreement(tmp_path, train(tmp_path, 3, files), files["test"], seed=3)
    found = read_table("agreement", str(tmp_path / "tables" / "agreement.csv"))
    assert set(found["seed"]) == {3}
    named = found.groupby("measure").apply(lambda rows: set(zip(rows["use"], rows["statistic"], strict=True)))
    assert named["first"] == named["second"] > named["disagreement"]
    assert len(named["first"]) == (found["measure"] == "first").sum()


# ---- the report -----------------------------------------------------------------------------------------------------


def test_the_report_counts_what_agrees_and_lists_what_does_not():
    view = agreement_view(Synthetic(2)["agreement"], "mean", 2048, 0.95)
    assert (
        "The model of seed 0 was measured on two fresh sets of 2,048 sequences, as many as the test set has."
        in view["sentence"]
    )
    counts = "1 of 2 statistics that verdicts rest on, 1 of 2 costs of ablation and 1 of 1 explained shares do."
    assert counts in view["sentence"]
    assert view["sentence"].endswith("By chance 5.6 in 1,000 would not, were they normal.")
    (table,) = view["tables"]
    assert table["rows"] == [
        ["unexplained over that of copying", "claim 2b", "2 [1.8, 2.2]", "3.2 [3, 3.4]", "3"],
        ["change without L2H1 (zero ablation)", "ablation", "2 [1.8, 2.2]", "3.6 [3.4, 3.8]", "4"],
    ]


def test_a_kind_of_ablation_counts_where_claims_are_judged_by_it():
    view = agreement_view(Synthetic(2)["agreement"], "zero", 2048, 0.95)
    assert "0 of 2 statistics that verdicts rest on" in view["sentence"]
    assert view["tables"][0]["rows"][0][0] == "change without that head (zero ablation)"


def test_where_all_agree_the_report_has_no_table():
    agreement = Synthetic(2)["agreement"]
    agreement.loc[agreement["measure"] == "disagreement", "value"] = 1.0
    view = agreement_view(agreement, "mean", 2048, 0.95)
    assert (
        "2 of 2 statistics that verdicts rest on, 2 of 2 costs of ablation and 1 of 1 explained shares do."
        in view["sentence"]
    )
    assert view["tables"] == []


def test_the_chance_is_that_of_normal_errors():
    """Drawn: pairs of normal numbers with intervals of their own, at another level."""
    draw = np.random.default_rng(0).standard_normal((2, 400_000))
    width = 2 * 1.6448536  # of a 90 % interval, in standard errors
    share = (np.abs(draw[0] - draw[1]) > width).mean()
    sentence = agreement_view(Synthetic(2)["agreement"], "mean", 2048, 0.9)["sentence"]
    told = float(sentence.split("By chance ")[1].split(" in 1,000")[0])
    assert told == pytest.approx(1000 * share, rel=0.05)
