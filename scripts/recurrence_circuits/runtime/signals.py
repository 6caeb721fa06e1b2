"""Signals by which schedulers and people stop a job: they are noted, and acted on where it is safe to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

# SIGTERM: from a scheduler before it kills, or `scancel`. SIGUSR1: a warning before a time limit, if asked for (SLURM:
# --signal=USR1@60). SIGINT: Ctrl-C.
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


class Stopped(SystemExit):
    """Work was stopped by a signal before it was done. The message says how far it was."""


class Stop:
    """Whether a stop was asked for: `name` is the name of the last signal, empty before the first."""

    def __init__(self):
        self.name = ""

    def notice(self, number: int, _frame) -> None:
        self.name = signal.Signals(number).name


@contextmanager
def noticing_stops() -> Iterator[Stop]:
    """Note SIGNALS instead of dying of them, for work that checks the note between its steps."""
    stop = Stop()
    earlier = {number: signal.signal(number, stop.notice) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
