"""What appliers changed: from the Events that name objects, and from the contents in status.history."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change, ChangeType
from flux_mcp.changes.evidence import FluxRecord, HistoryEntry
from flux_mcp.changes.history import TOGETHER, Applied, Content, History, Point, first_times

_DRIFT: Final = ("DriftDetected", "DriftCorrected")


def applied(history: History) -> list[Change]:
    """The runs of appliers that changed objects, or brought other content."""
    found: list[Change] = []
    for ref in dict.fromkeys((*history.flux, *history.events)):
        if ref.kind != "HelmRelease":
            own = [*_from_events(history, ref)] if ref in history.events else []
            record = history.flux.get(ref)
            found += (*own, *(_from_contents(history, record, own) if record is not None else ()))
    return found


def _from_events(history: History, ref: ObjectRef) -> Iterator[Change]:
    runs: list[tuple[datetime, str, str, dict[str, dict[ObjectRef, None]]]] = []
    for seen in sorted(history.occurrences(ref), key=lambda one: one.time):
        objects = list(seen.event.objects)
        if not objects:
            continue
        if not runs or seen.time - runs[-1][0] > TOGETHER:
            runs.append((seen.time, seen.revision, seen.origin, defaultdict(dict)))
        for action, each in objects:
            runs[-1][3][action][each] = None
    for time, revision, origin, found in runs:
        known = (revision, origin) if revision else history.run(ref, time)
        yield Change(
            type=ChangeType.APPLIED,
            ref=ref,
            at=time,
            revision=known[0],
            origin=known[1],
            content=history.content(ref, time),
            again=_again(history, ref, time, known[0]),
            ended=_ended(history, ref, time, history.wait(ref)),
            objects={action: tuple(some) for action, some in found.items()},
        )


def _from_contents(history: History, record: FluxRecord, known: list[Change]) -> Iterator[Change]:
    """Contents of which no Event is left: at the time of managedFields of their objects, or when a run first ended."""
    wait, firsts = history.wait(record.ref), first_times(record.history)
    revisions = [point for point in history.points(record.ref) if point.revision]
    of_objects = history.applies.get(record.ref, ())
    found = partial(Change, type=ChangeType.APPLIED, ref=record.ref, content=Content.NEW)
    for entry in record.history:
        if entry.first != firsts[entry.digest]:
            continue
        if known and any(one.at is not None and one.at - TOGETHER <= entry.first <= one.at + wait for one in known):
            continue
        if of_objects and (applies := [*_since_last(record, entry, of_objects)]):
            time = applies[0][0]
            objects: dict[str, dict[ObjectRef, None]] = defaultdict(dict)
            for when, ref, action in applies:
                if when - time <= TOGETHER:
                    objects[action][ref] = None
            revision, origin = history.run(record.ref, time)
            shown = {action: tuple(some) for action, some in objects.items()}
            yield found(at=time, revision=revision, origin=origin, objects=shown)
        else:
            revision, origin = _revision(history, record, entry, revisions)
            ended = _ended(history, record.ref, entry.first, wait)
            yield found(at=entry.first, revision=revision, origin=origin, last_revision=entry.revision, ended=ended)


def _since_last(record: FluxRecord, entry: HistoryEntry, applies: Sequence[Applied]) -> Iterator[Applied]:
    """Which objects were changed after the run before the one with which a content first ended."""
    before = max((one.last for one in record.history if one.last < entry.first), default=record.object.created)
    if before is not None:
        yield from (one for one in applies if before < one[0] <= entry.first + TOGETHER)


def _revision(history: History, record: FluxRecord, entry: HistoryEntry, revisions: Iterable[Point]) -> tuple[str, str]:
    """What was run when a content first ended: the revision of that time, or the one since the run can have started."""
    earliest, latest = entry.first - TOGETHER, entry.first + TOGETHER
    for point in revisions:
        if earliest <= point.time <= latest:
            return point.revision, point.origin
    if record.object.sources:
        source = record.object.sources[0]
        last = history.fetched(source, entry.first)
        # Only of a run that applied everything the end comes after the wait for health.
        wait = timedelta(seconds=record.object.timeout if entry.whole else 1)
        if last[0] and last == history.fetched(source, entry.first - wait):
            return last
    return "", ""


def _again(history: History, ref: ObjectRef, time: datetime, revision: str) -> bool:
    """Whether the last run before that is known was of the same revision."""
    before = [point.revision for point in history.points(ref) if point.time < time and point.revision]
    return bool(revision) and before[-1:] == [revision]


def _ended(history: History, ref: ObjectRef, time: datetime, wait: timedelta) -> str:
    """How the run of an object at a time ended, where that was no success."""
    for point in history.points(ref):
        if time <= point.time:
            return point.reason if not point.good and point.time <= time + wait else ""
    return ""


def drifts(history: History) -> Iterator[Change]:
    """Drift that helm-controller detected, and whether it corrected it."""
    for ref, events in history.events.items():
        seen = [
            one for event in events if event.reason in _DRIFT for one in history.occurrences(ref) if one.event is event
        ]
        for one in seen:
            near = [each for each in seen if abs(each.time - one.time) <= TOGETHER]
            if one.event.reason == "DriftDetected" or len(near) == 1:
                objects = dict.fromkeys(each for event in near for each in event.event.drifted)
                corrected = any(each.event.reason == "DriftCorrected" for each in near)
                yield Change(
                    type=ChangeType.DRIFT,
                    ref=ref,
                    at=one.time,
                    objects={"drifted": tuple(objects)},
                    corrected=corrected,
                )
