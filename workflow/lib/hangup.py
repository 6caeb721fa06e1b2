"""A closed terminal or a lost connection ends Snakemake as SIGTERM does."""

import os
import signal
import threading


def end_on_hangup() -> None:
    """Treat SIGHUP as SIGTERM: Snakemake waits for its jobs, which have the signal too, and unlocks the folder.

    By itself it would die at once and leave the folder locked. Under nohup, which ignores the signal, nothing changes.
    """
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _end)


def _end(*_) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if os.getpid() == os.getsid(0):  # no shell above, as with `ssh -t`: then only this process is told
        os.killpg(os.getpgrp(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
