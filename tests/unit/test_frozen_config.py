"""The config that a run began with is kept for its jobs, and a kept one that was changed is refused."""

import json
from types import SimpleNamespace

import pytest
from snakemake.settings.types import SharedFSUsage

from lib.frozen_config import FOLDER, freeze, require_unchanged


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
