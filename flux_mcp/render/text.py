"""Plain text for a model and an operator: short, quoted and bounded.

What comes from the cluster is data, quoted by sanitize/quote.py. It is never mixed into a sentence of ours.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final, NamedTuple, TypeVar

from flux_mcp.cluster.result import Unread
from flux_mcp.errors import RecordedInPart
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import SHORT_MESSAGE, abbreviated, clean_name, shorten_messages, split_message, value

T = TypeVar("T")
DEFAULT_BOUND: Final = 12_000
"""Bytes of UTF-8 of a default answer."""
LIMIT_BOUND: Final = 60_000
"""Bytes of UTF-8 of an answer with an explicit limit."""
_ALGORITHM: Final = re.compile(r"(?<=@)(?:sha1|sha256|sha384|sha512):(?=[0-9a-f]{40,128}\Z)")


def revision(text: str) -> str:
    """A revision, short: `main@b649360` of `refs/heads/main@sha1:b649360b…`, `6.14.1@a7b62a6…` of an OCI artifact."""
    return abbreviated(_ALGORITHM.sub("", _without_refs(text)))


def whole_revision(text: str) -> str:
    """A revision as Flux writes it, without `refs/heads/`: `main@sha1:` and all digits."""
    return value(_without_refs(text))


def _without_refs(text: str) -> str:
    return re.sub(r"^refs/(?:heads|tags)/(?=.*@)", "", clean_name(text))


def age(since: datetime | None, now: datetime) -> str:
    """`45s`, `12m`, `5h` or `3d`; never negative; nothing where it is not known."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for size, unit, upto in ((1, "s", 120), (60, "m", 7200), (3600, "h", 172800)):
        if seconds < upto:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86400}d"


def _context(request: RequestContext) -> str:
    if request.context is not None:
        return value(request.context)
    return "(none: the service account of the Pod)" if request.in_pod else "(none in use)"


def and_more(found: Sequence[T], most: int, show: Callable[[T], str] = str, *, by: str = ", ", what: str = "") -> str:
    """`a, b and 3 more`: the first ones, and how many others there are."""
    rest = len(found) - most
    return by.join(map(show, found[:most])) + (f" and {rest} more{what}" if rest > 0 else "")


def first_line(title: str, request: RequestContext, shown: int | None = None, total: int | None = None) -> str:
    """What an answer is about: how much of it, which context, as whom, when."""
    how, who = request.identity
    counted = f": {shown} of {total}" if total is not None else ""
    identity = f" · {how} {value(who)}" if how == "as" or not request.several else ""
    context = " contexts" if request.several else f" · context {_context(request)}"
    return f"{title}{counted}{context}{identity} · {moment(request.now)}"


def moment(time: datetime) -> str:
    """`2026-11-22T09:27:06Z`."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def unread_line(unread: Sequence[Unread]) -> list[str]:
    """The line that says what could not be read; none where everything was."""
    if not unread:
        return []
    return ["Could not read: " + "; ".join(dict.fromkeys(map(_unread_item, unread)))]


def _unread_item(unread: Unread) -> str:
    if isinstance(unread.error, RecordedInPart):
        return f"namespaces other than {', '.join(map(value, unread.error.namespaces))} (not recorded)"
    partly = "read in part: " if unread.partly else ""
    return f"{', '.join(unread.kinds)} ({partly}{unread.why})" if unread.kinds else unread.why


class Line(NamedTuple):
    """A piece of an answer that is shown or left out whole: one line, or lines that belong together.

    Attributes:
        text: without a line break at its end. Its messages may be shortened where the answer has no room.
        named: how many objects it names.
        stands_for: how many objects would not be counted without it.
        about: the object that it is about, where others of the list may have the same message.
    """

    text: str
    named: int = 0
    stands_for: int = 0
    about: str = ""


_MESSAGES: Final = (600, SHORT_MESSAGE)
"""Characters to which messages are shortened, step by step."""


def fit(
    head: Callable[[int], Sequence[str]],
    levels: Iterable[Callable[[], Sequence[Line]]],
    bound: int,
    left_out: Callable[[int], str],
) -> str:
    """The first level that fits; else of the last one as many lines as fit, and a line that says what does not.

    Each level has its messages whole where there is room, else as long as there is room for (`_shrink`).

    Args:
        head: the lines that always stay, for a number of objects that are named below.
        levels: from the fullest to the shortest.
        bound: bytes of UTF-8.
        left_out: the last line, for a number of objects that are left out.
    """
    lines: Sequence[Line] = ()
    for level in levels:
        lines = level()
        opening = "\n".join(head(sum(line.named for line in lines)))
        lines = _shrink(lines, bound - size(opening))
        if size(opening) + _size_of(lines) <= bound:
            return "\n".join((opening, *(line.text for line in lines)))
    everything = sum(line.stands_for for line in lines)
    room = bound - size("\n".join(head(everything))) - size(left_out(everything)) - 1
    kept = sum(used <= room for used in accumulate(size(line.text) + 1 for line in lines))
    rest = sum(line.stands_for for line in lines[kept:])
    return "\n".join(
        (*head(sum(line.named for line in lines[:kept])), *(line.text for line in lines[:kept]), left_out(rest))
    )


def _size_of(lines: Iterable[Line]) -> int:
    return sum(size(line.text) + 1 for line in lines)


def _shrink(lines: Sequence[Line], room: int) -> Sequence[Line]:
    """The lines with their messages as long as there is room for.

    First go messages that are shown further up, then the middle of long ones; both from the end, since what is in
    trouble comes first.
    """
    excess = _size_of(lines) - room
    if excess <= 0:
        return lines
    shrunk = [*lines]
    above: dict[str, str] = {}
    once = [_once(line, above) for line in lines]
    for limit in (None, *_MESSAGES):
        for position in reversed(range(len(shrunk))):
            text = once[position] if limit is None else shorten_messages(shrunk[position].text, limit)
            excess -= size(shrunk[position].text) - size(text)
            shrunk[position] = shrunk[position]._replace(text=text)
            if excess <= 0:
                return shrunk
    return shrunk


def _once(line: Line, above: dict[str, str]) -> str:
    """The text of a line; where its message is one of those above, the object instead that has it there."""
    start, said = split_message(line.text)
    if not line.about or not said:
        return line.text
    same = f"{start}, same message as {above.setdefault(said, line.about)}"
    return line.text if above[said] == line.about or size(same) > size(line.text) else same


def until_full(
    lines: Iterable[Line], total: int, bound: int, left_out: Callable[[int], str] | None = None
) -> list[Line]:
    """No more lines than can fit: a line takes time to clean, and there may be ten thousand.

    Args:
        lines: made one by one.
        total: objects that there are.
        bound: bytes of UTF-8; where it is passed with messages as short as they may be, no further line is made.
        left_out: the last line, for a number of objects that the lines before do not stand for.
    """
    made: list[Line] = []
    room = bound
    above: dict[str, str] = {}
    for line in lines:
        made.append(line)
        room -= size(shorten_messages(_once(line, above), SHORT_MESSAGE)) + 1
        if room < 0:
            break
    rest = total - sum(line.stands_for for line in made)
    if rest and (room < 0 or left_out is not None):
        made.append(Line(left_out(rest) if left_out is not None else "", 0, rest))
    return made


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())
