"""The environments that `make` makes: once, where they may be, of what environment.yml lists and nothing else."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from making import TARGETS, copied, empty_list, make
from projects import ROOT, copy_project, snakemake


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with what makes an environment alone."""
    return copied(tmp_path)


def test_a_missing_python_is_named_with_what_to_do(project):
    result = make(project, "environment", PYTHON="no-such-python")
    assert result.returncode != 0
    assert "expected Python 3.11, found none as: no-such-python" in result.stderr
    assert "apt install" in result.stderr
    assert not (project / ".venv").exists()


def test_an_environment_is_made_again_when_the_list_changes_and_after_a_failure(project):
    empty_list(project)
    made = [make(project, "environment", PYTHON=sys.executable) for _ in range(2)]
    assert [result.returncode for result in made] == [0, 0]
    assert ["Making .venv" in result.stdout for result in made] == [True, False]

    with (project / "environment.yml").open("a", encoding="utf-8") as file:
        file.write("      - no-such-package==1.0\n")
    for _ in range(2):  # --no-index and no folder to look in: nothing can be installed
        failed = make(project, "environment", PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
        assert failed.returncode != 0
        assert "Making .venv" in failed.stdout


# ---- a path that Snakemake cannot take ------------------------------------------------------------------------------


def test_every_target_that_needs_the_environment_refuses_a_path_with_a_blank(tmp_path):
    project = copied(tmp_path / "my projects/clone")
    for target in sorted(set(TARGETS) - {"help", "requirements", "clean"}):
        result = make(project, target, PYTHON=sys.executable)
        assert result.returncode != 0, target
        assert "expected a path for the environment without blanks and signs that a shell reads as" in result.stderr
        assert f"found '{project}/.venv'" in result.stderr, target
        assert "make VENV=/path/without/blanks" in result.stderr, target
        assert sorted(path.name for path in project.iterdir()) == ["Makefile", "environment.yml", "workflow"], target
    assert make(project, "help").returncode == make(project, "requirements").returncode == 0


@pytest.mark.parametrize("sign", list("\t\"'`$&|;<>(){}*?[]\\:"))
def test_other_signs_of_the_shell_are_refused_as_well(tmp_path, sign):
    project = copied(tmp_path / f"a{sign}b")
    result = make(project, "paper", PYTHON=sys.executable)
    assert result.returncode != 0
    assert f"found '{project}/.venv'" in result.stderr
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("name", ["my projects", "it's $HOME (old)"])
def test_with_an_environment_elsewhere_any_path_will_do(tmp_path, name):
    project = copied(tmp_path / name)
    empty_list(project)
    place = tmp_path / "environment"
    arguments = {"PYTHON": sys.executable}
    assert make(project, f"VENV={place}", "environment", **arguments).returncode == 0
    program = place / "bin/snakemake"
    program.write_text('#!/bin/sh\necho "$(pwd)" "$(command -v python)" "$@"\n')
    program.chmod(0o755)
    result = make(project, f"VENV={place}", "paper", "ARGS=-n", **arguments)
    assert result.stdout == f"{project} {place}/bin/python -n\n"

    clone = copied(tmp_path / "clone")  # two clones with the same list may share one environment
    empty_list(clone)
    assert make(clone, f"VENV={place}", "environment", **arguments).stdout == ""


def with_library(folder: Path) -> Path:
    """A clone that has the library, and packages of the environment's that no test needs left out."""
    empty_list(copied(folder))
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    return folder


def library_found(place: Path, code: str = "", **variables: str) -> str:
    """Where an environment's Python, started in another folder, finds the library; the error if it does not."""
    code += "\nimport recurrence_circuits.by_name as module; print(module.__file__)"
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [place / "bin/python", "-c", code], cwd=place, env=inherited | variables, capture_output=True, text=True
    )
    return done.stdout.strip() or done.stderr


def test_the_library_is_found_from_any_folder_and_a_clones_own_comes_first(tmp_path):
    maker, clone = (with_library(tmp_path / name) for name in ('maker "é\'s"', "clone"))
    place = tmp_path / "environment"
    environment = (f"VENV={place}", "environment", f"PYTHON={sys.executable}")
    for project in (maker, clone):  # which share it
        assert make(project, *environment).returncode == 0
    ours = f"{clone}/scripts"
    assert library_found(place) == f"{maker}/scripts/recurrence_circuits/by_name.py"
    assert library_found(place, PYTHONPATH=ours).startswith(ours)
    assert library_found(place, f"import sys; sys.path.append({ours!r})").startswith(ours)  # as Snakemake's scripts do
    assert "No module named 'draw_figure'" in library_found(place, "import draw_figure")

    maker.rename(tmp_path / "moved")
    assert "No module named 'recurrence_circuits'" in library_found(place)
    assert make(clone, *environment).stdout == ""
    assert library_found(place).startswith(ours)


