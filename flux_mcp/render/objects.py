"""Lines about Flux objects that several answers share."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from flux_mcp.cluster.client import Scope
from flux_mcp.flux.status import Judged, Verdict, count
from flux_mcp.render.text import Line, age, revision
from flux_mcp.sanitize.quote import LIST_MESSAGE, message, value

__all__ = ["counts", "group_lines", "object_line", "short_line", "single_lines"]

FINALIZERS: Final = 3
"""Finalizers of an object that are named."""


def counts(judged: Iterable[Judged]) -> str:
    """`2 Stalled, 17 Failing`, in the order of trouble."""
    return ", ".join(f"{number} {verdict.value}" for verdict, number in count(judged))


def short_line(entry: Judged, scope: Scope) -> str:
    """The line of an object; of one that nobody needs to look at without its reason and message."""
    if entry.trouble or entry.verdict not in {Verdict.READY, Verdict.STATIC}:
        return object_line(entry, scope)
    one = entry.object
    shown = revision(one.revision) if one.revision else ""
    name = f"{one.kind.kind} {value(one.namespace)}/{value(one.name)}"
    return ", ".join(filter(None, (name, entry.verdict.value, age(entry.since, scope.now), shown)))


def _together(entry: Judged) -> bool:
    """Whether an object stands with others on one line: nothing is to be said but its name."""
    return not entry.flags and entry.verdict in {Verdict.READY, Verdict.STATIC}


def single_lines(judged: Sequence[Judged], scope: Scope) -> Iterator[Line]:
    """A line of its own for each object of which more than its name is to be said, made when it is asked for."""
    return (Line(object_line(entry, scope), 1, 1) for entry in judged if not _together(entry))


def group_lines(judged: Sequence[Judged], scope: Scope, *, folded: bool) -> list[Line]:
    """A line for all others of a verdict, kind and namespace: their names, or folded their number."""
    calm = (entry for entry in judged if _together(entry))
    lines = []
    for (verdict, kind, namespace), group in groupby(
        calm, key=lambda entry: (entry.verdict, entry.object.kind.kind, entry.object.namespace)
    ):
        entries = list(group)
        start = f"{verdict.value} {kind} {value(namespace)}/: "
        if folded:
            lines.append(Line(f"{start}{len(entries)} objects", 0, len(entries)))
        else:
            told = "; ".join(_brief(entry, scope) for entry in entries)
            lines.append(Line(start + told, len(entries), len(entries)))
    return lines


def _brief(entry: Judged, scope: Scope) -> str:
    shown = revision(entry.object.revision) if entry.object.revision else ""
    since = "" if entry.verdict is Verdict.STATIC else age(entry.since, scope.now)
    return " ".join(filter(None, (value(entry.object.name), shown, since)))


def object_line(entry: Judged, scope: Scope, characters: int = LIST_MESSAGE) -> str:
    """`Kind namespace/name, Verdict (flags), reason, age, revision: "message"`, without what is not there.

    Args:
        entry: the object.
        scope: for the age.
        characters: of the message at most.
    """
    one = entry.object
    flags = f" ({' '.join(flag.value for flag in entry.flags)})" if entry.flags else ""
    parts = [
        f"{one.kind.kind} {value(one.namespace)}/{value(one.name)}",
        f"{entry.verdict.value}{flags}",
        value(entry.reason) if entry.reason else "",
        age(entry.since, scope.now),
        revision(one.revision) if one.revision else "",
        f"suspended by {value(one.suspended_by)}" if entry.verdict is Verdict.SUSPENDED and one.suspended_by else "",
        f"finalizers {' '.join(map(value, one.finalizers[:FINALIZERS]))}" if entry.verdict is Verdict.DELETING else "",
    ]
    said = f": {message(entry.message, characters)}" if entry.message else ""
    return ", ".join(filter(None, parts)) + said
