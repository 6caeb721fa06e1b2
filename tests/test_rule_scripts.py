"""Every measuring stage through its rule script: what it writes holds together, what it cannot read it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from recurrence_circuits.tables import COLUMNS, read_table
from rules import MEASURED, call, generate, judge, measure, run_all, train


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
            assert set(table(name)["seed"]) == {0, 1}, name
        assert set(table(name)["experiment"]) == {"toy"}


def test_two_runs_give_the_same_bytes(results, tmp_path):
    run_all(tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv"))
    # Seed tables of two seeds and both together; the construction, the claims and two spreads.
    assert len(made) == 3 * (len(COLUMNS) - 2) + 4
    for path in [*made, Path("tables/claims.md"), Path("seed0/model.safetensors")]:
        assert (tmp_path / path).read_bytes() == (results / path).read_bytes(), path


def test_intervals_hold_their_values(table):
    for name in ("predictions", "ablation", "similarity", "estimates"):
        frame = table(name)
        assert (frame["low"] <= frame["high"]).all(), name
        inside = (frame["low"] <= frame["value"] + 1e-9) & (frame["value"] <= frame["high"] + 1e-9)
        assert inside.mean() > 0.9, name  # percentile intervals of ratios may miss theirs, rarely


def test_one_model_has_one_error_wherever_it_is_measured(table):
    scores = table("predictions").query("measure == 'mse' and predictor in ['model', 'untrained']")
    estimates = table("estimates").query("measure == 'mse' and after_layer == 1")
    names = {"trained": "model", "untrained": "untrained"}
    both = estimates.assign(predictor=estimates["model"].map(names)).merge(
        scores, on=["seed", "predictor", "position"], suffixes=("", "_scored")
    )
    assert len(both) == 2 * 2 * 7
    np.testing.assert_allclose(both["value"], both["value_scored"], rtol=1e-6)


def test_ablated_error_less_whole_error_is_the_change(table):
    ablation = table("ablation").query("model == 'trained'")
    keys = ["seed", "component", "layer", "head", "kind", "position"]
    wide = ablation.pivot_table(index=keys, columns="measure", values="value", dropna=False).dropna().reset_index()
    whole = table("predictions").query("measure == 'mse' and predictor == 'model'")
    both = wide.merge(whole, on=["seed", "position"])
    assert len(both) == len(wide) > 0
    np.testing.assert_allclose(both["mse"] - both["mse_change"], both["value"], rtol=1e-5)


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
        {"task": "affine_vector", "data": {"dimension": 2}},
        {"task": "polynomial", "data": {"degree": 2}},
        {"task": "polynomial", "data": {"degree": 2, "noise": 0.1}},
        {"model": {"attention_only": True}},
        {"model": {"layer_norm": False}},
        {"model": {"n_layers": 1}},
        {"model": {"n_layers": 4, "n_heads": 8}},
    ],
    ids=str,
)
def test_every_task_and_variant_runs_through(tmp_path, changes):
    run_all(tmp_path, seeds=(0,), **changes)
    claims = read_table("claims", str(tmp_path / "tables" / "claims.csv"))
    left_out = {"1"} if changes == {"data": {"noise": 0.1}} else set()
    left_out |= {"4"} if changes == {"model": {"n_layers": 1}} else set()
    assert {"1", "2a", "2b", "3a", "3b", "4", "5"} - set(claims["claim"]) == left_out


@pytest.fixture
def fresh(tmp_path):
    """A trained seed of its own, to damage."""
    data = generate(tmp_path)
    return tmp_path, data, train(tmp_path, 0, data)


def truncate(path):
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("script", MEASURED)
def test_a_truncated_weights_file_is_refused_by_every_stage(fresh, script):
    folder, data, weights = fresh
    truncate(weights)
    with pytest.raises(ValueError, match=r"seed0/model\.safetensors: expected a safetensors file"):
        measure(script, folder, 0, weights, data["test"])
    assert "expected a safetensors file" in (folder / "logs" / f"{script}.log").read_text()
    assert not list((folder / "seed0").glob(f"{MEASURED[script][0]}.csv"))


@pytest.mark.parametrize("script", MEASURED)
def test_another_seeds_weights_are_refused_by_every_stage(fresh, script):
    folder, data, weights = fresh
    with pytest.raises(ValueError, match="trained with other settings: expected seed = 1, found 0"):
        measure(script, folder, 1, weights, data["test"])


def test_training_refuses_damaged_data(fresh):
    folder, data, _ = fresh
    truncate(data["train"])
    with pytest.raises(ValueError, match=r"train\.npz: expected a data file"):
        train(folder, 0, data)


@pytest.mark.parametrize("script", MEASURED)
def test_a_nan_in_the_test_data_is_refused_by_every_stage(fresh, script):
    folder, data, weights = fresh
    with np.load(data["test"]) as arrays:
        damaged = dict(arrays)
    damaged["sequences"][3, 2] = np.nan
    np.savez(data["test"], **damaged)
    with pytest.raises(ValueError, match=r"test\.npz: expected finite numbers, found nan at .* \(3, 2, 0\)"):
        measure(script, folder, 0, weights, data["test"])


def test_gathering_refuses_a_table_without_a_column(fresh):
    folder, data, weights = fresh
    measure("score_predictions", folder, 0, weights, data["test"])
    path = folder / "seed0" / "predictions.csv"
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in lines))  # the last one stays empty
    with pytest.raises(ValueError, match=r"predictions\.csv: expected the columns .* missing \['high'\]"):
        call("gather_seeds", folder, inputs={"seeds": [str(path)]},
             outputs={"table": str(folder / "t.csv")}, wildcards={"table": "predictions"})  # fmt: skip


def test_judging_refuses_a_nan(results, tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    for path in (results / "tables").glob("*.csv"):
        (tables / path.name).write_text(path.read_text())
    lines = (tables / "estimates.csv").read_text().splitlines()
    cells = lines[5].split(",")
    cells[-3] = ""
    (tables / "estimates.csv").write_text("\n".join([*lines[:5], ",".join(cells), *lines[6:], ""]))
    with pytest.raises(
        ValueError, match=r"estimates\.csv: expected numbers in column 'value', found NaN in data row 5"
    ):
        judge(tmp_path)
