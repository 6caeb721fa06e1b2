"""What several test files share: places to write to that run full, and a project in which nothing has run."""

import os
import subprocess
from pathlib import Path

import pytest
from projects import copy_project


@pytest.fixture
def fresh(tmp_path) -> Path:
    """A copy of the project in which nothing has run."""
    return copy_project(tmp_path / "fresh")


@pytest.fixture
def disk(tmp_path):
    """A disk of 256 kB of its own, as a folder, and a function that mounts it anew with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)

    try:
        mount("size=256k")
    except (OSError, subprocess.CalledProcessError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"needs the right to mount a disk: {error}")
    yield folder, lambda options: mount(f"remount,{options}")
    subprocess.run(["umount", folder], check=True)