@pytest.mark.slow
def test_the_workflow_runs_below_a_folder_with_a_blank(tmp_path):
    project = copy_project(tmp_path / "my projects/clone")
    snakemake(project, "results/smoke/data/test.safetensors")
    assert (project / "results/smoke/data/test.safetensors").exists()


def test_a_folder_of_something_else_is_not_emptied_for_an_environment(project):
    empty_list(project)
    (project / "thesis").mkdir()
    (project / "thesis/chapter.tex").touch()
    result = make(project, f"VENV={project / 'thesis'}", "environment", PYTHON=sys.executable)
    assert result.returncode != 0
    assert f"expected an empty folder or an environment that make made, found neither: '{project / 'thesis'}'" in (
        result.stderr
    )
    assert [path.name for path in (project / "thesis").iterdir()] == ["chapter.tex"]


# ---- a user's own settings of pip and Python ------------------------------------------------------------------------


@pytest.fixture
def with_a_package(project) -> Path:
    """A project whose environment has one package, to be found in the folder `packages` only."""
    (project / "environment.yml").write_text("  - python=3.11\n  - pip:\n      - tiny==1.0\n", encoding="utf-8")
    (project / "packages").mkdir()
    write_wheel(project / "packages", "1.0")
    return project


def write_wheel(folder: Path, version: str) -> None:
    """The package `tiny` in this version."""
    with zipfile.ZipFile(folder / f"tiny-{version}-py3-none-any.whl", "w") as wheel:
        inside = f"tiny-{version}.dist-info"
        wheel.writestr("tiny.py", "")
        wheel.writestr(f"{inside}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
        wheel.writestr(f"{inside}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{inside}/RECORD", "")


def assert_installed(project: Path, **variables: str) -> None:
    """make environment installs the package where it belongs, and nothing anywhere else."""
    before = set(project.iterdir())
    result = make(project, "environment", PYTHON=sys.executable, HOME=str(project / "packages"), **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    assert list((project / ".venv").rglob("site-packages/tiny.py"))
    assert set(project.iterdir()) - before <= {project / ".venv"}


def test_variables_that_tell_pip_how_to_install_have_no_say(with_a_package):
    project = with_a_package
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "packages")}
    switches = dict.fromkeys(["PIP_USER", "PIP_REQUIRE_HASHES", "PIP_DRY_RUN", "PIP_REQUIRE_VIRTUALENV"], "1")
    elsewhere = {name: str(project / "elsewhere") for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON")}
    assert_installed(project, **index, **switches, **elsewhere)


def test_a_pip_conf_tells_where_from_and_not_where_to(with_a_package):
    project = with_a_package
    (project / "pip.conf").write_text(
        f"[global]\nuser = true\nno-index = true\nfind-links = {project / 'packages'}\nrequire-virtualenv = true\n"
        f"[install]\ntarget = {project / 'a'}\nprefix = {project / 'b'}\nroot = {project / 'c'}\nno-deps = true\n"
    )
    assert_installed(project, PIP_CONFIG_FILE=str(project / "pip.conf"))


def test_the_peers_environment_has_this_projects_versions_and_is_made_once(with_a_package):
    project = with_a_package
    write_wheel(project / "packages", "2.0")
    (project / "workflow/tools/peers.txt").write_text("tiny  # of no version\n")
    index = {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "packages")}
    made = [make(project, "peers", **index) for _ in range(2)]
    assert [result.returncode for result in made] == [0, 0], made[0].stderr
    assert ["Making .venv-peers" in result.stdout for result in made] == [True, False]
    (installed,) = (project / ".venv-peers").rglob("tiny-*.dist-info")
    assert installed.name == "tiny-1.0.dist-info"


def test_a_python_path_with_the_same_packages_has_no_say(with_a_package):
    """pip would take them for installed, and the workflow would find them instead of its own."""
    project = with_a_package
    other = project / "packages/other"
    with zipfile.ZipFile(project / "packages/tiny-1.0-py3-none-any.whl") as wheel:
        wheel.extractall(other)
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "packages")}
    assert_installed(project, PYTHONPATH=str(other), **index)
    program = project / ".venv/bin/snakemake"
    program.write_text("#!/bin/sh\nexec python -c 'import tiny; print(tiny.__file__)'\n")
    program.chmod(0o755)
    found = make(project, "paper", PYTHON=sys.executable, PYTHONPATH=str(other)).stdout
    assert found.startswith(f"{project}/.venv/")
