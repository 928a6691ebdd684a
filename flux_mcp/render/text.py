"""The one renderer: plain text for a model and an operator, short, quoted and bounded.

What comes from the cluster is data, quoted by `value` and `message` (module quoting). It is never mixed into a sentence
of ours.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from flux_mcp.cluster.result import Unread
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import clean, value

DEFAULT_BOUND: Final = 12_000
"""Bytes of UTF-8 of a default answer."""
LIMIT_BOUND: Final = 60_000
"""Bytes of UTF-8 of an answer with an explicit limit."""
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


def first_line(title: str, request: RequestContext, shown: int | None = None, total: int | None = None) -> str:
    """What an answer is about: how much of it, which context, as whom, when."""
    how, who = request.identity
    counted = f": {shown} of {total}" if total is not None else ""
    context = value(request.context) if request.context is not None else "(none: the pod's own service account)"
    return f"{title}{counted} · context {context} · {how} {value(who)} · {request.now:%Y-%m-%dT%H:%M:%SZ}"


def unread_line(unread: Sequence[Unread]) -> list[str]:
    """The line that says what could not be read; none where everything was."""
    if not unread:
        return []
    return ["NOT READ: " + "; ".join(_unread_item(unread_item) for unread_item in unread)]


def _unread_item(unread_item: Unread) -> str:
    kinds = ", ".join(unread_item.kinds)
    partly = " (read in part)" if unread_item.partly and unread_item.kinds else ""
    return f"{kinds}{partly} ({unread_item.why})" if kinds else unread_item.why


class Line(NamedTuple):
    """A piece of an answer that stands or falls whole: one line, or lines that belong together.

    Attributes:
        text: without a line break at its end.
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


def until_full(
    lines: Iterable[Line], total: int, bound: int, left_out: Callable[[int], str] | None = None
) -> list[Line]:
    """No more lines than can fit: a line takes time to clean, and there may be ten thousand.

    Args:
        lines: made one by one.
        total: objects that there are.
        bound: bytes of UTF-8; where it is passed, no further line is made.
        left_out: the last line, for a number of objects that the lines before do not stand for.
    """
    made: list[Line] = []
    room = bound
    for line in lines:
        made.append(line)
        room -= size(line.text) + 1
        if room < 0:
            break
    rest = total - sum(line.stands_for for line in made)
    if rest and (room < 0 or left_out is not None):
        made.append(Line(left_out(rest) if left_out is not None else "", 0, rest))
    return made


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())
