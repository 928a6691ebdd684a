"""Lines about Flux objects that several answers share."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from flux_mcp.flux.status import Health, ObjectStatus, count
from flux_mcp.render.text import Line, age, revision
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import MESSAGE, message, name_of, value

FINALIZERS: Final = 3
"""Finalizers of an object that are named."""
_TROUBLE_IF_FLAGGED: Final = frozenset({Health.PROGRESSING, Health.READY})
"""The health values that do not say whether an object is in trouble."""


def counts(statuses: Iterable[ObjectStatus]) -> str:
    """`2 Stalled, 17 Ready, 2 of them flagged`, in the order of trouble."""
    statuses = tuple(statuses)
    flagged = Counter(status.health for status in statuses if status.flags and status.health in _TROUBLE_IF_FLAGGED)
    return ", ".join(
        f"{number} {health.value}" + (f", {flagged[health]} of them flagged" if flagged[health] else "")
        for health, number in count(statuses)
    )


def idle_note(since: datetime | None) -> Iterator[str]:
    """That statuses look well and are old, where nothing seems to be reconciled."""
    if since is not None:
        yield (
            f"No Kustomization was reconciled since {since:%Y-%m-%dT%H:%M:%SZ}, though each was due twice: what is "
            "Ready here may not be now. get_flux_instance shows whether kustomize-controller runs."
        )


def short_line(status: ObjectStatus, request: RequestContext) -> str:
    """The line of an object; of one that nobody needs to look at without its reason and message."""
    if status.trouble or status.health not in {Health.READY, Health.STATIC}:
        return object_line(status, request)
    shown = revision(status.object.revision) if status.object.revision else ""
    parts = (name_of(status.object.ref), status.health.value, age(status.since, request.now), shown)
    return ", ".join(filter(None, parts))


def _together(status: ObjectStatus) -> bool:
    """Whether an object shares a line with others: there is nothing to say but its name, revision and age."""
    return not status.flags and status.health in {Health.READY, Health.STATIC}


def single_lines(statuses: Sequence[ObjectStatus], request: RequestContext) -> Iterator[Line]:
    """A line of its own for each object of which there is more to say, made when it is needed."""
    return (
        Line(object_line(status, request), 1, 1, name_of(status.object.ref))
        for status in statuses
        if not _together(status)
    )


def group_lines(statuses: Sequence[ObjectStatus], request: RequestContext, *, folded: bool) -> Iterator[Line]:
    """A line for all others of a health, kind and namespace: their names, or folded their number."""
    others = (status for status in statuses if _together(status))
    for (health, kind, namespace), group in groupby(
        others, key=lambda status: (status.health, status.object.kind.kind, status.object.namespace)
    ):
        members = [*group]
        start = f"{health.value} {kind} {value(namespace)}/: "
        if folded:
            yield Line(f"{start}{len(members)} object{'s' if len(members) > 1 else ''}", 0, len(members))
        else:
            yield Line(start + "; ".join(_brief(status, request) for status in members), len(members), len(members))


def _brief(status: ObjectStatus, request: RequestContext) -> str:
    shown = revision(status.object.revision) if status.object.revision else ""
    since = "" if status.health is Health.STATIC else age(status.since, request.now)
    return " ".join(filter(None, (value(status.object.name), shown, since)))


def health_and_flags(status: ObjectStatus) -> str:
    """`Failing (source-failing)`."""
    return status.health.value + (f" ({' '.join(flag.value for flag in status.flags)})" if status.flags else "")


def object_line(status: ObjectStatus, request: RequestContext, limit: int = MESSAGE) -> str:
    """`Kind namespace/name, Health (flags), reason, age, revision: "message"`, without what is not there.

    Args:
        status: of the object.
        request: for the age.
        limit: characters of the message; 0 leaves it out.
    """
    flux = status.object
    parts = [
        name_of(flux.ref),
        health_and_flags(status),
        value(status.reason) if status.reason else "",
        age(status.failing_since or status.since, request.now),
        revision(flux.revision) if flux.revision else "",
        f"suspended by {value(flux.suspended_by)}" if status.health is Health.SUSPENDED and flux.suspended_by else "",
        f"finalizers {' '.join(map(value, flux.finalizers[:FINALIZERS]))}" if status.health is Health.DELETING else "",
    ]
    said = f": {message(status.message, limit)}" if status.message and limit else ""
    return ", ".join(filter(None, parts)) + said
