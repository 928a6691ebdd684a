"""The values that an object holds where they are not shown, so that messages about it do not repeat them.

Helm, kustomize and the API server repeat in their errors what they were given: a value that does not fit a schema, a
line of a patch, an address that does not answer. No pattern knows such a value; the object itself does. A message may
spell it otherwise: escaped as in JSON or by Go's %q, encoded as in a URL or in base64, in another case, cut by `…`.
"""

import base64
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson

from flux_mcp.api.fields import ANY
from flux_mcp.api.remember import remembered
from flux_mcp.sanitize.lookup import Hidden, fields_of, hidden_fields
from flux_mcp.sanitize.patterns import masked
from flux_mcp.sanitize.shapes import MASK, Span
from flux_mcp.sanitize.words import LEAST, Key, Looks, key, looks

_SHORTEST: Final = 6
"""Characters: a shorter value may stand in a message by chance."""
_LONGEST_PLAIN: Final = 512
_USUAL: Final = 512
"""Characters of a message that others are likely to repeat."""
_DEEPEST: Final = 50
"""Levels that are looked into; Helm values of people have about ten."""
_LAYERS: Final = 3
"""How often a value may be escaped or encoded."""

_STRUCTURE: Final = frozenset({"apiVersion", "kind", "name", "namespace", "op", "path", "from"})
"""Fields of a patch or a manifest, with which an error says where it is."""
_IDENTITY: Final = frozenset(
    {"kind", "name", "namespace", "targetNamespace", "storageNamespace", "releaseName", "chart", "serviceAccountName"}
)
"""Fields by which an object and what belongs to it are called."""
_TRIVIAL: Final = re.compile(r"(?i)true|false|null|none|enabled|disabled|[-+]?[\d.,:_]+[a-z%]{0,3}")
_NUMBER: Final = re.compile(r"\d{6,}")
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
_CONTINUED: Final = r"[89abAB][0-9a-fA-F]"
_ESCAPED: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}"
    # Bytes, those of one letter beyond ASCII together.
    rf"|(?:\\x[c-fC-F][0-9a-fA-F](?:\\x{_CONTINUED}){{1,3}}|\\x[0-9a-fA-F]{{2}})"
    rf"|(?:%[c-fC-F][0-9a-fA-F](?:%{_CONTINUED}){{1,3}}|%[0-9a-fA-F]{{2}})"
    r"|\\[nrt\"'\\/]"
    # As HTML and XML have them.
    r"|&(?:#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5}|amp|lt|gt|quot|apos);"
)
_SPACES: Final = re.compile(r"[\s+]{2,}|[^\S ]|\+")
"""What stands for one blank: where a text was wrapped, and in a form of HTML."""
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_ENCODED: Final = re.compile(r"(?<![\w+/=-])(?=[a-z/+_-]*[A-Z0-9])[\w+/-]{8,65536}+={0,2}")
_CUT: Final = re.compile(r"\u2026|\.\.\.")
_NAMELIKE: Final = re.compile(r"[\w/.:@-]")
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")


