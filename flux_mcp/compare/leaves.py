"""An object's fields as a flat map from paths to values, by what may be shown of them.

A value that may not be shown is kept as a number that tells whether two are equal and nothing else; what a recording
has masked is not known and equals nothing. What is empty or false counts as not set, since API servers fill in
defaults.
"""

from collections.abc import Mapping
from typing import Any, Final

from flux_mcp.api.fields import ANY, FieldPolicy, Fields
from flux_mcp.sanitize.patterns import MASK
from flux_mcp.sanitize.project import is_shown


class Unseen(int):
    """A field of which not even the keys are shown: where it is absent, a recording may have left it out."""


Leaf = str | tuple[str, ...] | int | None
"""A value that may be shown, a list of such, a number in place of one that may not, or None for a masked one."""

_DEEPEST: Final = 50
_SHOWN: Final = (FieldPolicy.KEEP, FieldPolicy.WHOLE, FieldPolicy.NAME, FieldPolicy.ANNOTATIONS)
_NOT_EVEN_KEYS: Final = (FieldPolicy.HIDE, FieldPolicy.DROP)


def leaves(node: Any, policy: Fields | FieldPolicy, path: str) -> dict[str, Leaf]:  # noqa: ANN401
    """Every field below a node that is set, by its dotted path; entries of lists by name where all have one."""
    found: dict[str, Leaf] = {}
    _add(found, node, policy, path, 0)
    return found


def _add(found: dict[str, Leaf], node: Any, policy: Fields | FieldPolicy, path: str, depth: int) -> None:  # noqa: ANN401
    """Add what is set below a node: to one map, since a large fleet has hundreds of thousands of fields."""
    if (not node and (node is False or not isinstance(node, int | float))) or depth > _DEEPEST:
        return
    if policy in _NOT_EVEN_KEYS:
        found[path] = Unseen(hash(repr(node)))
    elif isinstance(node, dict):
        for key, value in node.items():
            hidden = policy is FieldPolicy.ANNOTATIONS and not is_shown(key)
            below = FieldPolicy.DROP if hidden else _below(policy, key)
            _add(found, value, below, f"{path}.{key}", depth + 1)
    elif isinstance(node, list):
        _add_list(found, node, policy, path, depth)
    elif node == MASK or (isinstance(node, str) and MASK in node and policy not in _SHOWN):
        found[path] = MASK_LEAF
    else:
        text = str(node).lower() if isinstance(node, bool) else str(node)
        found[path] = text if policy in _SHOWN else hash(text)


MASK_LEAF: Final = None


def _below(policy: Fields | FieldPolicy, key: str) -> Fields | FieldPolicy:
    if not isinstance(policy, Mapping):
        return policy
    found: Fields | FieldPolicy = policy.get(key, policy.get(ANY, FieldPolicy.KEYS))
    return found


def _add_list(found: dict[str, Leaf], node: list[Any], policy: Fields | FieldPolicy, path: str, depth: int) -> None:
    if policy in _SHOWN and not any(isinstance(entry, dict | list) for entry in node):
        found[path] = tuple(map(str, node))
        return
    names = [entry.get("name") for entry in node if isinstance(entry, dict)]
    named = isinstance(policy, Mapping) and len(set(map(str, names))) == len(node) and all(map(_is_text, names))
    for number, entry in enumerate(node):
        where = f"[{entry['name']}]" if named else f".{number}"
        _add(found, entry, policy, f"{path}{where}", depth + 1)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
