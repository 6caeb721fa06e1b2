"""What several test files share: a finished run, projects to change, and a disk that runs full."""

import shutil
import subprocess
from pathlib import Path

import pytest
from projects import copy_project, snakemake, two_seeds


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A finished run of the smoke config with two seeds, which show what goes by seed; not to be changed."""
    folder = two_seeds(copy_project(tmp_path_factory.mktemp("finished")))
    (folder / "terminal.txt").write_text(snakemake(folder))
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished run, times and records included, to change."""
    return Path(shutil.copytree(finished, tmp_path / "project"))


@pytest.fixture
def fresh(tmp_path) -> Path:
    """A copy of the project in which nothing has run, with the settings of the finished run."""
    return two_seeds(copy_project(tmp_path / "fresh"))


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own: `disk(folder, options)` mounts it at a folder, or mounts it anew with other options."""
    mounted = []

    def mount(folder: Path, options: str) -> None:
        remount = ["remount"] * (folder in mounted)
        command = ["mount", "-t", "tmpfs", "-o", ",".join([*remount, options]), "tmpfs", folder]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"needs the right to mount a disk: {error}")
        mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", folder], check=True)