def hidden_values(item: Mapping[str, Any], within: str | None = None) -> tuple[str, ...]:
    """The values of an object that messages must not repeat, longest first; with `within` those that stand in it."""
    if within == "":
        return ()
    values: set[str] = set()
    reading = None if within is None else _read_known(within) if len(within) <= _USUAL else _read(within)
    identity: frozenset[str] | None = None
    for field, node in _hidden_nodes(item, hidden_fields(fields_of(item))):
        found = set(_values(node, field, reading, credential=field in {"address", "proxy"}))
        if found:
            identity = frozenset(_identity(item)) if identity is None else identity
            values |= found - identity
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def mask_values(text: str, values: Iterable[str]) -> str:
    """A message without these values, however it spells them."""
    wanted = tuple(values)
    if not wanted or not text:
        return text
    reading = _read(text)
    return masked(text, sorted(reading.spans(wanted)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A message as its values are looked for in it.

    Attributes:
        text: in lower case, without escapes.
        places: where each letter of it begins in the message, and at last where it ends; None where they are the same.
        decoded: what stands in it in base64, in lower case: where, and the text.
        cuts: where something was cut.
    """

    text: str
    places: tuple[int, ...] | None
    decoded: tuple[tuple[int, int, str], ...]
    cuts: tuple[tuple[int, int], ...]

    def repeats(self, value: str) -> bool:
        """Whether a value stands in it, or what is left of it."""
        low = _compared(value)
        if low in self.text or any(low in decoded for _, _, decoded in self.decoded):
            return True
        return bool(self.cuts) and any(True for _ in self._remains(low))

    def _remains(self, low: str) -> Iterator[tuple[int, int]]:
        """Where what is left of a value stands that was cut."""
        for start, end in self.cuts:
            at = self.text.rfind(low[:_SHORTEST], max(0, start - len(low)), start)
            if at >= 0 and low.startswith(self.text[at:start]):
                yield at, start
            at = self.text.find(low[-_SHORTEST:], end, end + len(low))
            if at >= 0 and low.endswith(self.text[end : at + _SHORTEST].lstrip()):
                yield end, at + _SHORTEST

    def spans(self, values: Iterable[str]) -> Iterator[Span]:
        """Where the values stand in the message; a word only where it is no part of a name."""
        for value in values:
            low = _compared(value)
            at = self.text.find(low)
            while at >= 0:
                end = at + len(low)
                if not _is_part_of_name(self.text, at, end, value):
                    yield Span(self._place(at), self._place(end), MASK)
                at = self.text.find(low, end)
            yield from (Span(start, end, MASK) for start, end, decoded in self.decoded if low in decoded)
            yield from (Span(self._place(start), self._place(end), MASK) for start, end in self._remains(low))

    def _place(self, position: int) -> int:
        return position if self.places is None else self.places[position]


def _is_part_of_name(text: str, start: int, end: int, value: str) -> bool:
    if not _PLAIN.fullmatch(value):
        return False
    return any(_NAMELIKE.match(neighbor) for neighbor in (text[max(0, start - 1) : start], text[end : end + 1]))


def _read(message: str) -> _Reading:
    text, places = _bared(message)
    cuts = tuple(cut.span() for cut in _CUT.finditer(text)) if "\u2026" in text or "..." in text else ()
    return _Reading(text, places, tuple(_decoded(message)), cuts)


def _bared(text: str) -> tuple[str, tuple[int, ...] | None]:
    """A text as values are compared, and where each letter begins.

    It has no escapes, is in one case, and has one blank for all that stands for one.
    """
    places = None
    for _ in range(_LAYERS):
        if ("\\" not in text and "%" not in text and "&" not in text) or not _ESCAPED.search(text):
            break
        text, places = _replaced(text, places, _ESCAPED, _unescaped)
    if _SPACES.search(text):
        text, places = _replaced(text, places, _SPACES, lambda _: " ")
    return _lower(text), places


def _compared(text: str) -> str:
    return _bared(text)[0]


def _lower(text: str) -> str:
    """A text in lower case, as long as it is."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(one if len(one := each.lower()) == 1 else each for each in text)


# Thousands of objects say the same: that they applied a revision.
_read_known = remembered(256)(_read)


def _replaced(
    text: str, places: tuple[int, ...] | None, pattern: re.Pattern[str], by: Callable[[str], str]
) -> tuple[str, tuple[int, ...]]:
    """A text in which one letter stands for each match, and where each letter begins."""
    parts, position = list[str](), 0
    begins = list[int]()
    for found in pattern.finditer(text):
        parts.append(text[position : found.start()])
        begins += range(position, found.start())
        parts.append(by(found[0]))
        begins.append(found.start())
        position = found.end()
    parts.append(text[position:])
    begins += range(position, len(text) + 1)
    return "".join(parts), tuple(begins) if places is None else tuple(places[begin] for begin in begins)


def _unescaped(escape: str) -> str:
    """The letter that an escape stands for."""
    if escape[0] == "&":
        letter = html.unescape(escape)
    elif escape[0] == "%" or escape[1] == "x":
        letter = bytes.fromhex(escape.replace("%", "").replace("\\x", "")).decode(errors="ignore") or chr(
            int(escape[-2:], 16)
        )
    elif escape[1] == "u":
        letter = bytes.fromhex(escape.replace("\\u", "")).decode("utf-16-be", "replace")
    else:
        letter = _CONTROLS.get(escape[1], escape[1])
    return letter if len(letter) == 1 else "\ufffd"


def _decoded(message: str) -> Iterator[tuple[int, int, str]]:
    """What stands in it in base64, also twice, or in hexadecimal digits; around it there may be what is no text."""
    for found in _ENCODED.finditer(message):
        text = _from_base64(found[0])
        again = _from_base64(text) if _ENCODED.fullmatch(text) else ""
        yield *found.span(), _compared(f"{text}\n{again}")
    for found in _HEXADECIMAL.finditer(message):
        yield *found.span(), _compared(bytes.fromhex(found[0]).decode(errors="replace"))


def _from_base64(text: str) -> str:
    encoded = text.rstrip("=").replace("-", "+").replace("_", "/")
    with suppress(ValueError):
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode(errors="replace")
    return ""


def _identity(item: Mapping[str, Any]) -> Iterator[str]:
    """What an object and what belongs to it are called."""
    for part in (item, item.get("metadata"), item.get("spec")):
        if isinstance(part, Mapping):
            yield from (value for field, value in part.items() if field in _IDENTITY and isinstance(value, str))


def _hidden_nodes(node: Any, fields: Hidden) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (JSON)
    """What is hidden below a node, and the field that it stands in."""
    if isinstance(node, list):
        for entry in node:
            yield from _hidden_nodes(entry, fields)
    elif isinstance(node, dict):
        for field, hidden in fields.items():
            if field == ANY:
                values = [value for name, value in node.items() if name not in _STRUCTURE]
            else:
                values = [node[field]] if field in node else []
            for value in values:
                if hidden is None:
                    yield field, value
                else:
                    yield from _hidden_nodes(value, hidden)


def _values(
    node: Any,  # noqa: ANN401 (JSON)
    name: str,
    within: _Reading | None,
    *,
    credential: bool,
    depth: int = 0,
) -> Iterator[str]:
    """Every value below a node that is not plain; below a key that names a credential only the trivial ones are."""
    if isinstance(node, str):
        yield from _texts(node, name, within, credential=credential, depth=depth)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        # Go prints a number of JSON as a float.
        for text in {str(node), f"{node:g}", f"{float(node):.{max(1, len(str(node)) - 1)}e}".replace("0e+", "e+")}:
            yield from _texts(text, name, within, credential=credential, depth=depth)
    elif depth > _DEEPEST:
        return
    elif isinstance(node, list):
        for entry in node:
            yield from _values(entry, name, within, credential=credential, depth=depth + 1)
    elif isinstance(node, dict):
        inherited = credential or (depth > 0 and key(name) >= Key.WEAK)
        named = node.get("name")
        for field, value in node.items():
            if field not in _STRUCTURE:
                # An entry of an environment has the name that matters beside the value.
                below = named if field == "value" and isinstance(named, str) else field
                yield from _values(value, below, within, credential=inherited, depth=depth + 1)


def _texts(text: str, name: str, within: _Reading | None, *, credential: bool, depth: int) -> Iterator[str]:
    text = text.strip()
    if len(text) < _SHORTEST:
        return
    if "\n" in text or text.startswith(("{", "[")):
        yield from _inside(text, name, within, credential=credential, depth=depth)
    host = _HOST.match(text) if "://" in text else None
    path = text[host.end() :].strip("/") if host is not None else ""
    for value in (text, path):
        # Whether it is repeated at all is the quickest to see, and most values are not.
        repeated = len(value) >= _SHORTEST and (within is None or within.repeats(value))
        if repeated and _is_secret(text, name, credential=credential):
            yield value


def _is_secret(text: str, name: str, *, credential: bool) -> bool:
    said = key(name)
    if _TRIVIAL.fullmatch(text):
        return (said in {Key.WEAK, Key.STRONG} or credential) and _NUMBER.fullmatch(
            text.replace(".", "").partition("e+")[0]
        ) is not None
    if len(text) > _LONGEST_PLAIN or not _PLAIN.fullmatch(text):
        return True
    if said in {Key.ABOUT, Key.NAMED}:
        return looks(text) >= LEAST[said]
    return (credential or said >= Key.WEAK) and looks(text) > Looks.NOTHING


def _inside(text: str, name: str, within: _Reading | None, *, credential: bool, depth: int) -> Iterator[str]:
    """The values within a text of YAML or JSON, such as a patch, and the lines of another."""
    with suppress(orjson.JSONDecodeError):
        yield from _values(orjson.loads(text), "", within, credential=credential, depth=depth + 1)
        return
    for line in text.splitlines():
        below, sign, value = line.partition(": ")
        if not sign:
            below, sign, value = line.partition("=")
        below, value = below.strip(" \t-\"'"), value.strip(" \t,\"'")
        if sign and below not in _STRUCTURE:
            yield from _values(value, below, within, credential=credential, depth=depth + 1)
        elif not sign and "\n" in text:
            # A text of one line is a value as it is: looked into again, it would have no end.
            yield from _values(line.strip(" \t-,\"'"), name, within, credential=credential, depth=depth + 1)
