"""Whether time grows with the size of what is worked on: a ratio in one run, whatever the machine and its load."""

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

GROWTH = 10.0
"""Times the growth of the size by which the time may grow: quadratic work on thirty times as much takes thirty times that."""
LONG = 5
"""Seconds after which a run is ended and counts as too long."""


class TooLong(Exception):
    pass


def seconds(run: Callable[[], object], runs: int) -> float:
    """Of this process, the least of some runs; each as often as needed to be more than the clock can tell."""
    best, times = float("inf"), 1
    for _ in range(runs):
        while True:
            start = time.process_time()
            for _ in range(times):
                run()
            took = time.process_time() - start
            if took > 1e-4 or times >= 1024:
                break
            times *= 4
        best = min(best, took / times)
    return max(best, 1e-6)


def growth(use: Callable[[T], object], small: T, large: T, times: float, *, quick: float = 0.0) -> float:
    """How many times as long the large one takes as the small one, for its size; infinite if it has no end.

    Args:
        use: what is done with either.
        small: and `large`: what it is done with.
        times: how many times as large that is.
        quick: seconds below which nothing is compared, and the growth is 0.
    """
    before = signal.signal(signal.SIGALRM, _end)
    try:
        # A first look is quick and may be wrong, since others use this machine too.
        for runs in (1, 3, 5):
            signal.setitimer(signal.ITIMER_REAL, LONG * runs)
            took = seconds(lambda: use(large), runs)
            if took < quick:
                return 0.0
            grown = took / seconds(lambda: use(small), runs) / times
            if grown <= GROWTH:
                break
    except TooLong:
        return float("inf")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return grown


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise TooLong
