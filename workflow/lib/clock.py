"""Results dated in the future, as a clock that moved back leaves them."""

import time
from datetime import datetime
from pathlib import Path

MARGIN = 60  # seconds by which the clocks of a file server and its clients may differ


class FutureError(ValueError):
    """A result is dated in the future."""


def require_past(folder: str) -> None:
    """Raise FutureError naming a file under `folder` that is dated in the future, and the command that mends it.

    Snakemake fails a job that has run if its outputs are older than its inputs, and deletes them: for a training, hours
    of work.
    """
    now = time.time()
    for path in sorted(Path(folder).rglob("*")):
        written = path.lstat().st_mtime
        if written > now + MARGIN:
            found = datetime.fromtimestamp(written).isoformat(" ", "seconds")
            raise FutureError(
                f"{path}: expected a date before now, found {found}. Has the clock moved back? "
                "Once it is right: find results -newermt now -exec touch {} +; then the same command"
            )
