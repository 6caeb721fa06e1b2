"""Files dated in the future: what a clock that moved back leaves behind."""

import time
from datetime import datetime
from pathlib import Path

MARGIN = 60  # seconds by which the clocks of a file server and of its clients may differ


class FutureError(ValueError):
    """A result is dated in the future."""


def require_past(folder: str) -> None:
    """Refuse to start on results dated in the future.

    Snakemake takes a job for failed, after it has run, if its outputs are older than its inputs, and deletes them: of a
    training, hours. Raises FutureError naming one such file under `folder` and the command that mends it.
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
