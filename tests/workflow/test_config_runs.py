"""Config files that are none, and text in a config that a shell would run, given to the real Snakemake: unrun."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config_files import FILES
from projects import copy_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("project"))


def snakemake(project: Path, *arguments: str, ok: bool) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV_")}
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(
        command, cwd=project, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert (done.returncode == 0) == ok, done.stdout
    assert not list(project.rglob("pwned*")), done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["broken", "not UTF-8", "empty", "a template"])
def test_a_default_config_that_is_none_is_refused_by_name(project, kind):
    path = project / "config" / "config.yaml"
    sound = path.read_bytes()
    path.write_bytes(FILES[kind])
    output = snakemake(project, "-n", ok=False)
    path.write_bytes(sound)
    assert "config/config.yaml: expected" in output
    assert "Traceback" not in output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "experiments: {'a; touch pwned': {task: affine}}",
            r"experiments.'a; touch pwned': expected an experiment's name",
        ),
        ("experiments: {'$(touch pwned)': {task: affine}}", "experiments.'$(touch pwned)': expected"),
        (
            "experiments: {a: {task: affine, training: {steps: .nan}}}",
            "steps: expected a whole number from 1 to 10000000",
        ),
        ("experiments: {a: [", "Config file is not valid JSON or YAML"),
    ],
)
def test_a_given_config_that_is_refused_runs_nothing(project, text, message):
    (project / "my.yaml").write_text(text)
    output = snakemake(project, "--configfile", "my.yaml", ok=False)
    assert message in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_values_on_the_command_line_are_refused_by_name(project):
    output = snakemake(project, "-n", "--config", "experiments=$(touch pwned)", ok=False)
    assert "experiments: expected a mapping with 1 to 200 keys, found the text '$(touch pwned)'" in output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["$(touch pwned);`touch pwned`; x.yaml", "a'b\"; touch pwned; #.yaml"])
def test_the_name_of_a_config_file_runs_nothing(project, name):
    """Snakemake starts its jobs through a shell, and hands them the config's name."""
    shutil.copy(project / "config" / "smoke.yaml", project / name)
    snakemake(project, "results/smoke/data/test.safetensors", "--force", "--configfile", name, ok=True)
    (project / name).unlink()
    assert (project / "results/smoke/data/test.safetensors").exists()
