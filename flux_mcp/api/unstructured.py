"""Reading JSON whose shape nobody promises: what is absent or of another type reads as absent, and nothing raises."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flux_mcp.api.remember import remembered


def at(node: Any, *keys: str) -> Any:  # noqa: ANN401 (the one place where JSON is untyped)
    """What stands at the end of the keys (of a list, an index); None where there is nothing."""
    for key in keys:
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def text(node: Any, *keys: str) -> str:  # noqa: ANN401
    """The text there, else an empty one."""
    # By far the most frequent question: dozens for each object of a fleet.
    for key in keys:
        if type(node) is dict:
            node = node.get(key)
        elif node is None:
            return ""
        else:
            node = at(node, key)
    return node if isinstance(node, str) else ""


def number(node: Any, *keys: str) -> int:  # noqa: ANN401
    """The whole number there, else 0."""
    value = at(node, *keys)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def items(node: Any, *keys: str) -> list[Any]:  # noqa: ANN401
    """The list there, else an empty one."""
    value = at(node, *keys)
    return value if isinstance(value, list) else []


def labels(node: Any, *keys: str) -> Mapping[str, str]:  # noqa: ANN401
    """The map from text to text there, without what is not text."""
    value = at(node, *keys)
    return {key: found for key, found in value.items() if isinstance(found, str)} if isinstance(value, dict) else {}


_FIRST: Final = datetime(2, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9998, 12, 31, tzinfo=UTC)


_LONGEST: Final = 100
"""Characters of a time or a duration; what is longer is none, and must not be remembered."""


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time as UTC; without a zone it is taken as UTC. None if it is not one.

    One in the first or the last year that Python knows, such as Go's zero, is moved to the next, so that a duration can
    be taken from it and added to it.
    """
    return _parse_time(text) if len(text) <= _LONGEST else None


# One commit changes many objects of a fleet in the same few seconds.
@remembered(4096)
def _parse_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(moment, _FIRST), _LAST)


_DURATION: Final = re.compile(r"(\d{1,15}(?:\.\d{1,12})?)(ns|us|µs|ms|s|m|h)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float | None:
    """Seconds of a Go duration such as `1h30m`, None if it is not one."""
    return _parse_duration(text) if len(text) <= _LONGEST else None


@remembered(4096)
def _parse_duration(text: str) -> float | None:
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
