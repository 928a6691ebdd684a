"""What is known of each object's past, by object: which revision was run when, and whether that succeeded."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Final, NamedTuple

from flux_mcp.api.coverage import Coverage
from flux_mcp.api.kind import Role
from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.evidence import (
    EventRecord,
    FluxRecord,
    HistoryEntry,
    NamespaceRecord,
    Other,
    Record,
    WorkloadRecord,
)
from flux_mcp.changes.managed_fields import FieldOwner

TOGETHER: Final = timedelta(seconds=3)
"""Times this near to each other are of one action: Kubernetes records whole seconds, and controllers take a while."""
LATER: Final = timedelta(seconds=10)
"""How much earlier or later than what it names an applier's Event may be."""
EVENT_TTL: Final = timedelta(hours=1)
"""How long API servers keep an Event by default (kube-apiserver --event-ttl)."""
OPERATORS: Final = frozenset({"FluxInstance", "ResourceSet"})
CAUSED: Final = timedelta(seconds=120)
"""How long after a change what it caused starts."""
MARGIN: Final = timedelta(seconds=60)
"""How much longer than its timeout a run may take until its end is recorded."""
_GOOD: Final = frozenset(
    {
        *("ReconciliationSucceeded", "Succeeded", "NewArtifact", "ArtifactUpToDate", "GitOperationSucceeded"),
        *("ChartPullSucceeded", "InstallSucceeded", "UpgradeSucceeded", "TestSucceeded"),
    }
)
CANCELED: Final = "HealthCheckCanceled"
"""The reason of a run that a newer revision ended: nothing is known to fail."""
_NEUTRAL: Final = frozenset(
    {
        *("DriftDetected", "DependencyNotReady", "NotificationDispatchFailed", "OutdatedVersion"),
        *("ReconciliationDisabled", CANCELED),
    }
)
"""Reasons that are no failure of the object."""
_STORED: Final = "stored artifact for commit '"


Applied = tuple[datetime, ObjectRef, str]
"""When which object was created or configured."""


class Content(Enum):
    """Whether a run applied other content than the run before."""

    NEW = "new"
    SAME = "same"
    UNKNOWN = "unknown"

    # That of Enum hashes the name anew each time, in Python.
    __hash__ = object.__hash__


