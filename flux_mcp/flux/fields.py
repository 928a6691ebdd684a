"""Tolerant access to JSON: what is absent or of another type than it should be reads as absent. Nothing here raises."""

from typing import Any

__all__ = ["at", "items", "number", "text"]


def at(node: Any, *keys: str) -> Any:  # noqa: ANN401 (the one place where JSON is untyped)
    """What stands at a path of keys and of positions in lists; None where there is nothing."""
    for key in keys:
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def text(node: Any, *keys: str) -> str:  # noqa: ANN401
    """A text; empty where there is none."""
    value = at(node, *keys)
    return value if isinstance(value, str) else ""


def number(node: Any, *keys: str) -> int:  # noqa: ANN401
    """A whole number; 0 where there is none."""
    value = at(node, *keys)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def items(node: Any, *keys: str) -> list[Any]:  # noqa: ANN401
    """A list; empty where there is none."""
    value = at(node, *keys)
    return value if isinstance(value, list) else []
