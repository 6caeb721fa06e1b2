"""A config or code edited while a run is under way: the run keeps its config; the next one knows what the code was."""

import json
from pathlib import Path

import pytest
import yaml

from clusters import local_cluster
from lib.frozen_config import FOLDER
from projects import assert_same, copy_project, planned, snakemake

pytestmark = pytest.mark.slow
PREDICTIONS = "results/smoke/seed0/predictions.csv"


def test_a_dry_run_keeps_no_config(fresh):
    snakemake(fresh, "-n")
    assert not (fresh / FOLDER).exists()


def test_a_config_edited_between_the_jobs_of_a_cluster_changes_nothing(fresh, tmp_path):
    """First other settings, then no YAML at all; each job is a Snakemake that starts after the edit."""
    undisturbed = copy_project(tmp_path / "undisturbed")
    snakemake(undisturbed, PREDICTIONS)
    config = yaml.safe_load((fresh / "config/smoke.yaml").read_text())
    config["experiments"]["smoke"]["seeds"] = [0, 5]
    config["experiments"]["smoke"]["training"]["steps"] = 40
    edited, broken = yaml.safe_dump(config), "experiments: [smoke: {"
    (fresh / "edit1.yaml").write_text(edited)
    (fresh / "edit2.yaml").write_text(broken)
    edit = "echo >> submitted; cp edit$(wc -l < submitted).yaml config/smoke.yaml 2> /dev/null"
    snakemake(fresh, PREDICTIONS, *local_cluster(fresh, edit))
    assert len((fresh / "submitted").read_text().splitlines()) == 5  # three parts, a training, a measure
    assert (fresh / "config/smoke.yaml").read_text() == broken
    data = [f"data/{part}.safetensors" for part in ("train", "validation", "test")]
    for name in (*data, "seed0/model.safetensors", "seed0/predictions.csv"):
        file = Path("results/smoke") / name
        assert (fresh / file).read_bytes() == (undisturbed / file).read_bytes(), file
    assert json.loads((fresh / "results/smoke/seed0/run.json").read_text())["settings"]["training"]["steps"] == 60
    (fresh / "config/smoke.yaml").write_text(edited)
    assert planned(fresh, "models", PREDICTIONS) == {
        "generate_data": 1, "train_model": 2, "measure_predictions": 1, "models": 1,  # fewer steps draw fewer sequences
    }  # fmt: skip


def test_what_ran_under_the_record_of_older_code_is_made_again_by_the_next_run(fresh, finished):
    edit = "sed -i 's/set aside as %s/put aside as %s/' scripts/recurrence_circuits/training/loop.py"
    snakemake(fresh, PREDICTIONS, *local_cluster(fresh, edit))  # edited when the first job, of sequences, is submitted
    assert planned(fresh, PREDICTIONS) == {"train_model": 1, "measure_predictions": 1}
    snakemake(fresh, PREDICTIONS)
    assert planned(fresh, PREDICTIONS) == {}
    assert_same(fresh, finished, "seed0/model.safetensors", "seed0/predictions.csv")
