"""The values that an object holds where they are not shown, so that its own messages do not tell them.

Helm, kustomize and the API server repeat in their errors what they were given: a value that does not fit a schema, a
line of a patch, an address that does not answer. No pattern knows such a value; the object itself does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import orjson

from flux_mcp.api.fields import ANY
from flux_mcp.sanitize.lookup import fields_of, hidden_paths
from flux_mcp.sanitize.patterns import MASK

_SHORTEST: Final = 6
"""Characters: a shorter value may stand in a message by chance."""
_LONGEST_PLAIN: Final = 512
_DEEPEST: Final = 50
"""Levels that are looked into; Helm values of people have about ten."""

_CREDENTIAL: Final = re.compile(
    r"(?i)pass|pwd|secret|token|cred|auth|private|salt|signature|webhook|dsn|cert|key(?:[-_.\d]|data|s?$)"
)
_STRUCTURE: Final = frozenset({"apiVersion", "kind", "name", "namespace", "op", "path", "from"})
"""Fields of a patch or a manifest, with which an error says where it is."""
_TRIVIAL: Final = re.compile(r"(?i)true|false|null|none|enabled|disabled|[-+]?[\d.,:_]+[a-z%]{0,3}")
_PLAIN: Final = re.compile(
    r"[A-Za-z]+(?:[-_ ][A-Za-z]+)*(?:-\d{1,2})?"  # words, eu-west-1
    r"|(?:\d+(?:h|ms|m|s))+"
    r"|v?\d+(?:\.\d+)+(?:[-+][\w.+-]*)?"  # versions
    r"|\d{4}-\d\d-\d\d[Tt ][\d:.]+(?:Z|[+-][\d:]+)?"
    r"|(?:sha\d+:)?(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})"  # commits, digests
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?"  # hosts, files
    r"|(?:[a-z]{1,10}://|\.{0,2}/)?[a-z0-9._-]+(?::\d+)?(?:/[a-z0-9._-]+)+/?(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?"
)
_HOST: Final = re.compile(r"[A-Za-z][\w+.-]*://[^/?#\s]+")


def held(item: Mapping[str, Any], within: str | None = None) -> tuple[str, ...]:
    """The values of an object that its messages must not tell, longest first; with `within` those that stand in it."""
    if within == "":
        return ()
    values: set[str] = set()
    for path in hidden_paths(fields_of(item)):
        nodes: Iterable[Any] = (item,)
        for field in path:
            nodes = [below for node in nodes for below in _below(node, field)]
            if not nodes:
                break
        for node in nodes:
            values.update(_values(node, path[-1], within, credential=path[-1] in {"address", "proxy"}))
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def mask(text: str, values: Iterable[str]) -> str:
    """A message without these values."""
    for value in values:
        if value in text:
            text = text.replace(value, MASK)
    return text


def _below(node: Any, field: str) -> Iterator[Any]:  # noqa: ANN401 (JSON)
    if isinstance(node, list):
        for entry in node:
            yield from _below(entry, field)
    elif isinstance(node, dict):
        if field == ANY:
            yield from (value for key, value in node.items() if key not in _STRUCTURE)
        elif field in node:
            yield node[field]


def _values(
    node: Any,  # noqa: ANN401 (JSON)
    key: str,
    within: str | None,
    *,
    credential: bool,
    depth: int = 0,
) -> Iterator[str]:
    """Every value below a node that is not plain; below a key that names a credential only the trivial ones are."""
    if isinstance(node, str):
        yield from _texts(node, key, within, credential=credential, depth=depth)
    elif depth > _DEEPEST:
        return
    elif isinstance(node, list):
        for entry in node:
            yield from _values(entry, key, within, credential=credential, depth=depth + 1)
    elif isinstance(node, dict):
        inherited = credential or (depth > 0 and _CREDENTIAL.search(key) is not None)
        named = node.get("name")
        for field, value in node.items():
            if field not in _STRUCTURE:
                # An entry of an environment has the name that matters beside the value.
                name = named if field == "value" and isinstance(named, str) else field
                yield from _values(value, name, within, credential=inherited, depth=depth + 1)


def _texts(text: str, key: str, within: str | None, *, credential: bool, depth: int) -> Iterator[str]:
    text = text.strip()
    if len(text) < _SHORTEST:
        return
    if "\n" in text or text.startswith(("{", "[")):
        yield from _inside(text, within, depth)
    host = _HOST.match(text) if "://" in text else None
    path = text[host.end() :].strip("/") if host is not None else ""
    for value in (text, path):
        # Whether it is told at all is the quickest to see, and most values are not.
        told = len(value) >= _SHORTEST and (within is None or value in within)
        if told and _is_secret(text, credential=credential or _CREDENTIAL.search(key) is not None):
            yield value


def _is_secret(text: str, *, credential: bool) -> bool:
    if _TRIVIAL.fullmatch(text):
        return False
    return credential or len(text) > _LONGEST_PLAIN or not _PLAIN.fullmatch(text)


def _inside(text: str, within: str | None, depth: int) -> Iterator[str]:
    """The values within a text of YAML or JSON, such as a patch."""
    with suppress(orjson.JSONDecodeError):
        yield from _values(orjson.loads(text), "", within, credential=False, depth=depth + 1)
        return
    for line in text.splitlines():
        key, sign, value = line.partition(": ")
        if not sign:
            key, sign, value = line.partition("=")
        key, value = key.strip(" \t-\"'"), value.strip(" \t,\"'")
        if sign and key not in _STRUCTURE:
            yield from _values(value, key, within, credential=False, depth=depth + 1)
