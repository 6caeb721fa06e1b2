"""The null: the claims' statistics in untrained models that are no seed's control."""

import pandas as pd
import pytest
import torch

from models import ANALYSIS, data_settings, random_model, run_settings, sequences
from recurrence_circuits.claims.criteria import OF_UNTRAINED
from recurrence_circuits.claims.statistics import TABLES, Measured
from recurrence_circuits.measures.null import tables_of_untrained
from recurrence_circuits.model.interventions import donors
from recurrence_circuits.model.weights import new_model
from recurrence_circuits.randomness import torch_stream
from recurrence_circuits.tasks.dataset import read_sequences
from rules import generate, measure, measure_null, train
from tables import read_table

FIRST = 2


def null(folder, test, n=3, **changes):
    measure_null(folder, test, ANALYSIS | {"n_null": n}, **changes)
    return read_table("null", str(folder / "tables" / "null.csv"))


def test_every_statistic_of_every_initialisation_is_there_and_stays_when_more_are_asked_for(tmp_path):
    test = generate(tmp_path)["test"]
    three = null(tmp_path, test)
    assert set(three["statistic"]) == set(OF_UNTRAINED)
    assert three.groupby("statistic")["value"].nunique().eq(3).all()
    five = null(tmp_path, test, n=5)
    pd.testing.assert_frame_equal(five[five["initialisation"] < 3].reset_index(drop=True), three)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"attention_only": True, "norm": "none"}},
        {"model": {"n_layers": 1, "position_embedding": False}},
        {"task": "affine_vector", "data": {"dimension": 2}},
        {"task": "polynomial", "data": {"degree": 1}},
    ],
)
def test_every_kind_of_model_has_a_null(tmp_path, changes):
    found = null(tmp_path, generate(tmp_path, **changes)["test"], **changes)
    assert found["value"].notna().all()


def test_the_statistics_are_those_of_the_seeds_own_tables(tmp_path):
    """One model by itself gives what the stages measure for it, on the same sequences."""
    files = generate(tmp_path)
    weights = train(tmp_path, 0, files)
    measured = ("similarity", "circuits", "feedback", "lags")
    for name in measured:
        measure(name, tmp_path, 0, weights, files["test"])
    tables = {name: read_table(name, str(tmp_path / f"seed0/{name}.csv")) for name in measured}
    of_seed = Measured(tables, "seed 0")
    values = read_sequences(files["test"], data_settings())
    model = new_model(run_settings(seed=0)).eval().requires_grad_(False)
    donor = donors(len(values), torch_stream(data_settings().seed, "mismatch"))
    by_itself = Measured(tables_of_untrained(model, values, donor, FIRST, ANALYSIS["feedback_epsilon"]), "it")
    for name, statistic in OF_UNTRAINED.items():
        assert statistic(by_itself, "untrained")["value"] == pytest.approx(
            statistic(of_seed, "untrained")["value"], rel=1e-4, abs=1e-7
        ), name


def test_the_tables_have_what_the_statistics_read():
    values = sequences(20)
    donor = donors(20, torch.Generator().manual_seed(0))
    tables = tables_of_untrained(random_model(), values, donor, FIRST, 0.1)
    assert set(tables) <= set(TABLES)
    assert all((table["model"] == "untrained").all() for table in tables.values())
