"""Signals by which schedulers and people stop a job: they are noted, and acted on where it is safe to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

# SIGTERM: from a scheduler before it kills, or `scancel`. SIGHUP: the terminal was closed or its connection lost.
# SIGINT: Ctrl-C. The others are warnings of a scheduler before a limit: SIGUSR1 (SLURM: --signal=USR1@60; SGE),
# SIGUSR2 (LSF, SGE), SIGXCPU (a limit of processor time).
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)


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
    """Note SIGNALS instead of dying of them, for work that checks the note between its steps.

    Signals that are ignored stay so: that is how nohup and a shell's `&` keep work going.
    """
    stop = Stop()
    noticed = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    earlier = {number: signal.signal(number, stop.notice) for number in noticed}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
