"""Lines of logs: which are kept where there is too little room."""

from collections.abc import Sequence


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
