"""Lines about the fields of an object: the values that may be shown, and of the rest the key paths."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from flux_mcp.render.spec_fields import FLUX_ELSEWHERE, Setting, describe
from flux_mcp.render.text import and_more, size
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
    """A line for each field, and for each of which only the keys may be shown; the title above.

    Args:
        node: a part of an object, as sanitize/project.py leaves it.
        title: what the part is called.
        elsewhere: its fields that another part of the answer shows.
        paths: a line of key paths for each field without values; else the names of these fields alone, on one line.
    """
    settings = describe(node, elsewhere)
    if settings:
        yield f"{title}:"
    yield from (f"  {_setting(setting)}" for setting in settings if setting.values)
    hidden: dict[str, list[str]] = defaultdict(list)
    for setting in settings:
        if not setting.values:
            top, _, rest = setting.path.partition(".")
            hidden[top].append(rest)
    if not paths:
        yield from packed("  set, but not shown: ", map(value, hidden))
        return
    for top, below in hidden.items():
        named = [path for path in below if path]
        keys = f", with keys {and_more(named, PATHS, value)}" if named else ""
        yield f"  {value(top)}: not shown{keys}"


def _setting(setting: Setting) -> str:
    often = Counter(setting.values)
    named = [value(found) + (f" ({count} times)" if count > 1 else "") for found, count in often.items()]
    return f"{value(setting.path)}: {and_more(named, VALUES)}"


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
