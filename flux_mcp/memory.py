"""How a server keeps its memory small and never stops for long: the heap of the C library, and Python's collector.

The collector looks at every object that lives. With thousands of Flux objects that takes up to a second, in which
nothing is answered, a ping included. What a call makes is hardly ever garbage that needs it, so that it runs in full
when no call runs.
"""

import ctypes
import gc
import time
from contextlib import suppress
from typing import Final

from flux_mcp.api.remember import forget

_M_TRIM_THRESHOLD: Final = -1
_M_ARENA_MAX: Final = -8
"""Of mallopt(3)."""
_NEW, _MIDDLE, _ALL = 2_000_000, 2, 10
"""After how many new objects, or collections of the generation before, a generation is collected (gc.set_threshold):
only where no moment without a call comes for a long time."""
_WORTH: Final = 0.5
"""Seconds of CPU time after which a collection is worth its own."""
_collected: list[float] = [0.0]
"""The CPU time of the process at the last collection."""


def share_one_heap() -> None:
    """Let all threads allocate from one heap, which glibc gives back at its end.

    Otherwise each thread has a heap of its own, and what thousands of objects took stays with the process.
    """
    with suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_TRIM_THRESHOLD, 1 << 20)


def collect_at_rest() -> None:
    """From now on, collect in full at `rest` alone, and never look again at what lives now: it stays."""
    gc.freeze()
    gc.set_threshold(_NEW, _MIDDLE, _ALL)
    gc.enable()


def rest() -> None:
    """No call runs: collect in full, unless hardly anything was done since."""
    if time.process_time() - _collected[0] > _WORTH:
        _collect()


def long_rest() -> None:
    """No call has run for a while: forget what was computed, too."""
    forget()
    _collect()


def _collect() -> None:
    gc.collect()
    # What a call leaves at the end of the heap, such as a pattern, would keep all before it.
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
    _collected[0] = time.process_time()
