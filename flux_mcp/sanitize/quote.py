"""Text that is not ours: made harmless, quoted and shortened, before it stands beside our own words.

What comes from the cluster or from kubectl is data. It stands bare only where it is a plain word; otherwise as a JSON
string, after control, ANSI, bidirectional, zero-width and tag characters were taken out. In free text (`message`,
`free_value`, `log_line`) credentials are masked. What is known to be a name, a namespace, a kind, an image, a revision
or an identity (`value`, `name_of`) is shown as it is, since people ask by it: only a password in an address is
masked. Some clients render an answer as Markdown: what would become an image, a link of another name or HTML stands as
an escape of JSON there, so that nothing is fetched or clicked that is not seen.

A quoted string that is longer than any value is a message: so `shorten_messages` finds it in text that is already
written.
"""

import re
from collections import deque
from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Final

import orjson

from flux_mcp.api.ref import ObjectRef
from flux_mcp.sanitize.patterns import scrub, scrub_name
from flux_mcp.sanitize.visible import visible

MESSAGE: Final = 1500
"""Characters of a message at most."""
SHORT_MESSAGE: Final = 300
"""Characters that a message keeps where an answer has no room for more: more than any value has."""
READ_MAX: Final = 32_768
"""Characters of a longer text that are read from its head, and from its tail: more than is ever shown, and more than a
credential that could be cut in two takes up."""
LOG_LINE: Final = 1000
"""Characters of one line of a log."""
_VALUE_MAX: Final = 253

_INDENT: Final = "    "
"""As deep as Markdown lets no line begin anything: no fence, no heading, no definition of a link."""
_MARKUP: Final = re.compile(r"(?<=!)\[|(?<=\])\((?!\[)|<(?=[A-Za-z/!?])")
"""Where in Markdown an image, a link or HTML would begin; `](` before `[` stands in the patterns of API errors, and
leads nowhere."""
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
_NAME: Final = re.compile(r"['\"/@_]|\w[.:=-]\w|[a-z]\d|\d[a-z]")
"""What marks a word of a message as a name, a path or another value, rather than a word of the language."""
_GAP: Final = " …"
_HELM_LOGS: Final = " Last Helm logs: "
"""What helm-controller writes between the error and the log of Helm."""
_DIGITS: Final = "".join(f"|[0-9a-f]{{{size // 4 - 7}}}" for size in (160, 256, 384, 512))[1:]
_DIGEST: Final = re.compile(rf"(.*@|)(sha1:|sha256:|sha384:|sha512:)?([0-9a-f]{{7}})({_DIGITS})", re.DOTALL)
_COMMIT: Final = 40
"""Digits of a Git commit."""
_BARE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:/@+=~-]{0,252}")


def clean(text: str) -> str:
    """Free text on one line, credentials masked, nothing in it that is not seen; of a very long one head and tail."""
    return scrub(_readable(text))


def clean_name(text: str) -> str:
    """A name on one line, nothing in it that is not seen."""
    return scrub_name(_readable(text))


def value(text: str) -> str:
    """A value from the cluster that is known to be a name: bare where it is a plain word, else a JSON string."""
    return _bare_or_quoted(clean_name(text))


def free_value(text: str) -> str:
    """A value that anything may stand in, such as an argument of a command: as `value`, with credentials masked."""
    return _bare_or_quoted(clean(text))


def abbreviated(text: str) -> str:
    """A value; of a digest at its end 7 digits and `…`: `ghcr.io/acme/web:1.0@sha256:6c3c624…`.

    A Git commit stands as Git itself abbreviates it, which every Git command takes: `main@b649360`.
    """
    found = _DIGEST.fullmatch(clean_name(text))
    if found is None:
        return value(text)
    name, algorithm, digits, rest = found.groups()
    if algorithm in {None, "sha1:"} and len(digits + rest) == _COMMIT:
        return value(name + digits)
    shown = value(f"{name}{algorithm or ''}{digits}")
    return f'{shown[:-1]}…"' if shown.endswith('"') else f"{shown}…"


def name_of(ref: ObjectRef) -> str:
    """`Kustomization flux-system/apps`; of a cluster-scoped object `ClusterRole view`."""
    return f"{value(ref.kind)} {f'{value(ref.namespace)}/' if ref.namespace else ''}{value(ref.name)}"


