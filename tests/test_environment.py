"""The house round the workflow: one list of dependencies, make targets that keep their word, versions that agree."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
# The house of this project, without results, caches and environments.
FILES = sorted(
    path
    for top in ("config", "scripts", "tests", "workflow", ".ci")
    for path in (ROOT / top).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
) + sorted(path for path in ROOT.iterdir() if path.is_file() and path.name != ".coverage")
# Where the name to import is not the name to install.
INSTALLED_AS = {"yaml": "pyyaml"}
# What is used without an import in a Python file; tabulate is imported by pandas.
USED_OTHERWISE = {
    "snakemake", "tabulate", "pytest-cov", "pytest-xdist", "ruff", "snakefmt", "pre-commit",
    # by the profiles that name their executor
    "snakemake-executor-plugin-slurm", "snakemake-executor-plugin-cluster-generic", "snakemake-executor-plugin-lsf",
    "snakemake-executor-plugin-kubernetes", "snakemake-storage-plugin-s3",
}  # fmt: skip


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def environment() -> dict:
    return yaml.safe_load(read("environment.yml"))


def pip_requirements() -> list[str]:
    return next(entry["pip"] for entry in environment()["dependencies"] if isinstance(entry, dict))


def pins() -> dict[str, str]:
    """What environment.yml asks of pip: name and version."""
    return dict(requirement.split("==") for requirement in pip_requirements())


def conda_pins() -> dict[str, str]:
    return dict(entry.split("=") for entry in environment()["dependencies"] if isinstance(entry, str) and "=" in entry)


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


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.MULTILINE))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with the Makefile and the list of dependencies alone."""
    for name in ("Makefile", "environment.yml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


# ---- the list of dependencies ---------------------------------------------------------------------------------------


def test_every_dependency_is_pinned_exactly_and_says_why():
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", requirement) for requirement in pip_requirements())
    assert set(conda_pins()) == {"python", "pip"}
    lines = [line for line in read("environment.yml").splitlines() if "==" in line]
    assert len(lines) == len(pip_requirements()) == len(pins())
    assert all(re.search(r"  # \w", line) for line in lines)


def test_the_makefile_reads_the_same_list_as_yaml_does(house):
    assert make(house, "requirements").stdout.splitlines() == pip_requirements()


def test_the_installed_versions_are_the_pinned_ones():
    # A build's own label, such as the +cpu of torch, is no part of the version that is asked for.
    installed = {name: importlib.metadata.version(name).partition("+")[0] for name in pins()}
    assert installed == pins()


def test_the_list_is_what_is_used():
    local = {path.stem for top in ("scripts", "workflow", "tests", "tests/slurm") for path in (ROOT / top).glob("*.py")}
    imported = set()
    for path in (path for path in FILES if path.suffix == ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - local - {"recurrence_circuits"}
    assert {INSTALLED_AS.get(name, name) for name in foreign} | USED_OTHERWISE == set(pins())


# ---- versions named elsewhere ---------------------------------------------------------------------------------------


def test_the_python_version_is_the_same_everywhere():
    python = conda_pins()["python"]
    assert sys.version_info[:2] == tuple(map(int, python.split(".")))
    assert tomllib.loads(read("pyproject.toml"))["tool"]["ruff"]["target-version"] == f"py{python.replace('.', '')}"
    for name in ("README.md", ".ci/run"):
        found = re.findall(r"[Pp]ython ?(\d+\.\d+)", read(name))
        assert found, name
        assert set(found) == {python}, name


def test_the_snakefile_asks_for_the_pinned_snakemake():
    (asked,) = re.findall(r'min_version\("([\d.]+)"\)', read("workflow/Snakefile"))
    assert f"{pins()['snakemake']}.".startswith(f"{asked}.")


def test_pre_commit_takes_its_tools_from_the_environment():
    repositories = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]  # so there is no `rev` to keep in step
    for hook in repositories[0]["hooks"]:
        program = hook["entry"].split()[0]
        assert program.removeprefix(".venv/bin/") in pins()


def test_the_version_of_the_project_is_the_same_everywhere():
    version = yaml.safe_load(read("CITATION.cff"))["version"]
    newest, date = re.search(r"^## \[([\d.]+)\] - ([\d-]+)$", read("CHANGELOG.md"), re.MULTILINE).groups()
    assert newest == version
    assert yaml.safe_load(read("CITATION.cff"))["date-released"] == date
    assert f"version {version}" in read("README.md")


# ---- make -----------------------------------------------------------------------------------------------------------


def test_make_alone_lists_every_target(house):
    listed = re.findall(r"^  make ([\w-]+) +\S", make(house).stdout, re.MULTILINE)
    assert set(listed) == make_targets()


def test_ci_runs_the_checks_and_then_the_readmes_test_command():
    commands = [line for line in read(".ci/run").splitlines() if line.startswith("make")]
    assert commands == ["make check", "make test", "make test-slurm"]
    assert re.search(r"^make test\b", read("README.md"), re.MULTILINE)
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_clean_without_a_terminal_refuses_and_deletes_nothing(house):
    kept = [house / name for name in ("results/a/seed0/model.safetensors", ".snakemake/record", ".coverage")]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    result = make(house, "clean")
    assert result.returncode != 0
    assert "weights of 1 models" in result.stderr
    assert "terminal" in result.stderr
    assert all(path.exists() for path in kept)


def test_clean_without_results_deletes_the_caches_alone(house):
    caches = [house / name for name in (".pytest_cache/x", "scripts/__pycache__/x.pyc", ".coverage")]
    kept = [house / name for name in (".venv/x", ".snakemake/record", "scripts/x.py")]
    for folder in ("config", "tests", "workflow"):
        (house / folder).mkdir()
    for path in caches + kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert make(house, "clean").returncode == 0
    assert not any(path.exists() for path in caches)
    assert all(path.exists() for path in kept)


def test_a_missing_python_is_named_with_what_to_do(house):
    result = make(house, "environment", PYTHON="no-such-python")
    assert result.returncode != 0
    assert "expected Python 3.11, found none as: no-such-python" in result.stderr
    assert "apt install" in result.stderr
    assert not (house / ".venv").exists()


def test_an_environment_is_made_again_when_the_list_changes_and_after_a_failure(house):
    (house / "environment.yml").write_text("  - python=3.11\n  - pip:\n", encoding="utf-8")
    made = [make(house, "environment", PYTHON=sys.executable) for _ in range(2)]
    assert [result.returncode for result in made] == [0, 0]
    assert ["Making .venv" in result.stdout for result in made] == [True, False]

    with (house / "environment.yml").open("a", encoding="utf-8") as file:
        file.write("      - no-such-package==1.0\n")
    for _ in range(2):  # --no-index and no folder to look in: nothing can be installed
        failed = make(house, "environment", PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
        assert failed.returncode != 0
        assert "Making .venv" in failed.stdout


# ---- the files ------------------------------------------------------------------------------------------------------


def test_no_file_names_a_private_path():
    private = re.compile(r"(?<![\w.])/(work|home|root|Users|opt|tmp)/[\w.]")
    for path in FILES:
        found = private.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found.group()}"
