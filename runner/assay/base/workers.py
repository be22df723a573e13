"""Processes that work side by side and end without a word when they are told to."""

import multiprocessing
import signal
from multiprocessing.pool import Pool

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def pool(jobs: int) -> Pool:
    """So many workers. Signals wait while they start: one that is told to end at once would raise halfway into it."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        return multiprocessing.Pool(jobs, be_quiet)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def be_quiet() -> None:
    """An interrupt is the business of the process that started it, and it ends the workers by SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
