"""Every measuring stage through its rule script: what it writes holds together, what it cannot read it refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lib.registry import JUDGED, MEASURES, SEED_TABLES
from models import N_SEQUENCES, data_settings, run_settings
from recurrence_circuits.claims.agreement import statistics_of
from recurrence_circuits.claims.verdicts import judge_claims
from recurrence_circuits.io.tensors import read_tensors, write_tensors
from recurrence_circuits.model.passes import predict
from recurrence_circuits.model.weights import load_model
from recurrence_circuits.tasks.dataset import read_sequences
from recurrence_circuits.tasks.errors import relative_error
from rules import THRESHOLDS, gather, judge, measure, run_all, train
from tables import COLUMNS, read_table


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    run_all(folder)
    return folder


@pytest.fixture
def table(results):
    return lambda name: read_table(name, str(results / "tables" / f"{name}.csv"))


def test_every_table_is_written_for_every_seed(table):
    for name in COLUMNS:
        if "seed" in COLUMNS[name]:
            assert set(table(name)["seed"]) == ({0} if name == "agreement" else {0, 1}), name
        assert set(table(name)["experiment"]) == {"toy"}


@pytest.mark.parametrize("kind", ["zero", "mean", "resample"])
def test_what_two_sets_are_compared_by_is_what_claims_are_judged_by(table, kind):
    """Found in one seed's own tables: the statistic of every criterion, for any kind of ablation."""
    judged = {name: table(name).query("seed == 0") for name in JUDGED}
    claims = judge_claims(judged, table("null"), THRESHOLDS | {"ablation_kind": kind}, 2, 0.95, 2)
    claims = claims[(claims["criterion"] != "all") & (claims["claim"] != "5")]
    trained = {name: frame[frame["model"] == "trained"] for name, frame in judged.items() if name != "predictions"}
    shares = table("reduced_models").query("seed == 0 and model == 'trained'")
    found = statistics_of({**trained, "predictions": judged["predictions"], "reduced_models": shares})
    found = found[found["kind"].isna() | (found["kind"] == kind)].set_index(["use", "statistic"])
    assert set(claims["claim"]) == {"1", "2a", "2b", "2c", "3a", "3b", "3c", "4"}
    for row in claims.itertuples():
        of_row = found.loc[f"claim {row.claim}", row.statistic.partition(";")[0]]
        np.testing.assert_array_equal(of_row[["value", "low", "high"]].astype(float), [row.value, row.low, row.high])


def test_two_runs_give_the_same_bytes(results, tmp_path):
    run_all(tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv"))
    # Seed tables of two seeds and both together; the handcrafted models, the null, the claims and their agreement.
    assert len(made) == 3 * len(SEED_TABLES) + 4
    for path in [*made, Path("tables/claims.md"), Path("seed0/model.safetensors")]:
        assert (tmp_path / path).read_bytes() == (results / path).read_bytes(), path


def test_intervals_hold_their_values(table):
    for name in ("predictions", "ablation", "similarity", "readout_lens"):
        frame = table(name)
        assert (frame["low"] <= frame["high"]).all(), name
        inside = (frame["low"] <= frame["value"] + 1e-9) & (frame["value"] <= frame["high"] + 1e-9)
        assert inside.mean() > 0.9, name  # percentile intervals of ratios may miss theirs, rarely


def test_one_model_has_one_error_wherever_it_is_measured(results, table):
    lens = table("readout_lens").query("measure == 'relative_error' and after_layer == 1 and lens == 'raw'")
    for seed in (0, 1):
        model = load_model(str(results / f"seed{seed}" / "model.safetensors"), run_settings(seed=seed))
        sequences = read_sequences(str(results / "test.safetensors"), data_settings())
        error = relative_error(predict(model, sequences[:, :-1]), sequences).mean(axis=0)
        rows = lens[(lens["seed"] == seed) & (lens["model"] == "trained")]
        np.testing.assert_allclose(rows["value"], [*error, error[2:].mean()], rtol=1e-5)


@pytest.mark.parametrize("error, change", [("relative_error", "change"), ("recalibrated", "recalibrated_change")])
def test_an_error_less_its_change_is_the_whole_models_wherever_it_is_measured(table, error, change):
    whole = []
    for name in ("ablation", "groups", "patterns"):
        frame = table(name)
        keys = [column for column in frame.columns if column not in ("measure", "value", "low", "high")]
        errors, changes = (frame[frame["measure"] == m].set_index(keys)["value"] for m in (error, change))
        assert (errors.index == changes.index).all()
        whole.append((errors - changes).reset_index()[["seed", "model", "position", "value"]])
    by_place = pd.concat(whole).groupby(["seed", "model", "position"], dropna=False)["value"]
    assert len(by_place) == 2 * 2 * 7
    np.testing.assert_allclose(by_place.max(), by_place.min(), rtol=1e-5)
    assert by_place.min().min() > 0


def test_the_mean_over_determined_positions_is_that_mean(table):
    scores = table("predictions").query("measure == 'mse'")
    late = scores[scores["position"] >= 2].groupby(["seed", "predictor"])["value"].mean()
    stated = scores[scores["position"].isna()].set_index(["seed", "predictor"])["value"]
    np.testing.assert_allclose(late.loc[stated.index], stated, rtol=1e-6)


def test_the_record_tells_settings_code_and_versions(results):
    record = json.loads((results / "seed1" / "run.json").read_text())
    assert record["settings"]["seed"] == 1
    assert record["settings"]["training"]["steps"] == 8
    assert {"python", "torch", "snakemake"} <= set(record["versions"])


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"noise": 0.1}},
        {"task": "affine_vector", "data": {"dimension": 2, "noise": 0.1}},
        {"task": "affine_vector", "data": {"dimension": 2}},
        {"task": "polynomial", "data": {"degree": 2}},
        {"task": "polynomial", "data": {"degree": 2, "noise": 0.1}},
        {"model": {"attention_only": True}},
        {"model": {"norm": "none"}},
        {"model": {"n_layers": 1}},
        {"model": {"n_layers": 4, "n_heads": 8}},
    ],
    ids=str,
)
def test_every_task_and_variant_runs_through(tmp_path, changes):
    run_all(tmp_path, seeds=(0,), **changes)
    claims = read_table("claims", str(tmp_path / "tables" / "claims.csv"))
    noisy_vectors = changes.get("task") == "affine_vector" and "noise" in changes["data"]
    left_out = {"1"} if noisy_vectors else set()  # of these alone no floor is known
    left_out |= {"4"} if changes == {"model": {"n_layers": 1}} else set()
    assert {"1", "2a", "2b", "3a", "3b", "4", "5"} - set(claims["claim"]) == left_out


