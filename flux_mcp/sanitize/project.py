"""What is kept of an object that leaves this machine: the fields that are allowed, every text of them filtered.

Of what is not allowed the keys stay where they tell something (which values a release sets, which keys a ConfigMap has)
and the values read `***`. Projecting twice changes nothing, and an answer from a projected object is the same as from
the object itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flux_mcp.api.fields import ANY, NAMING_LABELS, FieldPolicy, Fields
from flux_mcp.api.remember import remembered
from flux_mcp.sanitize.lookup import fields_of
from flux_mcp.sanitize.own_values import hidden_values, mask_values
from flux_mcp.sanitize.patterns import MASK, scrub, scrub_name
from flux_mcp.sanitize.urls import address
from flux_mcp.sanitize.visible import visible

_DEEPEST: Final = 100
"""Levels that are kept of what is not known; the API server takes no object of much more."""
_SHORT: Final = 128
"""Characters of a text that is likely to come again."""
_ANNOTATIONS: Final = (
    "fluxcd.io",
    "fluxcd.controlplane.io",
    "app.kubernetes.io",
    "deployment.kubernetes.io",
    "meta.helm.sh",
    "helm.sh",
)
"""Domains whose annotations stay, subdomains of the first two among them."""


def project(item: Mapping[str, Any]) -> dict[str, Any]:
    """What may be kept of an object, as kubectl printed it."""
    status = item.get("status")
    values = hidden_values(item, "\n".join(_messages(status)))
    if values:
        item = {**item, "status": _masked_messages(status, values)}
    return _object(item, fields_of(item))


def _object(node: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    otherwise = fields.get(ANY, FieldPolicy.KEYS)
    kept = {}
    for field, value in node.items():
        rule = fields.get(field, otherwise)
        if rule is not FieldPolicy.DROP and rule is not FieldPolicy.HIDE:
            kept[_text(field)] = _node(value, rule)
    return kept


def _node(node: Any, rule: FieldPolicy | Fields) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(node, list):
        return [_keys(entry) if isinstance(entry, list) else _node(entry, rule) for entry in node]
    if isinstance(node, dict):
        return _mapping(node, rule)
    if isinstance(rule, Mapping):
        return _keys(node)
    if rule is FieldPolicy.ADDRESS and isinstance(node, str):
        return address(node)
    if rule is FieldPolicy.NAME:
        return scrub_name(node) if isinstance(node, str) else node
    return _value(node) if rule in {FieldPolicy.KEEP, FieldPolicy.WHOLE} else _keys(node)


def _mapping(node: dict[str, Any], rule: FieldPolicy | Fields) -> dict[str, Any]:
    if isinstance(rule, Mapping):
        return _object(node, rule)
    if rule is FieldPolicy.ANNOTATIONS:
        node = {key: value for key, value in node.items() if is_shown(key)}
    kept = _whole(node) if rule in {FieldPolicy.WHOLE, FieldPolicy.ANNOTATIONS} else _keys(node)
    return kept if isinstance(kept, dict) else {}


def is_shown(annotation: str) -> bool:
    """Whether an annotation of this key is one of Flux or Helm, so that its value may be shown."""
    domain, slash, _ = annotation.partition("/")
    return bool(slash) and (domain in _ANNOTATIONS or domain.endswith((".fluxcd.io", ".fluxcd.controlplane.io")))


def _value(node: Any) -> Any:  # noqa: ANN401
    return _text(node) if isinstance(node, str) else node


def _text(text: str) -> str:
    """A text as it is, or where something in it is a credential, as an answer shows it."""
    return _short(text) if len(text) <= _SHORT else _filtered(text)


def _filtered(text: str) -> str:
    seen = visible(text)
    scrubbed = scrub(seen)
    return text if scrubbed == seen else scrubbed


# The same words and keys stand in every object.
_short = remembered(16384)(_filtered)


def _whole(node: Any, depth: int = 0) -> Any:  # noqa: ANN401
    if depth > _DEEPEST:
        return MASK
    if isinstance(node, dict):
        return {
            _text(key): scrub_name(value)
            if isinstance(value, str) and key.endswith(NAMING_LABELS)
            else _whole(value, depth + 1)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_whole(entry, depth + 1) for entry in node]
    return _value(node)


def _keys(node: Any, depth: int = 0) -> Any:  # noqa: ANN401
    """The keys below a node; of values only what cannot be a credential: that there is none, true and false."""
    if depth > _DEEPEST:
        return MASK
    if isinstance(node, dict):
        return {_text(key): _keys(value, depth + 1) for key, value in node.items()}
    if isinstance(node, list):
        return [_keys(entry, depth + 1) for entry in node]
    return node if node is None or node == "" or isinstance(node, bool) else MASK


def _messages(node: Any, depth: int = 0) -> Iterator[str]:  # noqa: ANN401
    """The texts of every field named message below a node."""
    if depth > _DEEPEST:
        return
    if isinstance(node, list):
        for entry in node:
            yield from _messages(entry, depth + 1)
    elif isinstance(node, dict):
        for field, value in node.items():
            if field == "message" and isinstance(value, str):
                yield value
            else:
                yield from _messages(value, depth + 1)


def _masked_messages(node: Any, values: tuple[str, ...], depth: int = 0) -> Any:  # noqa: ANN401
    """A copy of a node in which no field named message tells one of these values."""
    if depth > _DEEPEST:
        return MASK
    if isinstance(node, list):
        return [_masked_messages(entry, values, depth + 1) for entry in node]
    if isinstance(node, dict):
        return {
            field: mask_values(value, values)
            if field == "message" and isinstance(value, str)
            else _masked_messages(value, values, depth + 1)
            for field, value in node.items()
        }
    return node
