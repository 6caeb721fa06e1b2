"""The workflow as a module of another one, which has a rule that reads the claims."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from parsed import parse
from projects import copy_project, outside, two_seeds

pytestmark = pytest.mark.slow

# A workflow with names of its own: a config file with other keys, a wildcard `experiment` with other values.
OUTER = """
{configfile}

wildcard_constraints:
    experiment="[A-Z]+",

rule everything:
    input:
        "answer.txt",
        "of_A.txt",

rule of:
    output:
        "of_{{experiment}}.txt",
    shell:
        "echo {{wildcards.experiment}} > {{output}}"

module circuits:
    snakefile: "../circuits/workflow/Snakefile"
    {settings}

use rule * from circuits{names}

rule answer:
    input:
        claims="{prefix}results/smoke/tables/claims.csv",
        report="{prefix}results/smoke/report.html",
    output:
        "answer.txt",
    run:
        import csv
        with open(input.claims) as file, open(output[0], "w") as answer:
            answer.write(" ".join(sorted({{row["claim"] for row in csv.DictReader(file)}})))
"""
SMOKE = 'config: yaml.safe_load(open(workflow.source_path("../circuits/config/smoke.yaml")))'


def outer(folder: Path, settings: str = "", names: str = "", prefix: str = "", configfile: str = "") -> Path:
    """A folder with that workflow, beside a clone of this project."""
    two_seeds(copy_project(folder / "circuits"))
    (folder / "outer").mkdir()
    (folder / "outer" / "config.yaml").write_text("samples: [a, b]\n")
    text = OUTER.format(settings=settings, names=names, prefix=prefix, configfile=configfile)
    (folder / "outer" / "Snakefile").write_text("import yaml\n" + text)
    return folder / "outer"


def run(folder: Path, *flags: str) -> str:
    """Run the outer workflow with the flags that the catalogue names; both streams together."""
    triggers = ["--rerun-triggers", "mtime", "params", "input", "software-env"]
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *flags, *triggers]
    done = subprocess.run(
        command, cwd=folder, env=outside(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("settings", "names", "prefix", "configfile"),
    [
        (f'prefix: "sub"\n    {SMOKE}', " as circuits_*", "sub/", 'configfile: "config.yaml"'),
        (SMOKE, "", "", ""),
    ],
    ids=["renamed, moved, beside a config", "as it is"],
)
def test_a_rule_of_another_workflow_reads_the_claims(tmp_path, finished, settings, names, prefix, configfile):
    folder = outer(tmp_path, settings, names, prefix, configfile)
    said = run(folder)
    assert f"rule {'circuits_' if names else ''}train_model:" in said
    assert (folder / "answer.txt").read_text() == "1 2a 2b 2c 3a 3b 3c 4 5"
    assert (folder / "of_A.txt").exists()
    for name in ("tables/claims.csv", "seed1/model.safetensors", "figures/claims.png"):
        made = folder / prefix / "results/smoke" / name
        assert made.read_bytes() == (finished / "results/smoke" / name).read_bytes(), name
    assert not prefix or not (folder / "results").exists()
    assert not (tmp_path / "circuits" / "results").exists()
    assert "Nothing to be done" in run(folder, "-n")


def test_renamed_rules_run_where_they_did(tmp_path, workflow):
    folder = outer(tmp_path, SMOKE, " as circuits_*")
    found = parse(folder, folder / "Snakefile", folder / "config.yaml")
    assert {f"circuits_{name}" for name in workflow.local} == {name for name in found.local if name in found.rules}


@pytest.mark.parametrize("flags", [[], ["--configfile", "config.yaml"], ["--config", "samples=[c]"]], ids=str)
@pytest.mark.parametrize("configfile", ["", 'configfile: "config.yaml"'])
def test_without_a_config_it_has_the_default_one(tmp_path, configfile, flags):
    folder = outer(tmp_path, names=" as circuits_*", configfile=configfile)
    plan = run(folder, "-n", "circuits_all", *flags)
    assert re.search(r"^circuits_train_model +5$", plan, re.MULTILINE)
    assert "results/affine/report.html" in plan


def test_two_modules_lie_side_by_side(tmp_path):
    folder = outer(tmp_path, f'prefix: "one"\n    {SMOKE}', " as one_*", "one/")
    with (folder / "Snakefile").open("a") as file:
        file.write('\nmodule other:\n    snakefile: "../circuits/workflow/Snakefile"\n    prefix: "two"\n')
        file.write("\nuse rule * from other as two_*\n")
    plan = run(folder, "-n", "everything", "two_models")
    assert re.search(r"^one_train_model +2$", plan, re.MULTILINE)
    assert re.search(r"^two_train_model +5$", plan, re.MULTILINE)
