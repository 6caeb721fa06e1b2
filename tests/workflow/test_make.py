"""The targets of the Makefile keep their word."""

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from making import TARGETS, copied, make
from projects import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with what makes an environment alone."""
    return copied(tmp_path)


def clean(folder: Path, answer: str) -> subprocess.CompletedProcess:
    """Run make clean on a terminal on which somebody answers."""
    person, terminal = pty.openpty()
    os.write(person, f"{answer}\n".encode())
    try:
        return make(folder, "clean", stdin=terminal)
    finally:
        os.close(person)
        os.close(terminal)


def test_make_alone_lists_every_target(project):
    listed = re.findall(r"^  make ([\w-]+) +\S", make(project).stdout, re.MULTILINE)
    assert listed == TARGETS


def test_every_target_is_phony():
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    assert sorted(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()) == sorted(TARGETS)


def test_every_tool_that_a_target_runs_is_there():
    tools = re.findall(r"-m tools\.(\w+)|python (docs/\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert tools
    for tool, script in tools:
        places = [script] if script else [f"workflow/tools/{tool}.py", f"workflow/tools/{tool}/__main__.py"]
        assert any((ROOT / place).exists() for place in places)


def test_the_makefile_reads_the_same_list_as_yaml_does(project):
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (requirements,) = [entry["pip"] for entry in listed if isinstance(entry, dict)]
    assert make(project, "requirements").stdout.splitlines() == requirements


def test_clean_without_a_terminal_refuses_and_deletes_nothing(project):
    kept = [project / name for name in ("results/a/seed0/model.safetensors", ".snakemake/record", ".coverage")]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    result = make(project, "clean")
    assert result.returncode != 0
    assert "weights of 1 models" in result.stderr
    assert "terminal" in result.stderr
    assert all(path.exists() for path in kept)


def test_clean_without_results_deletes_the_caches_alone(project):
    caches = [project / name for name in (".pytest_cache/x", "scripts/__pycache__/x.pyc", ".coverage")]
    kept = [project / name for name in (".venv/x", ".snakemake/record", "scripts/x.py")]
    for folder in ("config", "docs", "tests"):
        (project / folder).mkdir()
    for path in caches + kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert make(project, "clean").returncode == 0
    assert not any(path.exists() for path in caches)
    assert all(path.exists() for path in kept)


def test_clean_empties_the_folders_to_which_links_lead_and_keeps_the_links(project):
    scratch = project / "scratch disk"
    for name in ("results", ".snakemake"):
        (scratch / name / "a").mkdir(parents=True)
        (scratch / name / "a/model.safetensors").touch()
        (project / name).symlink_to(scratch / name)
    (project / "published").mkdir()
    (project / "published/model.safetensors").touch()
    (scratch / "results/b").symlink_to(project / "published")
    for folder in ("config", "docs", "scripts", "tests"):
        (project / folder).mkdir()

    refused = clean(project, "n")
    assert refused.returncode != 0
    assert f"Delete {scratch / 'results'}, to which results leads" in refused.stderr
    assert "weights of 1 trained models" in refused.stderr
    assert f"what it leads to stays: results/b -> {project / 'published'}" in refused.stdout
    assert (scratch / "results/a/model.safetensors").exists()

    assert clean(project, "y").returncode == 0
    for name in ("results", ".snakemake"):
        assert list((project / name).iterdir()) == list((scratch / name).iterdir()) == []
    assert (project / "published/model.safetensors").exists()


def test_clean_deletes_what_was_asked_about(project):
    for name in ("results/a/seed0/model.safetensors", ".snakemake/record"):
        (project / name).parent.mkdir(parents=True)
        (project / name).touch()
    for folder in ("config", "docs", "scripts", "tests"):
        (project / folder).mkdir()
    assert clean(project, "yes").returncode == 0
    assert not (project / "results").exists()
    assert not (project / ".snakemake").exists()


def test_git_ignores_results_records_and_environment_also_as_links(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    for name in ("results", ".snakemake", ".venv", ".venv-peers"):
        (tmp_path / name).symlink_to(tmp_path)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert status.stdout == "?? .gitignore\n"
