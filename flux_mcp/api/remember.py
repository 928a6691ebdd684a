"""What is computed from texts of the cluster again and again, remembered while calls run."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

_FORGET: Final[list[Callable[[], None]]] = []


def remembered(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function whose results are kept, of the last so many arguments, until `forget`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        cached = lru_cache(maxsize=most)(function)
        _FORGET.append(cached.cache_clear)
        # lru_cache loses the parameters.
        return cast("Callable[P, R]", cached)

    return decorate


def forget() -> None:
    """Keep nothing: what a call remembers stands between what it let go of, and keeps whole pieces of memory."""
    for clear in _FORGET:
        clear()
    # Some patterns have a name of the cluster in them.
    re.purge()
