"""Config files that are none, and text in a config that a shell would run: refused by name, in one piece, unrun."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import copy_project
from validation import ConfigError, require_plain

TEMPLATE = "__use_yte__: true\n?__import__('pathlib').Path('pwned').touch():\n  experiments: {}\n"
FILES = {
    "broken": b"experiments: {a: {task: affine",
    "tabs": b"experiments:\n  a: {task: affine}\n\tb: 3\n",
    "not UTF-8": b"experiments: {a\xff: {task: affine}}",
    "empty": b"",
    "a list": b"- 1\n",
    "a zero byte": b"\0",
    "deep": b"[" * 100_000,
    "a date that is none": b"a: 2024-99-99\n",
    "many digits": b"a: " + b"9" * 5000,
    "an object": b"a: !!python/object/apply:os.system ['touch pwned']\n",
    "binary that is none": b"a: !!binary x\n",
    "a key that cannot be one": b"? [1, 2]\n: 3\n",
    "itself": b"a: &a [*b]\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "a template": TEMPLATE.encode(),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_plain_yaml_is_refused_by_name(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my.yaml"
    path.write_bytes(FILES[kind])
    with pytest.raises(ConfigError, match=r"my\.yaml: expected .* found"):
        require_plain(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_no_file_is_refused_by_name(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"expected a config file in YAML, found: .*(No such file|Is a directory)"):
        require_plain(path)


# ---- the real Snakemake ---------------------------------------------------------------------------------------------


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
    snakemake(project, "results/smoke/data/test.npz", "--force", "--configfile", name, ok=True)
    (project / name).unlink()
    assert (project / "results/smoke/data/test.npz").exists()
