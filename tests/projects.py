"""Copies of this project in which a test runs the real Snakemake."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def snakemake(folder: Path, *arguments: str, ok: bool = True) -> str:
    """Run the workflow in `folder`; its output, both streams together."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", "config/smoke.yaml"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV_")}
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout


def copy_project(target: Path) -> Path:
    """The project's own files, as a clone would have them."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def change_config(project: Path, change) -> None:
    path = project / "config" / "smoke.yaml"
    config = yaml.safe_load(path.read_text())
    change(config["experiments"]["smoke"])
    path.write_text(yaml.safe_dump(config))
