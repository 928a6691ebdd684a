"""The fields that a client owns, as metadata.managedFields names them: paths without the keys that hold values.

Source: "Server-Side Apply" in the Kubernetes documentation. In fieldsV1 a key `f:NAME` is a field, `k:…` an entry of a
list by the values that identify it, `v:…` an entry that is a value, and `.` the field itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flux_mcp.api.fields import ANY, FieldPolicy, Fields
from flux_mcp.api.unstructured import at, items, text
from flux_mcp.sanitize.lookup import fields_of

_DEEPEST: Final = 12
_ENTRY: Final = "k:{}"
"""Stands for every entry of a list."""
_UNNAMED: Final = "v:{}"
"""Stands for what is owned there and not named: a value, an entry as a whole, a field that no table knows."""
_KEPT: Final = ("manager", "operation", "subresource", "apiVersion", "fieldsType", "time")


def field_paths(node: object, fields: Fields | FieldPolicy, depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The paths of fieldsV1, cut above a field that the table of kinds does not know."""
    below = [(key, value) for key, value in node.items() if key != "."] if isinstance(node, dict) else []
    if not below or depth > _DEEPEST:
        yield ()
        return
    for key, value in below:
        name, inner = _field(key, fields)
        if inner is FieldPolicy.DROP:
            yield ()
            continue
        for path in field_paths(value, inner, depth + 1):
            yield (name, *path) if name else path


def trimmed_managed_fields(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The managedFields of an object with paths alone, of which `field_paths` tells the same."""
    fields = fields_of(item)
    return [
        {
            **{key: value for key in _KEPT if (value := text(entry, key))},
            "fieldsV1": _trimmed(at(entry, "fieldsV1"), fields),
        }
        for entry in items(item, "metadata", "managedFields")
        if isinstance(entry, dict)
    ]


def _trimmed(node: object, fields: Fields | FieldPolicy, depth: int = 0) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in node.items() if isinstance(node, dict) and depth <= _DEEPEST else ():
        name, inner = _field(key, fields)
        below = _trimmed(value, inner, depth + 1) if inner is not FieldPolicy.DROP else {}
        if name and inner is not FieldPolicy.DROP:
            kept[f"f:{name}"] = below
        elif below:
            _merge(kept.setdefault(_ENTRY, {}), below)
        elif key != ".":
            kept[_UNNAMED] = {}
    return kept


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        _merge(into.setdefault(key, {}), value)


def _field(key: str, fields: Fields | FieldPolicy) -> tuple[str, Fields | FieldPolicy]:
    """The name of a field, empty for an entry of a list, and what may be shown below it."""
    name = key[2:] if key.startswith("f:") else ""
    if name and isinstance(fields, Mapping):
        return name, fields.get(name, fields.get(ANY, FieldPolicy.DROP))
    return name, fields
