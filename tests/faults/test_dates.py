"""A clock that moved back, or files under other dates: what lies in the files counts, not when they were written."""

import os
import re
import shlex
import subprocess
import time

import pytest

from projects import assert_ends_as, change_config, documented, planned, snakemake

pytestmark = pytest.mark.slow
DAY = 24 * 60 * 60


def test_files_from_the_future_make_nothing_again(fresh):
    change_config(fresh, lambda smoke: smoke["data"].update(n_validation=4096))
    snakemake(fresh, "models")
    data = fresh / "results/smoke/data/validation.safetensors"
    assert data.stat().st_size > 100_000  # what Snakemake looks into of its own accord
    tomorrow = time.time() + DAY
    os.utime(data, (tomorrow, tomorrow))
    assert planned(fresh, "models") == {}


def test_a_clock_moved_back_between_two_jobs_is_told_and_nothing_is_lost(project, finished):
    data = project / "results/smoke/data/validation.safetensors"
    (project / "results/smoke/seed0/model.safetensors").unlink()
    tomorrow = time.time() + DAY
    os.utime(data, (tomorrow, tomorrow))
    output = snakemake(project, ok=False)
    assert f"{data.relative_to(project)}: {documented('expected a date before now, found')} " in output
    assert "rule train_model:" not in output  # refused before anything is trained, not after
    (command,) = re.findall(r"Once it is right: (.*); then the same command", output)
    subprocess.run(shlex.split(command), cwd=project, check=True)
    snakemake(project)
    assert_ends_as(project, finished)
    data.write_bytes(data.read_bytes()[:-1])  # another content still counts
    assert planned(project, "models")["train_model"] == 2
