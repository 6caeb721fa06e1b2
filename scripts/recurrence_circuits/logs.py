"""Messages of a rule script, on the terminal and in its log file at once, tracebacks included."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

logger = logging.getLogger("recurrence_circuits")


@contextmanager
def log_to(path: str):
    """Send the logger's messages to stderr and to the file `path`.

    An exception is recorded in the file, traceback included, and goes on (Python itself shows it on stderr). If the
    disk has no room for the file's messages, stderr says so once and has them all. Raises OSError naming the file if
    it cannot be opened.
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
            with suppress(OSError):  # what found no room in the file has been on stderr
                handler.close()


class _LogFile(logging.FileHandler):
    """A file that is given up, with a word, when it cannot be written to: a stage is worth more than its log."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        problem = sys.exc_info()[1]
        logger.removeHandler(self)
        logger.warning("%s: expected to write the log, found: %s; it goes on here only", self.baseFilename, problem)


def progress(items: Sequence, what: str) -> Iterator:
    """The items one by one, with a line after each: how many of `what` are done, how fast, how long still."""
    start = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        logger.info("%s %s", what, standing(done, len(items), time.monotonic() - start))


def standing(done: int, total: int, seconds: float) -> str:
    """`done` of `total` after so many seconds: the rate, and the time left as minutes:seconds."""
    rate = done / seconds
    minutes, left = divmod(round((total - done) / rate), 60)
    return f"{done}/{total}  {rate:.1f}/s  {minutes}:{left:02d} left"