@pytest.fixture
def fresh(results, tmp_path):
    """Sequences and a trained seed of its own, to damage; nothing measured yet."""
    for part in N_SEQUENCES:
        shutil.copy(results / f"{part}.safetensors", tmp_path)
    (tmp_path / "seed0").mkdir()
    for name in ("model.safetensors", "snapshots.safetensors", "similarity.csv"):
        shutil.copy(results / "seed0" / name, tmp_path / "seed0")
    data = {part: str(tmp_path / f"{part}.safetensors") for part in N_SEQUENCES}
    return tmp_path, data, str(tmp_path / "seed0" / "model.safetensors")


def truncate(path):
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("name", MEASURES)
def test_a_truncated_weights_file_is_refused_by_every_measure(fresh, name):
    folder, data, weights = fresh
    truncate(weights)
    with pytest.raises(ValueError, match=r"seed0/model\.safetensors: expected a safetensors file"):
        measure(name, folder, 0, weights, data["test"])
    assert "expected a safetensors file" in (folder / "logs" / f"measure_{name}.log").read_text()
    written = {path.stem for path in (folder / "seed0").glob("*.csv")} - {"similarity"}
    assert not written & set(MEASURES[name].tables)


@pytest.mark.parametrize("name", MEASURES)
def test_another_seeds_weights_are_refused_by_every_measure(fresh, name):
    folder, data, weights = fresh
    with pytest.raises(ValueError, match="trained with other settings: expected seed = 1, found 0"):
        measure(name, folder, 1, weights, data["test"])


def test_training_refuses_damaged_data(fresh):
    folder, data, _ = fresh
    truncate(data["train"])
    with pytest.raises(ValueError, match=r"train\.safetensors: expected a safetensors file"):
        train(folder, 0, data)


@pytest.mark.parametrize("name", MEASURES)
def test_a_nan_in_the_test_data_is_refused_by_every_measure(fresh, name):
    folder, data, weights = fresh
    tensors, record = read_tensors(data["test"])
    tensors["sequences"][3, 2] = torch.nan
    write_tensors(data["test"], tensors, record)
    with pytest.raises(ValueError, match=r"test\.safetensors: expected finite numbers, found nan at .* \(3, 2, 0\)"):
        measure(name, folder, 0, weights, data["test"])


def test_gathering_refuses_a_table_without_a_column(fresh):
    folder, data, weights = fresh
    measure("predictions", folder, 0, weights, data["test"])
    whole = (folder / "seed0" / "predictions.csv").read_text()
    (folder / "seed1").mkdir()
    (folder / "seed1" / "predictions.csv").write_text(whole.replace(",high", "", 1))
    with pytest.raises(ValueError, match=r"seed1/predictions\.csv: expected the columns .*,high, found"):
        gather(folder, tables=["predictions"])
    assert not (folder / "tables" / "predictions.csv").exists()


def test_judging_refuses_a_nan(results, tmp_path):
    for seed in (0, 1):
        (tmp_path / f"seed{seed}").mkdir()
        for path in (results / f"seed{seed}").glob("*.csv"):
            (tmp_path / f"seed{seed}" / path.name).write_text(path.read_text())
    path = tmp_path / "seed1" / "readout_lens.csv"
    lines = path.read_text().splitlines()
    cells = lines[5].split(",")
    cells[-3] = ""
    path.write_text("\n".join([*lines[:5], ",".join(cells), *lines[6:], ""]))
    message = r"seed1/readout_lens\.csv: expected numbers in column 'value', found NaN in data row 5"
    with pytest.raises(ValueError, match=message):
        judge(tmp_path)


def test_claim_1_is_judged_under_noise_against_the_floor_of_noisy_sequences(tmp_path):
    """The Bayes floor of the scalar affine task is known with noise, so that an excess is, too."""
    run_all(tmp_path, seeds=(0,), data={"noise": 0.1})
    predictions = read_table("predictions", str(tmp_path / "tables" / "predictions.csv"))
    overall = predictions[predictions["position"].isna()].set_index(["predictor", "measure"])["value"]
    assert overall["bayes", "mse"] > 0.1**2  # the noise of the term to come, at least
    assert overall["model", "excess"] == pytest.approx(overall["model", "mse"] - overall["bayes", "mse"])
    claims = read_table("claims", str(tmp_path / "tables" / "claims.csv")).set_index(["claim", "criterion"])
    judged = claims.loc[("1", "far_below_what_learns_nothing")]
    ratios = overall.xs("model_ratio", level="measure")
    assert judged["value"] == pytest.approx(ratios.max())
    assert judged["holds"] == (ratios.max() <= 0.1)
    assert "Claim 1 is not judged" not in (tmp_path / "tables" / "claims.md").read_text()
