"""Views of Events, and equal Events as one.

An Event of v1 and one of events.k8s.io have the same content under other names (involvedObject and regarding, message
and note); both are understood.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import number, parse_time, text

WARNING: Final = "Warning"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One Event.

    Attributes:
        ref: the Event's own name.
        about: the object that it is about; its namespace is empty where it has none.
        group: the API group of that object; None where the Event does not say.
        type: Normal or Warning.
        first: when it was first seen.
        seen: when it was last seen.
        count: how often.
    """

    ref: ObjectRef
    about: ObjectRef
    group: str | None
    type: str
    reason: str
    message: str
    first: datetime | None
    seen: datetime | None
    count: int


@dataclass(frozen=True, slots=True)
class EventSeries:
    """Events of one object with the same type, reason and message: the latest, and how often all were seen."""

    last: Event
    count: int

    @property
    def order(self) -> tuple[float, ObjectRef, str, str, str]:
        """Newest first, and the same for the same events in any order."""
        event = self.last
        return -(event.seen or _NEVER).timestamp(), event.about, event.type, event.reason, event.message


def event(item: Mapping[str, Any]) -> Event | None:
    """The view of one Event as kubectl printed it; None if it has no name or is about no object."""
    name = text(item, "metadata", "name")
    about = "involvedObject" if text(item, "involvedObject", "name") else "regarding"
    if text(item, "kind") != "Event" or not name or not text(item, about, "name"):
        return None
    api_version = text(item, about, "apiVersion")
    return Event(
        ref=ObjectRef("Event", text(item, "metadata", "namespace"), name),
        about=ObjectRef(text(item, about, "kind"), text(item, about, "namespace"), text(item, about, "name")),
        # `v1` is the core group; without an apiVersion nothing is known.
        group=api_version.rpartition("/")[0] if api_version else None,
        type=text(item, "type"),
        reason=text(item, "reason"),
        message=text(item, "message") or text(item, "note"),
        first=_moment(item, _FIRST),
        seen=_moment(item, (*_LAST, *_FIRST)),
        count=_count(item),
    )


_LAST: Final = (("series", "lastObservedTime"), ("lastTimestamp",), ("deprecatedLastTimestamp",))
_FIRST: Final = (
    ("eventTime",),
    ("firstTimestamp",),
    ("deprecatedFirstTimestamp",),
    ("metadata", "creationTimestamp"),
)


def _moment(item: Mapping[str, Any], paths: Iterable[tuple[str, ...]]) -> datetime | None:
    return next((moment for path in paths if (moment := parse_time(text(item, *path)))), None)


def _count(item: Mapping[str, Any]) -> int:
    paths = ("series", "count"), ("count",), ("deprecatedCount",)
    return next((count for path in paths if (count := number(item, *path)) > 0), 1)


def fold(events: Iterable[Event]) -> tuple[EventSeries, ...]:
    """Events of one object, type, reason and message as one, the newest first."""
    folded: dict[tuple[object, ...], EventSeries] = {}
    for found in events:
        key = (found.about, found.group, found.type, found.reason, found.message)
        known = folded.get(key)
        if known is None:
            folded[key] = EventSeries(found, found.count)
        else:
            last = max(known.last, found, key=lambda event: (event.seen or _NEVER, event.ref))
            folded[key] = EventSeries(last, known.count + found.count)
    return tuple(sorted(folded.values(), key=lambda series: series.order))
