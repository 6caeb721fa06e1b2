"""The commit of this code."""

import os
import subprocess
from pathlib import Path


def commit_of(project: Path) -> str | None:
    """The commit of the git repository whose top folder is `project`, followed by -dirty if files differ.

    None without git, and for a copy without .git, even inside another repository: the commit of that one says nothing
    about this code.
    """
    # Git looks no further up than the ceiling, and not where a variable of the caller's (a hook's) points.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(project.parent)
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
