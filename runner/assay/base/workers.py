"""Processes that work side by side and end without a word when they are told to."""

import multiprocessing
import signal
from multiprocessing.pool import Pool


def pool(jobs: int) -> Pool:
    return multiprocessing.Pool(jobs, be_quiet)


def be_quiet() -> None:
    """An interrupt is the business of the process that started it, and it ends the workers by SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
