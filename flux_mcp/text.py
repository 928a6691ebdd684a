"""The one renderer: plain text for a model and an operator, short, quoted and bounded.

What comes from the cluster is data. It stands bare only where it is a plain word; otherwise as a JSON string, after
control, ANSI, bidirectional, zero-width and tag characters were taken out and credentials masked. It is never mixed
into a sentence of ours.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import orjson

from flux_mcp.cluster import Scope
from flux_mcp.flux.redaction import scrub
from flux_mcp.reading import Gap

__all__ = [
    "DEFAULT_BOUND",
    "LIMIT_BOUND",
    "Line",
    "age",
    "clean",
    "first_line",
    "fit",
    "gap_line",
    "log_line",
    "message",
    "revision",
    "size",
    "value",
]

DEFAULT_BOUND: Final = 12_000
"""Bytes of UTF-8 of a default answer."""
LIMIT_BOUND: Final = 60_000
"""Bytes of UTF-8 of an answer with an explicit limit."""
LIST_MESSAGE: Final = 300
"""Characters of a message in a list."""
OBJECT_MESSAGE: Final = 1500
"""Characters of a message in the answer about one object."""
LOG_LINE: Final = 1000
"""Characters of one line of a log."""
_VALUE_MAX: Final = 253

_BARE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:/@+=~-]{0,252}")
_ANSI: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[PX^_][^\x1b\x9c]{0,4096}(?:\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,4}[0-~]"
)
_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f\x85\u2028\u2029]+")
# Cc, Cf and what else is not seen: fillers, variation selectors, tags, private use, surrogates.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\U000110bd\U000110cd\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)


def clean(text: str) -> str:
    """Text from the cluster on one line: credentials masked, nothing in it that is not seen."""
    if text.isascii() and text.isprintable():
        return scrub(text)
    text = _UNSEEN.sub("", _SPACE.sub(" ", _ANSI.sub("", text))).strip()
    return scrub(text)


def value(text: str) -> str:
    """A value from the cluster: bare where it is a plain word, else a JSON string."""
    text = clean(text)
    return text if _BARE.fullmatch(text) else _quote(_shorten(text, _VALUE_MAX))


def message(text: str, limit: int = LIST_MESSAGE) -> str:
    """A message from the cluster as a JSON string; of a long one two thirds from its head, one third from its tail."""
    return _quote(_shorten(clean(text), limit))


def log_line(text: str) -> str:
    """One line of a log, as it stands below the line that says whose it is: never at the margin, where our own are."""
    return f"  {_shorten(clean(text), LOG_LINE)}"


def _quote(text: str) -> str:
    return orjson.dumps(text).decode()


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = 2 * limit // 3 - 2
    return f"{text[:head]} … {text[len(text) - (limit - head - 3) :]}"


_SHA: Final = re.compile(r"(?:sha1:|sha256:|sha384:|sha512:)?([0-9a-f]{7})[0-9a-f]{33,121}")


def revision(text: str) -> str:
    """A revision, short: `refs/heads/main@sha1:b649360b…` is `main@b649360`, a bare digest keeps its algorithm."""
    name, at, digest = clean(text).rpartition("@")
    short = _SHA.fullmatch(digest)
    if not at:
        return value(f"sha256:{short[1]}" if short and digest.startswith("sha256:") else short[1] if short else digest)
    name = re.sub(r"^refs/(?:heads|tags)/", "", name)
    return value(f"{name}@{short[1] if short else digest}")


def age(since: datetime | None, now: datetime) -> str:
    """`45s`, `12m`, `5h` or `3d`; never negative; nothing where it is not known."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for size, unit, upto in ((1, "s", 120), (60, "m", 7200), (3600, "h", 172800)):
        if seconds < upto:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"


def first_line(title: str, scope: Scope, shown: int | None = None, total: int | None = None) -> str:
    """What an answer is about: how much of it, which context, as whom, when."""
    how, who = scope.identity
    counted = f": {shown} of {total}" if total is not None else ""
    context = value(scope.context) if scope.context is not None else "(none: the pod's own service account)"
    return f"{title}{counted} · context {context} · {how} {value(who)} · {scope.now:%Y-%m-%dT%H:%M:%SZ}"


def gap_line(gaps: Sequence[Gap]) -> list[str]:
    """The line that says what could not be read; none where everything was."""
    if not gaps:
        return []
    return ["NOT READ: " + "; ".join(_gap(gap) for gap in gaps)]


def _gap(gap: Gap) -> str:
    kinds = ", ".join(gap.kinds)
    partly = " (read in part)" if gap.partly and gap.kinds else ""
    return f"{kinds}{partly} ({clean(gap.why)[:_VALUE_MAX]})" if kinds else clean(gap.why)[:_VALUE_MAX]


class Line(NamedTuple):
    """One line of an answer.

    Attributes:
        text: without a line break.
        named: how many objects it names.
        stands_for: how many objects would not be told of without it.
    """

    text: str
    named: int = 0
    stands_for: int = 0


def fit(
    head: Callable[[int], Sequence[str]],
    levels: Iterable[Callable[[], Sequence[Line]]],
    bound: int,
    left_out: Callable[[int], str],
) -> str:
    """The first level that fits; else of the last one as many lines as fit, and a line that says what does not.

    Args:
        head: the lines that always stay, for a number of objects that are named below.
        levels: from the fullest to the shortest.
        bound: bytes of UTF-8.
        left_out: the last line, for a number of objects that are not told of.
    """
    lines: Sequence[Line] = ()
    for level in levels:
        lines = level()
        text = "\n".join((*head(sum(line.named for line in lines)), *(line.text for line in lines)))
        if size(text) <= bound:
            return text
    everything = sum(line.stands_for for line in lines)
    room = bound - size("\n".join(head(everything))) - size(left_out(everything)) - 1
    kept = 0
    for line in lines:
        room -= size(line.text) + 1
        if room < 0:
            break
        kept += 1
    told = (line.text for line in lines[:kept])
    rest = sum(line.stands_for for line in lines[kept:])
    return "\n".join((*head(sum(line.named for line in lines[:kept])), *told, left_out(rest)))


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())
