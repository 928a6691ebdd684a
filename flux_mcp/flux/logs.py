"""Lines of logs: which are kept, and what must not be shown of several lines together."""

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["drop_keys", "fill", "newest", "share"]

_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----\s*$")
_END: Final = re.compile(r"^\s*-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----")
_BODY: Final = re.compile(r"\s*(?:[A-Za-z0-9+/]{1,100}={0,2}|(?:Proc-Type|DEK-Info): [\w, -]{1,80})?\s*")


def drop_keys(lines: Sequence[str]) -> list[str]:
    """The lines without the bodies of private keys, which stand on lines of their own.

    A key whose first or last line is not among the lines is dropped as far as it is there. Its BEGIN and END stay.
    """
    dropped = [False] * len(lines)
    for position, line in enumerate(lines):
        if _BEGIN.search(line):
            _drop(lines, dropped, range(position + 1, len(lines)))
        elif _END.search(line):
            _drop(lines, dropped, range(position - 1, -1, -1))
    return [line for line, gone in zip(lines, dropped, strict=True) if not gone]


def _drop(lines: Sequence[str], dropped: list[bool], positions: range) -> None:
    for position in positions:
        if dropped[position] or not _BODY.fullmatch(lines[position]):
            return
        dropped[position] = True


def share(wants: Sequence[int], room: int) -> list[int]:
    """How much each gets of a room that may be too small: the small ones all they want, the others equal parts.

    What cannot be divided goes to the first ones.
    """
    got = [0] * len(wants)
    smallest_first = sorted(range(len(wants)), key=lambda position: (wants[position], -position))
    for number, position in enumerate(smallest_first):
        got[position] = min(wants[position], room // (len(wants) - number))
        room -= got[position]
    return got


def fill(logs: Sequence[Sequence[str]], room: int) -> list[Sequence[str]]:
    """The newest lines of several logs that together fit a room of so many bytes of UTF-8.

    Each gets its share; what the shares leave over, since lines are not cut, goes to the first logs.
    """
    shares = share([size_of(lines) for lines in logs], room)
    kept = [newest(lines, some) for lines, some in zip(logs, shares, strict=True)]
    left = room - sum(map(size_of, kept))
    for position, lines in enumerate(logs):
        more = newest(lines, size_of(kept[position]) + left)
        left -= size_of(more) - size_of(kept[position])
        kept[position] = more
    return kept


def size_of(lines: Sequence[str]) -> int:
    """Bytes of UTF-8, line breaks included."""
    return sum(len(line.encode()) + 1 for line in lines)


def newest(lines: Sequence[str], room: int) -> Sequence[str]:
    """The last lines that fit a room of so many bytes of UTF-8, line breaks included."""
    kept = len(lines)
    for line in reversed(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept -= 1
    return lines[kept:]