class Point(NamedTuple):
    """How an object was at one time. A tuple, since a large fleet has hundreds of thousands of them.

    Attributes:
        revision: that was run; empty where that is not recorded.
        exact: nothing was so before, since the success before; Events may be lost.
    """

    time: datetime
    good: bool
    reason: str
    revision: str = ""
    origin: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that an Event was seen. Of a repeated Event only the first tells a revision."""

    time: datetime
    event: EventRecord
    revision: str

    @property
    def origin(self) -> str:
        """The origin revision, where the revision is known."""
        return self.event.origin if self.revision else ""


@dataclass(frozen=True)
class History:
    """Everything that was read, by object.

    Attributes:
        coverage: of which kinds all objects were read.
    """

    flux: Mapping[ObjectRef, FluxRecord]
    workloads: Mapping[ObjectRef, WorkloadRecord]
    replica_sets: Mapping[ObjectRef, tuple[WorkloadRecord, ...]]
    namespaces: Mapping[ObjectRef, NamespaceRecord]
    events: Mapping[ObjectRef, tuple[EventRecord, ...]]
    coverage: Coverage
    _points: dict[ObjectRef, tuple[Point, ...]] = field(default_factory=dict)

    @cached_property
    def oldest_event(self) -> datetime | None:
        """How far the Events reach back: each expires some time after it was last seen, whenever it was first."""
        return min((one.last for some in self.events.values() for one in some), default=None)

    def lost(self, time: datetime) -> bool:
        """Whether Events of a time may be gone: older than the oldest that is left, and than an hour."""
        if self.oldest_event is None:
            return True
        newest = max(one.last for some in self.events.values() for one in some)
        return time < min(self.oldest_event, newest - EVENT_TTL)

    @cached_property
    def managed(self) -> bool:
        """Whether managedFields were read: kubectl leaves them out unless --show-managed-fields is set."""
        return any(record.owners for some in (self.flux, self.workloads) for record in some.values())

    @cached_property
    def subjects(self) -> Mapping[str, str]:
        """The digest of a commit → its subject, as far as a source's Event shows it."""
        return {
            digest_of(one.revision): one.message.removeprefix(_STORED).rstrip("'")
            for some in self.events.values()
            for one in some
            if one.revision and one.message.startswith(_STORED)
        }

    def occurrences(self, ref: ObjectRef) -> Iterator[Occurrence]:
        """The known times of each Event about an object."""
        for one in self.events.get(ref, ()):
            if one.first is not None:
                yield Occurrence(one.first, one, one.revision)
            if one.first is None or one.last > one.first:
                yield Occurrence(one.last, one, "")

    def points(self, ref: ObjectRef) -> tuple[Point, ...]:
        """How an object was, oldest first."""
        if ref not in self._points:
            found = {*self._from_events(ref)}
            if (record := self.flux.get(ref)) is not None:
                found |= {*_from_status(record)}
            # Where several sources tell of one second, the one with a revision comes first.
            self._points[ref] = tuple(sorted(found, key=lambda one: (one.time, not one.revision, one.reason)))
        return self._points[ref]

    def own_points(self, ref: ObjectRef) -> tuple[Point, ...]:
        """How the object was that exists now, without what is of an earlier one of the same name."""
        created = record.object.created if (record := self.flux.get(ref)) is not None else None
        return tuple(point for point in self.points(ref) if created is None or point.time >= created)

    def _from_events(self, ref: ObjectRef) -> Iterator[Point]:
        for seen in self.occurrences(ref):
            event = seen.event
            bad = event.warning and event.reason not in _NEUTRAL
            if not any(event.objects) and (bad or (event.reason in _GOOD and not event.warning)):
                yield Point(seen.time, not bad, event.reason, seen.revision, seen.origin)

    def run(self, ref: ObjectRef, time: datetime) -> tuple[str, str]:
        """The revision and origin revision of the run of an object that was going on at a time; empty if unknown."""
        end = time + self.wait(ref)
        record = self.flux.get(ref)
        source = next(iter(record.object.sources), None) if record is not None else None
        for point in self.points(ref):
            if time - timedelta(seconds=1) <= point.time <= end and point.revision:
                stored = [one.time for one in self.points(source) if one.revision == point.revision] if source else ()
                if not stored or min(stored) <= time + TOGETHER:
                    return point.revision, point.origin
        return self.fetched(source, time) if ref.kind == "Kustomization" and source is not None else ("", "")

    def fetched(self, source: ObjectRef, time: datetime) -> tuple[str, str]:
        """The revision and origin revision that a source had at a time; empty where that is not sure.

        It is sure where it was seen before and after, or just before and no other one soon after.
        """
        times, seen = self._fetches.get(source, ((), ()))
        # Thousands of Kustomizations may have one source.
        later = bisect_right(times, time)
        if not later:
            return "", ""
        before, after = seen[later - 1], seen[later] if later < len(seen) else None
        same = after is not None and before[3] == after[3]
        near = same or (time - before[0] <= CAUSED and (after is None or after[0] - time > MARGIN / 2))
        return (before[1], before[2]) if near else ("", "")

    @cached_property
    def _fetches(self) -> Mapping[ObjectRef, tuple[Sequence[datetime], Sequence[tuple[datetime, str, str, str]]]]:
        """Source → when it was seen by itself and its Kustomizations, and with which revision, origin and digest."""
        found: dict[ObjectRef, set[tuple[datetime, str, str, str]]] = defaultdict(set)
        for ref, record in self.flux.items():
            source = next(iter(record.object.sources), None) if ref.kind == "Kustomization" else ref
            if source is not None and (source != ref or record.object.kind.role is Role.SOURCE):
                points = (one for one in self.points(ref) if one.revision)
                found[source].update((one.time, one.revision, one.origin, digest_of(one.revision)) for one in points)
        return {source: ([one[0] for one in seen], seen) for source, some in found.items() if (seen := sorted(some))}

    @cached_property
    def applies(self) -> Mapping[ObjectRef, tuple[Applied, ...]]:
        """Applier → when it last changed which of its objects: created or configured, as managedFields tell."""
        found: dict[ObjectRef, list[Applied]] = defaultdict(list)
        records: list[FluxRecord | WorkloadRecord] = [*self.flux.values(), *self.workloads.values()]
        for record in records:
            created = record.object.created if isinstance(record, FluxRecord) else record.created
            for owner in record.owners:
                if owner.time is None or not owner.controller or owner.paths:
                    continue
                new = created is not None and owner.time - created <= TOGETHER
                for applier in record.appliers:
                    found[applier].append((owner.time, record.ref, "created" if new else "configured"))
        return {applier: tuple(sorted(some)) for applier, some in found.items()}

    def content_since(self, ref: ObjectRef, revision: str) -> tuple[str, datetime | None]:
        """The older revision that brought the content that an object applied last, and when that was first applied.

        The revision is empty where it is not known, or is no older one; the time is None where nothing is known.
        """
        record = self.flux.get(ref)
        entries = [one for one in record.history if one.whole and one.revision == revision] if record else []
        if len(entries) != 1 or entries[0].runs == 1:
            return "", None
        first = entries[0].first
        near = (one.revision for one in self.points(ref) if one.revision and abs(one.time - first) <= TOGETHER)
        older = next(near, "")
        return older if digest_of(older) != digest_of(revision) else "", first

    def last_change(
        self, ref: ObjectRef, owners: Iterable[FieldOwner], applier: ObjectRef | None
    ) -> tuple[datetime, ObjectRef, str] | None:
        """When which applier created or changed an object last, and the revision that it ran: by Events, managedFields.

        An apply with the same manifests as before is left out: what it changed does not come from its revision.

        Args:
            ref: the object.
            owners: of its fields.
            applier: that manages it.
        """
        found = [
            (seen.time, about)
            for about in self.events
            for seen in self.occurrences(about)
            if any(object_ref == ref and action != "deleted" for action, object_ref in seen.event.objects)
        ]
        if applier is not None:
            found += [(one.time, applier) for one in owners if one.time and one.controller and not one.paths]
        found = [one for one in found if self.content(one[1], one[0]) is not Content.SAME]
        if not found:
            return None
        time, about = max(found)
        known = next((one for one in self.occurrences(about) if one.time == time and one.revision), None)
        return time, about, known.revision if known is not None else self.run(about, time)[0]

    def subject(self, revision: str) -> str:
        """The subject of the commit of a revision, as far as an Event of a source shows it."""
        return self.subjects.get(digest_of(revision), "") if revision else ""

    def end(self, ref: ObjectRef, time: datetime) -> datetime:
        """When the run of an object ended that was going on at a time, or the latest that it may have."""
        latest = time + self.wait(ref)
        return next((point.time for point in self.points(ref) if time <= point.time <= latest), latest)

    def wait(self, ref: ObjectRef) -> timedelta:
        """How long a run of an object may take until its end is recorded."""
        record = self.flux.get(ref)
        return MARGIN + timedelta(seconds=min(record.object.timeout, 3600) if record is not None else 0)

    def content(self, ref: ObjectRef, time: datetime) -> Content:
        """Whether the run of an object at a time applied content that it had not applied before.

        status.history has one entry for each digest of the content; content that came back reads as unknown.
        """
        record = self.flux.get(ref)
        entries = record.history if record is not None else ()
        end, second = self.end(ref, time), timedelta(seconds=1)
        for entry in entries:
            if time - second <= entry.first <= end + second and entry.first == first_times(entries)[entry.digest]:
                return Content.NEW
        for entry in entries:
            if entry.first < time <= entry.last + second:
                others = (one for one in entries if one.digest != entry.digest)
                back = any(entry.first < one.last < time or entry.first < one.first < time for one in others)
                # A run that failed before may have left objects as they were.
                whole = any(one.digest == entry.digest and one.whole and one.first < time for one in entries)
                return Content.SAME if whole and not back else Content.UNKNOWN
        return Content.UNKNOWN


