"""Where this project's own files lie, from whatever folder and by whatever workflow its Snakefile is read."""

import os
import re
import sys
from pathlib import Path

from lib.provenance import SCRIPTS

ROOT = SCRIPTS.parent  # links resolved: the same place by any name
DEFAULT_CONFIG = "config/config.yaml"
TEMPLATES = ROOT / "workflow" / "report"
EXPLORER = SCRIPTS / "recurrence_circuits" / "explorer"  # the parts of the explorer's page
VARIABLE = "RECURRENCE_CIRCUITS"  # names ROOT to commands in a profile, which run in the folder of the run


def default_config(folder: str | Path = ".") -> str:
    """The config file of a run in `folder` that names none: the folder's own, or else the one of this project."""
    own = Path(folder, DEFAULT_CONFIG)
    return str(own if own.exists() else ROOT / DEFAULT_CONFIG)


def tell_commands() -> None:
    """Let the commands that Snakemake starts find this project, by VARIABLE."""
    os.environ[VARIABLE] = str(ROOT)


def put_library_first() -> None:
    """Let jobs find this project's library before another clone's that the user's PYTHONPATH names."""
    given = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(SCRIPTS), *([given] if given else [])])


def require_plain_interpreter(path: str = sys.executable) -> None:
    """Raise ValueError if a job's shell would not find Python: Snakemake writes its path into commands unquoted."""
    if re.search(r"[^\w@%+=:,./~-]", path):
        raise ValueError(
            f"{path}: expected a Python whose path has no blank and no sign that a shell reads as its own, since "
            "Snakemake starts every rule by that path; make the environment elsewhere, as with "
            "make VENV=/path/without/blanks"
        )
