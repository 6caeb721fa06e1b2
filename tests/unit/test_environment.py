"""One list of dependencies, versions that agree, no private paths."""

import ast
import importlib.metadata
import os
import re
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
# The files of this project, without results, caches and environments.
FILES = sorted(
    path
    for top in ("config", "docs", "scripts", "tests", "workflow", ".ci")
    for path in (ROOT / top).rglob("*")
    if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT / top).parts)
) + sorted(path for path in ROOT.iterdir() if path.is_file() and path.name != ".coverage")
# Where the name to import is not the name to install.
INSTALLED_AS = {"yaml": "pyyaml", "pydantic_core": "pydantic", "transformer_lens": "transformer-lens"}
# What is used without an import in a Python file; tabulate is imported by pandas.
USED_OTHERWISE = {
    "snakemake", "tabulate", "pytest-cov", "pytest-xdist", "ruff", "snakefmt", "import-linter", "pre-commit",
    "ipykernel",
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


def peers() -> dict[str, str | None]:
    """What the environment of the peers asks of pip: name and version, None for that of environment.yml."""
    lines = [line.partition("#")[0].split() for line in read("workflow/tools/peers.txt").splitlines()]
    return {name: version or None for name, _, version in (line[0].partition("==") for line in lines if line)}


def conda_pins() -> dict[str, str]:
    return dict(entry.split("=") for entry in environment()["dependencies"] if isinstance(entry, str) and "=" in entry)


# ---- the list of dependencies ---------------------------------------------------------------------------------------


def test_every_dependency_is_pinned_exactly_and_says_why():
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", requirement) for requirement in pip_requirements())
    assert set(conda_pins()) == {"python", "pip"}
    lines = [line for line in read("environment.yml").splitlines() if "==" in line]
    assert len(lines) == len(pip_requirements()) == len(pins())
    assert all(re.search(r"  # \w", line) for line in lines)


def test_the_installed_versions_are_the_pinned_ones():
    # A build's own label, such as the +cpu of torch, is no part of the version that is asked for.
    installed = {name: importlib.metadata.version(name).partition("+")[0] for name in pins()}
    assert installed == pins()


def test_the_peers_have_versions_of_their_own_only_where_this_project_has_none():
    assert {"transformers", "transformer-lens"} <= set(peers())
    for name, version in peers().items():
        assert (version is None) == (name in pins()), name


def test_the_list_is_what_is_used():
    local = {path.stem for top in ("tests", "docs/scaling") for path in (ROOT / top).rglob("*.py")}
    local |= {"recurrence_circuits", "lib", "tools"}
    imported = set()
    for path in (path for path in FILES if path.suffix == ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - local
    assert {INSTALLED_AS.get(name, name) for name in foreign} | USED_OTHERWISE == set(pins()) | set(peers())


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


# ---- CI -------------------------------------------------------------------------------------------------------------


def test_ci_runs_the_checks_and_then_the_readmes_test_command():
    commands = [line for line in read(".ci/run").splitlines() if line.startswith("make")]
    tests = ["test", "test-faults", "test-export", "test-slurm", "test-browser"]
    assert commands == ["make check", *(f"make {name}" for name in tests)]
    assert re.search(r"^make test\b", read("README.md"), re.MULTILINE)
    assert os.access(ROOT / ".ci/run", os.X_OK)


# ---- the files ------------------------------------------------------------------------------------------------------


def test_no_file_names_a_private_path():
    private = re.compile(r"(?<![\w.])/(work|home|root|Users|opt|tmp)/[\w.]")
    for path in (path for path in FILES if path.suffix not in (".png", ".pdf")):
        found = private.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found.group()}"
