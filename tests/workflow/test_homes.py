"""What docs/cluster.md says of a home that cannot be written and of users without an entry in passwd."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from projects import ROOT, copy_project

PAGE = (ROOT / "docs/cluster.md").read_text(encoding="utf-8")
NAMES = ("USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME")  # what Snakemake looks for
# A user with an unknown number, who may still read and write what the tests' own user may.
UNKNOWN = ["setpriv", "--reuid", "54321", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]

pytestmark = pytest.mark.slow


def dry_run(project: Path, *before: str, **variables: str) -> subprocess.CompletedProcess:
    inherited = {name: value for name, value in os.environ.items() if name not in NAMES and not name.startswith("COV_")}
    return subprocess.run(
        [*before, sys.executable, "-m", "snakemake", "-n", "--configfile", "config/smoke.yaml"],
        cwd=project, env=inherited | variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_a_home_that_cannot_be_written(tmp_path):
    project = copy_project(tmp_path / "project")
    (tmp_path / "file").touch()  # below which nobody can make a folder, not even root
    home = str(tmp_path / "file/home")
    refused = dry_run(project, HOME=home)
    assert refused.returncode != 0
    assert home in refused.stdout
    assert "`export XDG_CACHE_HOME=<a folder>`" in PAGE
    done = dry_run(project, HOME=home, XDG_CACHE_HOME=str(tmp_path / "caches"))
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")
def test_a_user_without_an_entry_in_passwd(tmp_path):
    project = copy_project(tmp_path / "project")
    refused = dry_run(project, *UNKNOWN, "--keep-groups", HOME=str(tmp_path))
    assert refused.returncode != 0
    assert "getpwuid(): uid not found" in refused.stdout
    assert "`getpwuid(): uid not found` | `export USER=<any name>`" in PAGE
    done = dry_run(project, *UNKNOWN, "--keep-groups", HOME=str(tmp_path), USER="somebody")
    assert done.returncode == 0, done.stdout
