"""The targets of the Makefile keep their word."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def make(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run make in a folder, without a terminal."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS", "PYTHON")  # of a make that runs these tests
    inherited = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=inherited | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile and the list of dependencies alone."""
    for name in ("Makefile", "environment.yml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_make_alone_lists_every_target(project):
    listed = re.findall(r"^  make ([\w-]+) +\S", make(project).stdout, re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == targets


def test_every_target_is_phony():
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    targets = re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE)
    assert sorted(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()) == sorted(targets)


def test_every_tool_that_a_target_runs_is_there():
    tools = re.findall(r"python -m tools\.(\w+)|python (docs/\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert tools
    for tool, script in tools:
        assert (ROOT / (script or f"workflow/tools/{tool}.py")).exists()


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
    for folder in ("config", "docs", "tests", "workflow"):
        (project / folder).mkdir()
    for path in caches + kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert make(project, "clean").returncode == 0
    assert not any(path.exists() for path in caches)
    assert all(path.exists() for path in kept)


def test_a_missing_python_is_named_with_what_to_do(project):
    result = make(project, "environment", PYTHON="no-such-python")
    assert result.returncode != 0
    assert "expected Python 3.11, found none as: no-such-python" in result.stderr
    assert "apt install" in result.stderr
    assert not (project / ".venv").exists()


def test_an_environment_is_made_again_when_the_list_changes_and_after_a_failure(project):
    (project / "environment.yml").write_text("  - python=3.11\n  - pip:\n", encoding="utf-8")
    made = [make(project, "environment", PYTHON=sys.executable) for _ in range(2)]
    assert [result.returncode for result in made] == [0, 0]
    assert ["Making .venv" in result.stdout for result in made] == [True, False]

    with (project / "environment.yml").open("a", encoding="utf-8") as file:
        file.write("      - no-such-package==1.0\n")
    for _ in range(2):  # --no-index and no folder to look in: nothing can be installed
        failed = make(project, "environment", PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
        assert failed.returncode != 0
        assert "Making .venv" in failed.stdout
