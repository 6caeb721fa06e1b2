"""Messages of a rule script, on the terminal and in its log file at once, tracebacks included."""

import logging
import sys
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger("recurrence_circuits")


@contextmanager
def log_to(path: str):
    """Send the logger's messages to stderr and to the file `path`.

    An exception is recorded in the file, traceback included, and goes on (Python itself shows it on stderr).
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    terminal, file = logging.StreamHandler(sys.stderr), logging.FileHandler(path, mode="w")
    for handler in (terminal, file):
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield logger
    except BaseException:
        logger.removeHandler(terminal)
        logger.exception("failed:")
        raise
    finally:
        for handler in (terminal, file):
            logger.removeHandler(handler)
            handler.close()
