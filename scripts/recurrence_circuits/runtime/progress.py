"""Progress of long work: how much is done, how fast, and the time left."""

import time
from collections.abc import Iterator, Sequence

from recurrence_circuits.runtime.logs import logger


def progress(items: Sequence, what: str) -> Iterator:
    """Yield the items one by one; after each, log how many of `what` are done."""
    start = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        logger.info("%s %s", what, standing(done, len(items), time.monotonic() - start))


def standing(done: int, total: int, seconds: float) -> str:
    """A text: `done` of `total`, the rate per second after `seconds` of work, and the time left as minutes:seconds."""
    rate = done / seconds
    minutes, left = divmod(round((total - done) / rate), 60)
    return f"{done}/{total}  {rate:.1f}/s  {minutes}:{left:02d} left"
