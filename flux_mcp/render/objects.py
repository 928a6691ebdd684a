"""Lines about Flux objects that several answers share."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from flux_mcp.flux.status import Health, ObjectStatus, count
from flux_mcp.render.text import Line, age, revision
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import LIST_MESSAGE, message, value

FINALIZERS: Final = 3
"""Finalizers of an object that are named."""


def counts(statuses: Iterable[ObjectStatus]) -> str:
    """`2 Stalled, 17 Failing`, in the order of trouble."""
    return ", ".join(f"{number} {health.value}" for health, number in count(statuses))


def short_line(entry: ObjectStatus, request: RequestContext) -> str:
    """The line of an object; of one that nobody needs to look at without its reason and message."""
    if entry.trouble or entry.health not in {Health.READY, Health.STATIC}:
        return object_line(entry, request)
    one = entry.object
    shown = revision(one.revision) if one.revision else ""
    name = f"{one.kind.kind} {value(one.namespace)}/{value(one.name)}"
    return ", ".join(filter(None, (name, entry.health.value, age(entry.since, request.now), shown)))


def _together(entry: ObjectStatus) -> bool:
    """Whether an object stands with others on one line: nothing is to be said but its name."""
    return not entry.flags and entry.health in {Health.READY, Health.STATIC}


def single_lines(statuses: Sequence[ObjectStatus], request: RequestContext) -> Iterator[Line]:
    """A line of its own for each object of which more than its name is to be said, made when it is asked for."""
    return (Line(object_line(entry, request), 1, 1) for entry in statuses if not _together(entry))


def group_lines(statuses: Sequence[ObjectStatus], request: RequestContext, *, folded: bool) -> list[Line]:
    """A line for all others of a verdict, kind and namespace: their names, or folded their number."""
    calm = (entry for entry in statuses if _together(entry))
    lines = []
    for (health, kind, namespace), group in groupby(
        calm, key=lambda entry: (entry.health, entry.object.kind.kind, entry.object.namespace)
    ):
        entries = list(group)
        start = f"{health.value} {kind} {value(namespace)}/: "
        if folded:
            lines.append(Line(f"{start}{len(entries)} objects", 0, len(entries)))
        else:
            told = "; ".join(_brief(entry, request) for entry in entries)
            lines.append(Line(start + told, len(entries), len(entries)))
    return lines


def _brief(entry: ObjectStatus, request: RequestContext) -> str:
    shown = revision(entry.object.revision) if entry.object.revision else ""
    since = "" if entry.health is Health.STATIC else age(entry.since, request.now)
    return " ".join(filter(None, (value(entry.object.name), shown, since)))


def object_line(entry: ObjectStatus, request: RequestContext, characters: int = LIST_MESSAGE) -> str:
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
        f"{entry.health.value}{flags}",
        value(entry.reason) if entry.reason else "",
        age(entry.since, request.now),
        revision(one.revision) if one.revision else "",
        f"suspended by {value(one.suspended_by)}" if entry.health is Health.SUSPENDED and one.suspended_by else "",
        f"finalizers {' '.join(map(value, one.finalizers[:FINALIZERS]))}" if entry.health is Health.DELETING else "",
    ]
    said = f": {message(entry.message, characters)}" if entry.message else ""
    return ", ".join(filter(None, parts)) + said
