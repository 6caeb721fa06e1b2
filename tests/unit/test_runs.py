"""A finished run is opened by its folder, and what is not one is refused by file."""

import dataclasses
import shutil

import pandas as pd
import pytest
import torch
from torch.testing import assert_close

from finished_runs import write_run
from lib.registry import COLUMNS, SEED_TABLES
from models import run_settings
from recurrence_circuits.io.tables import write_csv
from recurrence_circuits.model.weights import load_model, new_model
from recurrence_circuits.runs import OF_NO_SEED, open_run


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "toy")


def table(folder, name, **columns):
    write_csv(pd.DataFrame({"experiment": "toy", "seed": 0} | columns), str(folder / f"{name}.csv"))


def test_it_holds_what_the_files_hold(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    run = open_run("seed0")
    assert run.settings == run_settings()
    model = load_model(str(folder / "model.safetensors"), run_settings())
    assert_close(run.cache.prediction, model(run.context).prediction, rtol=0, atol=0)
    assert run.context.shape == run.following.shape == (48, 6, 1)
    assert (run.sequences[:, 1:] == run.following).all()
    fresh = new_model(run_settings()).state_dict()
    assert all((weight == fresh[name]).all() for name, weight in run.untrained.state_dict().items())
    assert not any(weight.requires_grad for weight in [*run.model.parameters(), *run.untrained.parameters()])


def test_the_run_on_other_sequences_has_their_activations(folder):
    run = open_run(folder)
    assert len(run.cache.prediction) == 48  # made, and so to be forgotten
    other = dataclasses.replace(run, sequences=torch.zeros(1, 7, 1))
    assert_close(other.cache.prediction, run.model(torch.zeros(1, 6, 1)).prediction)


def test_tables_are_frames_by_name_with_nothing_read_that_is_not_asked_for(folder):
    table(folder, "ablation", position=[None, 2.0], kind=["none", "NA"], value=[1.0, 2.0])
    table(folder.parent / "tables", "claims", seed=1, value=[1.0])
    table(folder.parent / "tables", "ablation", seed=1, value=[1.0])  # gathered from all seeds
    table(folder.parent / "tables", "lags", seed=1, value=[1.0])
    (folder / "lost.csv").write_text("cut")
    tables = open_run(folder).tables
    assert list(tables) == ["ablation", "claims", "lost"]
    assert len(tables) == 3
    assert tables["ablation"]["kind"].tolist() == ["none", "NA"]  # texts, not missing numbers
    assert tables["ablation"]["position"].isna().tolist() == [True, False]
    assert tables["ablation"] is tables["ablation"]
    assert tables["claims"]["seed"].tolist() == [1]


def test_the_tables_of_no_seed_are_the_registrys():
    assert set(OF_NO_SEED) == set(COLUMNS) - set(SEED_TABLES)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda folder: table(folder, "lags", seed=3, value=[1.0]), r"lags.csv: expected seed to be 0, found \[3\]"),
        (lambda folder: table(folder, "lags", experiment="b", value=[1.0]), "expected experiment to be 'toy'"),
        (lambda folder: (folder / "lags.csv").write_text("seed\n0\n"), "lags.csv: expected an empty last line"),
        (lambda folder: (folder / "lags.csv").write_text("seed\n0\n\n"), "lags.csv: expected experiment to be 'toy'"),
        (lambda folder: (folder / "lags.csv").write_text("\n\n"), "lags.csv: expected a table, found"),
    ],
)
def test_a_table_that_is_not_the_runs_is_refused_by_file(folder, change, found):
    change(folder)
    with pytest.raises(ValueError, match=found):
        open_run(folder).tables["lags"]


def test_a_table_that_is_not_there_is_refused_with_those_that_are(folder):
    table(folder, "ablation", value=[1.0])
    with pytest.raises(KeyError, match=r"expected a table of \['ablation'\], found 'lags'"):
        open_run(folder).tables["lags"]


def other_sequences(folder):
    other = write_run(folder.parent.parent / "other", data={"noise": 0.5})
    shutil.copy(other.parent / "data/test.safetensors", folder.parent / "data/test.safetensors")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "seed0: expected a seed's folder .*, found none"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "model.safetensors: expected a safetensors"),
        (
            lambda folder: shutil.copy(folder.parent / "data/test.safetensors", folder / "model.safetensors"),
            "model.safetensors: RunSettings: expected the keys",
        ),
        (
            lambda folder: (folder.parent / "data/test.safetensors").unlink(),
            "test.safetensors: expected the test sequences, found none; `snakemake .*toy/data/test.safetensors`",
        ),
        (other_sequences, r"test.safetensors: drawn with other settings: expected noise = 0.0, found 0.5"),
    ],
)
def test_what_is_no_finished_run_is_refused_by_file(folder, change, found):
    change(folder)
    with pytest.raises(ValueError, match=found):
        open_run(folder)


def test_the_folder_of_an_experiment_is_refused_with_its_seeds(folder):
    with pytest.raises(ValueError, match=r"toy: expected a seed's folder .*, found those of \['seed0'\] below it"):
        open_run(folder.parent)
