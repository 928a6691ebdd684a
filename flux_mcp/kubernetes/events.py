"""Events: typed, tolerant views of them, and equal ones as one.

An Event of v1 and one of events.k8s.io say the same under other names (involvedObject and regarding, message and note);
both are understood.
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
        ref: what it is called itself.
        about: the object that it tells of; of one without a namespace the namespace is empty.
        group: that object's API group; None where the event does not tell.
        type: Normal or Warning.
        seen: when it was last seen.
        count: how often.
    """

    ref: ObjectRef
    about: ObjectRef
    group: str | None
    type: str
    reason: str
    message: str
    seen: datetime | None
    count: int


@dataclass(frozen=True, slots=True)
class EventSeries:
    """Events that say the same of the same object: the one seen last, and how often all were seen."""

    last: Event
    count: int

    @property
    def order(self) -> tuple[float, ObjectRef, str, str, str]:
        """Newest first, and the same for the same events whatever their order was."""
        one = self.last
        return -(one.seen or _NEVER).timestamp(), one.about, one.type, one.reason, one.message


def event(item: Mapping[str, Any]) -> Event | None:
    """The view of one Event as kubectl printed it; None if it has no name or tells of no object."""
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
        seen=_seen(item),
        count=_count(item),
    )


def _seen(item: Mapping[str, Any]) -> datetime | None:
    paths = (
        ("series", "lastObservedTime"),
        ("lastTimestamp",),
        ("deprecatedLastTimestamp",),
        ("eventTime",),
        ("firstTimestamp",),
        ("deprecatedFirstTimestamp",),
        ("metadata", "creationTimestamp"),
    )
    return next((moment for path in paths if (moment := parse_time(text(item, *path)))), None)


def _count(item: Mapping[str, Any]) -> int:
    paths = ("series", "count"), ("count",), ("deprecatedCount",)
    return next((count for path in paths if (count := number(item, *path)) > 0), 1)


def fold(events: Iterable[Event]) -> tuple[EventSeries, ...]:
    """Events of one object, type, reason and message as one, the newest first."""
    folded: dict[tuple[object, ...], EventSeries] = {}
    for one in events:
        key = (one.about, one.group, one.type, one.reason, one.message)
        known = folded.get(key)
        if known is None:
            folded[key] = EventSeries(one, one.count)
            continue
        last = max(known.last, one, key=lambda entry: (entry.seen or _NEVER, entry.ref))
        folded[key] = EventSeries(last, known.count + one.count)
    return tuple(sorted(folded.values(), key=lambda entry: entry.order))
