"""Lines about the settings of an object: what may be shown of them, and of the rest the key paths."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from flux_mcp.render.spec_fields import FLUX_ELSEWHERE, Setting, describe
from flux_mcp.render.text import size
from flux_mcp.sanitize.quote import value

VALUES: Final = 12
"""Values of one field that are named."""
PATHS: Final = 24
"""Key paths without values that are named for one field."""
PACKED: Final = 1500
"""Bytes after which a line of many parts goes on in the next one."""


def setting_lines(
    node: object, title: str = "spec", elsewhere: frozenset[str] = FLUX_ELSEWHERE, *, paths: bool = True
) -> Iterator[str]:
    """One line of what is shown, then of the fields of which only keys are shown, their key paths.

    Args:
        node: a part of an object, as projection.py leaves it.
        title: what the part is called.
        elsewhere: its fields that are told in another place.
        paths: a line of key paths for each field; else the names of the fields alone, on one line.
    """
    settings = describe(node, elsewhere)
    yield from packed(f"{title}: ", (_setting(one) for one in settings if one.values))
    hidden: dict[str, list[str]] = defaultdict(list)
    for one in settings:
        if not one.values:
            top, _, rest = one.path.partition(".")
            hidden[top].append(rest)
    if not paths:
        yield from packed(f"{title} sets too, values not shown: ", map(value, hidden))
        return
    for top, below in hidden.items():
        named = [value(path) for path in below if path]
        more = f" and {len(named) - PATHS} more" if len(named) > PATHS else ""
        keys = f": keys {' '.join(named[:PATHS])}{more}" if named else ""
        yield f"{title}.{value(top)} is set, values not shown{keys}"


def _setting(one: Setting) -> str:
    often = Counter(one.values)
    named = [value(told) + (f" x{count}" if count > 1 else "") for told, count in often.items()]
    more = f" and {len(named) - VALUES} more" if len(named) > VALUES else ""
    return f"{value(one.path)} {' '.join(named[:VALUES])}{more}"


def packed(start: str, parts: Iterable[str]) -> Iterator[str]:
    """The parts on one line, on further ones where they are many; none without parts."""
    line = ""
    for part in parts:
        if line and size(line) + size(part) > PACKED:
            yield line
            line = ""
        line = f"{line}, {part}" if line else f"{start}{part}"
    if line:
        yield line
