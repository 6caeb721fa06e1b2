"""What git says of this code."""

import os
import subprocess
from pathlib import Path


def commit_of(project: Path) -> str | None:
    """The commit of the git repository whose top folder is `project`, followed by -dirty if files differ.

    None without git, and for a copy without .git, even inside another repository: the commit of that one says nothing
    about this code.
    """
    return _git(project, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def last_change(project: Path, *files: str) -> str | None:
    """The commit that last changed any of these files, with its date: `<hash> of <date and time>`.

    files are paths from `project`. None where `commit_of` is, and if the files differ from what is committed.
    """
    if _git(project, "status", "--porcelain", "--", *files) != "":
        return None
    return _git(project, "log", "-1", "--format=%h of %cI", "--", *files) or None


def _git(project: Path, *arguments: str) -> str | None:
    # Git looks no further up than the ceiling, and not where a variable of the caller's (a hook's) points.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CEILING_DIRECTORIES"] = str(project.parent)
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=project, env=environment, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
