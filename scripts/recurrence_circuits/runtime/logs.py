"""Messages of a rule script, tracebacks included, on the terminal and in its log file."""

import logging
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

logger = logging.getLogger("recurrence_circuits")


@contextmanager
def log_to(path: str):
    """Send the logger's messages to stderr and to the file `path`; makes its folder.

    An exception is written to the file with its traceback and raised again (Python shows it on stderr). If the file
    cannot be written to, as on a full disk, stderr says so once and has all messages. Raises OSError naming the file
    if it cannot be opened.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    terminal, file = logging.StreamHandler(sys.stderr), _LogFile(path, mode="w")
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
            with suppress(OSError):  # stderr has what could not be written
                handler.close()


class _LogFile(logging.FileHandler):
    """A log file that is dropped, with a warning, if it cannot be written to: a full disk must not fail a stage."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        problem = sys.exc_info()[1]
        logger.removeHandler(self)
        logger.warning("%s: expected to write the log, found: %s; it goes on here only", self.baseFilename, problem)
