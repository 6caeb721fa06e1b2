"""A config or code edited while a run is under way: the run keeps its config; the next one knows what the code was."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from clusters import local_cluster
from frozen_config import FOLDER, freeze, require_unchanged
from projects import assert_same, copy_project, planned, snakemake
from snakemake.settings.types import SharedFSUsage

PREDICTIONS = "results/smoke/seed0/predictions.csv"


def fake_workflow(shared) -> SimpleNamespace:
    config, storage = SimpleNamespace(configfiles=["config/config.yaml"]), SimpleNamespace(shared_fs_usage=shared)
    return SimpleNamespace(config_settings=config, storage_settings=storage)


def test_jobs_are_given_the_config_that_the_run_began_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workflow = fake_workflow(SharedFSUsage.all())
    path = freeze({"experiments": {"a": {"seeds": [0]}}}, workflow)
    assert workflow.config_settings.configfiles == [path]
    assert json.loads(path.read_text()) == {"experiments": {"a": {"seeds": [0]}}}
    assert freeze({"experiments": {"a": {"seeds": [1]}}}, workflow) != path
    require_unchanged([path, *workflow.config_settings.configfiles, "config/config.yaml"])


def test_jobs_without_a_common_disk_get_the_files_that_snakemake_sends_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workflow = fake_workflow(frozenset())
    assert freeze({"experiments": {}}, workflow) is None
    assert workflow.config_settings.configfiles == ["config/config.yaml"]
    assert not FOLDER.exists()


def test_a_kept_config_that_was_changed_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = freeze({"experiments": {}}, fake_workflow(SharedFSUsage.all()))
    path.write_text(path.read_text() + "\n")
    with pytest.raises(ValueError, match=rf"{path.name}: expected the config that the run began with, found another"):
        require_unchanged([path])


@pytest.mark.slow
def test_a_dry_run_keeps_no_config(fresh):
    snakemake(fresh, "-n")
    assert not (fresh / FOLDER).exists()


@pytest.mark.slow
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
    assert len((fresh / "submitted").read_text().splitlines()) == 3
    assert (fresh / "config/smoke.yaml").read_text() == broken
    for name in ("data/train.npz", "data/test.npz", "seed0/model.safetensors", "seed0/predictions.csv"):
        file = Path("results/smoke") / name
        assert (fresh / file).read_bytes() == (undisturbed / file).read_bytes(), file
    assert json.loads((fresh / "results/smoke/seed0/run.json").read_text())["settings"]["training"]["steps"] == 60
    (fresh / "config/smoke.yaml").write_text(edited)
    assert planned(fresh, "models", PREDICTIONS) == {
        "generate_data": 1, "train_model": 2, "score_predictions": 1, "models": 1,  # fewer steps draw fewer sequences
    }  # fmt: skip


@pytest.mark.slow
def test_what_ran_under_the_record_of_older_code_is_made_again_by_the_next_run(fresh, finished):
    edit = "sed -i 's/set aside as %s/put aside as %s/' scripts/recurrence_circuits/training.py"
    snakemake(fresh, PREDICTIONS, *local_cluster(fresh, edit))  # edited when the first job, of sequences, is submitted
    assert planned(fresh, PREDICTIONS) == {"train_model": 1, "score_predictions": 1}
    snakemake(fresh, PREDICTIONS)
    assert planned(fresh, PREDICTIONS) == {}
    assert_same(fresh, finished, "seed0/model.safetensors", "seed0/predictions.csv")