def message(text: str, limit: int = MESSAGE) -> str:
    """A message from the cluster as a JSON string, whole up to the limit (see `_shorten`)."""
    return _quote(_shorten(clean(text), limit))


def plain(text: str, limit: int = MESSAGE) -> str:
    """A message for a place where text is nothing but text, such as JSON: masked and shortened, but not quoted."""
    return _shorten(clean(text), limit)


def shorten_messages(text: str, limit: int) -> str:
    """A written text with its messages shortened to a limit, which is SHORT_MESSAGE or more."""

    def shorten(quoted: re.Match[str]) -> str:
        if len(quoted[0]) <= SHORT_MESSAGE:
            return quoted[0]
        try:
            # Credentials are masked already; but in a line of a log an escape may stand for what is not seen.
            return _quote(_shorten(visible(orjson.loads(quoted[0])), limit))
        except orjson.JSONDecodeError:
            # No string of this module: quotes in our own words, or in a line of a log.
            return quoted[0]

    return _QUOTED.sub(shorten, text)


def split_message(text: str) -> tuple[str, str]:
    """What stands before the quoted string at the end of a text and its colon, and the string; empty without one."""
    last = deque(_QUOTED.finditer(text), maxlen=1)
    start = last[0].start() if last else 0
    if not last or last[0].end() < len(text) or text[start - 2 : start] != ": ":
        return text, ""
    return text[: start - 2], text[start:]


def log_line(text: str, width: int = LOG_LINE) -> str:
    """One line of a log, as it stands below the line that says whose it is: never at the margin, where our own are."""
    return _INDENT + without_markup(_cut(clean(text), width))


def _readable(text: str) -> str:
    if len(text) > 2 * READ_MAX:
        text = f"{text[:READ_MAX]} … {text[-READ_MAX:]}"
    return visible(text)


def _bare_or_quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else _quote(_cut(text, _VALUE_MAX))


def _quote(text: str) -> str:
    return without_markup(orjson.dumps(text).decode())


def without_markup(text: str) -> str:
    """A quoted text in which Markdown and HTML begin nothing."""
    return _MARKUP.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _cut(text: str, limit: int) -> str:
    """Of a long text two thirds from its head, one third from its tail."""
    if len(text) <= limit:
        return text
    head = 2 * limit // 3 - 2
    return f"{text[:head]} … {text[len(text) - (limit - head - 3) :]}"


def _shorten(text: str, limit: int) -> str:
    """Of a long message its beginning, its last clause and, as far as they fit, the names between.

    The last clause is what stands after the last colon: of an error that wraps others, the one that happened. No word
    is cut, unless it is longer than half of the limit. A log of Helm behind the error goes first.
    """
    if len(text) <= limit:
        return text
    error, logs, _ = text.partition(_HELM_LOGS)
    if logs and limit >= SHORT_MESSAGE:
        return f"{_shorten(error, limit - len(logs + _GAP))}{logs.rstrip()}{_GAP}"
    words = [_cut(word, limit // 2) for word in text.split(" ")]
    room = limit - len(_GAP)
    last_clause = len(text) - text.rfind(": ")
    tail = max(1, _fitting(words[::-1], min(max(last_clause, room // 4), room // 2)))
    head = _fitting(words[:-tail], room // 4)
    kept = {*range(head), *range(len(words) - tail, len(words))}
    room -= sum(len(words[position]) + 1 for position in kept)
    shown = {words[position] for position in kept}
    for position in range(head, len(words) - tail):
        word = words[position]
        if word not in shown and _NAME.search(word) and len(word) + 1 + len(_GAP) <= room:
            kept.add(position)
            shown.add(word)
            room -= len(word) + 1 + len(_GAP)
    for position in range(head, len(words) - tail):
        if position not in kept:
            room -= len(words[position]) + 1
            if room < 0:
                break
            kept.add(position)
    parts = (word if position in kept else _GAP.strip() for position, word in enumerate(words))
    return " ".join(part for part, _ in groupby(parts))


def _fitting(words: Sequence[str], room: int) -> int:
    """How many of the first words fit."""
    return sum(used <= room for used in accumulate(len(word) + 1 for word in words))
