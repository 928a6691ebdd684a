"""How a server keeps its memory small and never stops for long: the heap of the C library, and Python's collector.

The collector looks at every object that lives. With thousands of Flux objects that takes up to a second, in which
nothing is answered, a ping included. What a call makes is hardly ever garbage that needs it, so that it runs in full
when no call runs.
"""

import ctypes
import gc
import sys
from contextlib import suppress
from functools import cache
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_ARENA_MAX: Final = -8
"""Of mallopt(3)."""
_NEW, _MIDDLE, _ALL = 2_000_000, 2, 10
"""After how many new objects, or collections of the generation before, a generation is collected (gc.set_threshold):
only where no moment without a call comes for a long time."""
WORTH: Final = 0.1
"""Seconds of CPU time after which a collection is worth its own."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def share_one_heap() -> None:
    """Let all threads allocate from one heap, which glibc gives back at its end.

    Otherwise each thread has a heap of its own, and what thousands of objects took stays with the process.
    """
    with suppress(AttributeError, OSError, TypeError):
        _libc().mallopt(_M_ARENA_MAX, 1)
        _libc().mallopt(_M_TRIM_THRESHOLD, 1 << 20)


def collect_at_rest() -> None:
    """From now on, collect in full by `collect` alone, and never look again at what lives now: it stays."""
    gc.freeze()
    gc.set_threshold(_NEW, _MIDDLE, _ALL)
    gc.enable()


def collect() -> None:
    """Collect in full, while no call runs, and give the heap back.

    What a call leaves at the end of the heap, such as a pattern, would keep all before it. So would the names that
    CPython remembers of its last 4,096 lookups of attributes: those that the re module looks up by name are made anew
    each time, each of which kept a mebibyte of what else had been allocated then.
    """
    gc.collect()
    # A name with an underscore, but documented: https://docs.python.org/3/library/sys.html
    if clear := getattr(sys, "_clear_type_cache", None):
        clear()
    with suppress(AttributeError, OSError, TypeError):
        _libc().malloc_trim(0)
