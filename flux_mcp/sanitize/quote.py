"""Text that is not ours: made harmless, quoted and shortened, before it stands beside our own words.

What comes from the cluster or from kubectl is data. It stands bare only where it is a plain word; otherwise as a JSON
string, after control, ANSI, bidirectional, zero-width and tag characters were taken out and credentials masked. Some
clients render an answer as Markdown: what would become an image, a link of another name or HTML stands as an escape of
JSON there, so that nothing is fetched or clicked that is not seen.
"""

import re
from typing import Final

import orjson

from flux_mcp.api.ref import ObjectRef
from flux_mcp.sanitize.patterns import scrub, visible

LIST_MESSAGE: Final = 300
"""Characters of a message in a list."""
OBJECT_MESSAGE: Final = 1500
"""Characters of a message in the answer about one object."""
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
_BARE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:/@+=~-]{0,252}")


def clean(text: str) -> str:
    """Text on one line, credentials masked, nothing in it that is not seen; of a very long one head and tail."""
    if len(text) > 2 * READ_MAX:
        text = f"{text[:READ_MAX]} … {text[-READ_MAX:]}"
    return scrub(visible(text))


def value(text: str) -> str:
    """A value from the cluster: bare where it is a plain word, else a JSON string."""
    text = clean(text)
    return text if _BARE.fullmatch(text) else _quote(_shorten(text, _VALUE_MAX))


def name_of(ref: ObjectRef) -> str:
    """`Kustomization flux-system/apps`; of a cluster-scoped object `ClusterRole view`."""
    return f"{value(ref.kind)} {f'{value(ref.namespace)}/' if ref.namespace else ''}{value(ref.name)}"


def message(text: str, limit: int = LIST_MESSAGE) -> str:
    """A message from the cluster as a JSON string; of a long one two thirds from its head, one third from its tail."""
    return _quote(_shorten(clean(text), limit))


def log_line(text: str) -> str:
    """One line of a log, as it stands below the line that says whose it is: never at the margin, where our own are."""
    return _INDENT + _without_markup(_shorten(clean(text), LOG_LINE))


def _quote(text: str) -> str:
    return _without_markup(orjson.dumps(text).decode())


def _without_markup(text: str) -> str:
    return _MARKUP.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = 2 * limit // 3 - 2
    return f"{text[:head]} … {text[len(text) - (limit - head - 3) :]}"