def first_times(entries: Iterable[HistoryEntry]) -> Mapping[str, datetime]:
    """The digest of each content → when it was first run, however that ended."""
    found: dict[str, datetime] = {}
    for one in entries:
        if one.digest not in found or one.first < found[one.digest]:
            found[one.digest] = one.first
    return found


def _from_status(record: FluxRecord) -> Iterator[Point]:
    for entry in record.history:
        if entry.status in _NEUTRAL:
            continue
        once = entry.revision if entry.runs == 1 else ""
        yield Point(entry.first, entry.good, entry.status, once, exact=True)
        yield Point(entry.last, entry.good, entry.status, entry.revision)
    for release in record.releases:
        # A release that failed reads as superseded once there is a newer one.
        if release.deployed is not None and release.status in {"deployed", "failed"} and release.action != "rollback":
            yield Point(release.deployed, release.status == "deployed", release.status, release.chart_version)
    one = record.object
    if record.fetched is not None:
        yield Point(record.fetched, good=True, reason="stored", revision=one.artifact_revision, origin=one.origin[1])
    ready = one.ready
    if ready is not None and ready.changed is not None and ready.status != "Unknown":
        good = ready.status == "True"
        if not good and ready.reason in _NEUTRAL:
            return
        applied = one.applied_revision if good and one.kind.role is Role.APPLIER else ""
        yield Point(ready.changed, good, ready.reason, applied)


def digest_of(revision: str) -> str:
    """What names the content of a revision: `sha1:…` of `refs/heads/main@sha1:…`, a version as it is."""
    return revision.rpartition("@")[2]


def index(records: Iterable[Record], coverage: Coverage) -> History:
    """Everything that was read, by object, without the workloads that Flux does not manage.

    Args:
        records: in any order.
        coverage: of which kinds all objects were read.
    """
    flux: dict[ObjectRef, FluxRecord] = {}
    workloads: dict[ObjectRef, WorkloadRecord] = {}
    namespaces: dict[ObjectRef, NamespaceRecord] = {}
    replica_sets: dict[ObjectRef, list[WorkloadRecord]] = defaultdict(list)
    events: dict[ObjectRef, list[EventRecord]] = defaultdict(list)
    for record in records:
        match record:
            case FluxRecord():
                flux[record.ref] = record
            case WorkloadRecord(ref=ObjectRef(kind="ReplicaSet")):
                if record.owner is not None:
                    replica_sets[record.owner].append(record)
            case WorkloadRecord():
                workloads[record.ref] = record
            case NamespaceRecord():
                namespaces[record.ref] = record
            case EventRecord():
                events[record.about].append(record)
            case Other():
                pass
    applied = frozenset[ObjectRef]().union(*(record.applied for record in flux.values()))
    return History(
        flux,
        {ref: each for ref, each in workloads.items() if each.appliers or each.controller or ref in applied},
        {
            owner: tuple(sorted(some, key=lambda one: min(one.revisions, default=0)))
            for owner, some in replica_sets.items()
        },
        namespaces,
        {about: tuple(sorted(some, key=lambda one: (one.last, one.ref))) for about, some in events.items()},
        coverage,
    )
