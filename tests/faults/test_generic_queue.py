"""The generic profile on a made-up queue that runs its jobs here: from any folder it finds its commands."""

import os
import subprocess
import sys

import pytest

from projects import copy_project, outside

SBATCH = """#!/bin/sh
for script; do :; done
(sh "$script" > /dev/null 2>&1; echo $? > {folder}/$$) > /dev/null 2>&1 &
echo $$
"""
SQUEUE = """#!/bin/sh
for word; do case $word in --jobs=*) id=${{word#--jobs=}} ;; esac; done
case $(cat {folder}/$id 2> /dev/null) in 0) echo COMPLETED ;; "") echo RUNNING ;; *) echo FAILED ;; esac
"""


@pytest.mark.slow
@pytest.mark.parametrize("inside", [True, False], ids=["started in the project", "started elsewhere"])
def test_the_generic_profile_works_in_another_folder(tmp_path, inside):
    project = copy_project(tmp_path / "project")
    for name, script in {"sbatch": SBATCH, "squeue": SQUEUE}.items():
        (tmp_path / name).write_text(script.format(folder=tmp_path))
        (tmp_path / name).chmod(0o755)
    here, to = (project, ".") if inside else (tmp_path, "project")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "results/smoke/data/test.safetensors", "--directory", tmp_path / "D",
         "--snakefile", f"{to}/workflow/Snakefile", "--profile", f"{to}/workflow/profiles/generic",
         "--configfile", f"{to}/config/smoke.yaml", "--seconds-between-status-checks", "1", "--latency-wait", "5"],
        cwd=here, env=outside() | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "not found" not in done.stdout
    assert (tmp_path / "D/results/smoke/data/test.safetensors").exists()
