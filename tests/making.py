"""Folders in which a test runs the Makefile."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from projects import ROOT

TARGETS = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
OUTER = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS", "PYTHON")  # of a make that runs these tests


def make(folder: Path, *arguments: str, stdin: int = subprocess.DEVNULL, **variables: str):
    """Run make in a folder, without a terminal unless stdin is one."""
    inherited = {name: value for name, value in os.environ.items() if name not in OUTER and name[:4] != "PIP_"}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=inherited | variables, stdin=stdin, capture_output=True, text=True
    )


def copied(folder: Path) -> Path:
    for name in ("Makefile", "environment.yml", "workflow/tools/anywhere.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def empty_list(project: Path) -> None:
    """An environment with no packages, quick to make."""
    (project / "environment.yml").write_text("  - python=3.11\n  - pip:\n", encoding="utf-8")
