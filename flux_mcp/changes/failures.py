"""Failures: when they began and ended, and for what fails now the last good and the first bad revision.

`status.lastAttemptedRevision` is the newest that was attempted and may be an unrelated commit, so it is never taken for
the first bad one. What is not recorded stays unknown: history is short, and Events are gone after an hour.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Action, Change, ChangeType
from flux_mcp.changes.evidence import FluxRecord
from flux_mcp.changes.history import CANCELED, TOGETHER, History, Point, digest_of
from flux_mcp.flux.status import Flag, Health, ObjectStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A revision or a chart's version, and when it is known to have been run.

    Attributes:
        version: of a Helm release.
        content: the revision that brought this content, where that is an older one.
        applied_by: of a Helm release, the applier that changed its spec before, and which revision that applied.
    """

    time: datetime | None
    revision: str
    origin: str = ""
    subject: str = ""
    version: int = 0
    content: str = ""
    applied_by: ObjectRef | None = None
    applied_revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """What fails now.

    Attributes:
        good: the last revision with which it was Ready; None where none is recorded.
        bad: the first that is known to have failed after it; its revision may be unknown.
        earlier: when it was last seen failing before that, with another chart or other values.
        running: the release that runs again after a rollback; 0 where there was none.
        between: other changes of the object, its sources, what it depends on and what it applies, after the last good
            run and up to the first failure.
        elsewhere: how many changes of other objects there were then.
    """

    status: ObjectStatus
    good: Known | None
    bad: Known | None
    running: int = 0
    earlier: datetime | None = None
    between: tuple[Change, ...] = ()
    elsewhere: int = 0


def turns(history: History) -> Iterator[Change]:
    """Where an object that was Ready began to fail, and where one that failed recovered."""
    for ref in dict.fromkeys((*history.flux, *history.events)):
        if ref.kind in {"HelmRelease", "HelmChart"} and ref not in history.flux:
            continue
        for before, now in pairwise(history.points(ref)):
            if before.good is now.good or before.time == now.time:
                continue
            if now in history.own_points(ref)[:1]:
                # It was created between them.
                continue
            # Where Events do not reach back to the last success, the first that is left is not the beginning.
            lost = history.lost(before.time)
            yield Change(
                type=ChangeType.RECOVERED if now.good else ChangeType.FAILED,
                last_good=before.time if lost and not now.good and not now.exact else None,
                ref=ref,
                at=now.time,
                reason=before.reason if now.good else now.reason,
                revision=now.revision,
                origin=now.origin,
                subject=history.subjects.get(digest_of(now.revision), "") if now.revision else "",
            )


def merge_turns(turned: Iterable[Change], known: Sequence[Change], history: History) -> list[Change]:
    """The changes with the turns that came with them (an applier's run, a Helm action), and all other turns."""
    found = [*known]
    runs: dict[ObjectRef, list[int]] = defaultdict(list)
    for number, change in enumerate(known):
        if change.type in _RUNS:
            runs[change.ref].append(number)
    for turn in turned:
        numbers = [number for number in runs.get(turn.ref, ()) if _tells(known[number], turn, history)]
        if not numbers:
            found.append(turn)
        elif turn.type is ChangeType.RECOVERED:
            found[numbers[0]] = replace(found[numbers[0]], recovered=turn.reason)
    return found


def _tells(known: Change, turn: Change, history: History) -> bool:
    if known.at is None or turn.at is None:
        return False
    if known.helm is not None:
        return known.at - TOGETHER <= turn.at <= (known.until or known.at) + TOGETHER
    ended = known.ended == turn.reason if turn.type is ChangeType.FAILED else not known.ended
    return ended and known.at <= turn.at <= known.at + history.wait(known.ref)


def fails(status: ObjectStatus) -> bool:
    """Whether an object fails now, and not just waits for another."""
    canceled = status.reason == CANCELED
    return status.health in {Health.FAILING, Health.STALLED} or (Flag.AFTER_FAILURE in status.flags and not canceled)


def regressions(
    history: History, statuses: Iterable[ObjectStatus], changes: Sequence[Change]
) -> tuple[Regression, ...]:
    """The last good and the first bad revision of every object that fails now, those with a last good one first."""
    found = []
    known = _Changes(changes)
    for status in statuses:
        record = history.flux.get(status.object.ref)
        if record is not None and fails(status):
            of_helm = record.ref.kind == "HelmRelease"
            found.append((_of_release if of_helm else _of_runs)(history, record, status, known))
    return tuple(sorted(found, key=lambda one: (one.good is None, one.status.order)))


class _Changes:
    """The changes by time and by object: hundreds of objects may fail, and each is about few of them.

    Args:
        changes: newest first, those without a time last.
    """

    def __init__(self, changes: Sequence[Change]) -> None:
        self._timed = [change for change in changes if change.at is not None]
        self._ages = [change.order[0] for change in self._timed]
        self._refs = [change.refs for change in self._timed]
        self._missing: dict[ObjectRef, list[Change]] = defaultdict(list)
        self._releases: dict[ObjectRef, list[Change]] = defaultdict(list)
        for change in changes:
            for applier in change.appliers if change.type is ChangeType.MISSING else ():
                self._missing[applier].append(change)
            if change.helm is not None:
                self._releases[change.ref].append(change)

    def between(self, oldest: datetime, newest: datetime) -> Iterator[tuple[Change, frozenset[ObjectRef]]]:
        """Those after one time and up to another, with the objects that each changed."""
        begin, end = (bisect_left(self._ages, -time.timestamp()) for time in (newest, oldest))
        return zip(self._timed[begin:end], self._refs[begin:end], strict=True)

    def missing(self, applier: ObjectRef) -> Sequence[Change]:
        """Objects that are missing, of which an applier's inventory names one."""
        return self._missing.get(applier, ())

    def releases(self, ref: ObjectRef) -> Sequence[Change]:
        """What Helm did to a release."""
        return self._releases.get(ref, ())


def _of_runs(history: History, record: FluxRecord, status: ObjectStatus, changes: _Changes) -> Regression:
    points = history.own_points(record.ref)
    applied = record.object.applied_revision or record.object.artifact_revision
    good = max((point for point in points if point.good), key=lambda one: (one.time, bool(one.revision)), default=None)
    after = [point for point in points if not point.good and (good is None or point.time > good.time)]
    bad = min(after, key=lambda one: (one.time, not one.revision), default=None)
    if good is None and not applied:
        return Regression(status=status, good=None, bad=_known(history, bad) if bad is not None else None)
    last = Known(
        time=good.time if good is not None else None,
        revision=applied or (good.revision if good is not None else ""),
        origin=good.origin if good is not None else "",
        content=history.content_since(record.ref, applied)[0],
    )
    first = _known(history, bad) if bad is not None else None
    between, elsewhere = _between(history, record, last, first, changes)
    return Regression(status=status, good=last, bad=first, between=between, elsewhere=elsewhere)


def _known(history: History, point: Point) -> Known:
    subject = history.subjects.get(digest_of(point.revision), "") if point.revision else ""
    return Known(time=point.time, revision=point.revision, origin=point.origin, subject=subject)


_RUNS: Final = frozenset({ChangeType.APPLIED, ChangeType.RELEASED})
_NO_CAUSE: Final = frozenset({ChangeType.FAILED, ChangeType.RECOVERED, ChangeType.REQUESTED})


def _between(
    history: History, record: FluxRecord, good: Known | None, bad: Known | None, changes: _Changes
) -> tuple[tuple[Change, ...], int]:
    """What else changed after the last good run and up to the first failure: near the object, and how many elsewhere.

    Its own runs and the revision that is named as the first bad one anyway are left out.
    """
    if good is None or bad is None or good.time is None or bad.time is None:
        return (), 0
    near = {record.ref, *record.object.sources, *record.node.depends_on, *record.configs}
    for ref in record.object.sources:
        near.update(history.flux[ref].object.sources if ref in history.flux else ())
    named = {digest_of(revision) for revision in (bad.revision, bad.applied_revision) if revision}
    found, elsewhere = [], 0
    for change, refs in changes.between(good.time, bad.time):
        own = change.ref == record.ref and change.type in _RUNS
        same = bool(change.revision) and digest_of(change.revision) in named
        if own or same or change.type in _NO_CAUSE:
            continue
        records = [each for ref in refs if (each := history.workloads.get(ref) or history.flux.get(ref))]
        if change.type is ChangeType.DELETING or refs & near or any(record.ref in each.appliers for each in records):
            found.append(change)
        else:
            elsewhere += len(refs)
    return (*found, *changes.missing(record.ref)), elsewhere


def _of_release(history: History, record: FluxRecord, status: ObjectStatus, changes: _Changes) -> Regression:
    """Of a HelmRelease: by its runs, since its revision is a chart's version, and values change without one."""
    runs = sorted(
        (
            one
            for one in changes.releases(record.ref)
            if one.at is not None and (record.object.created is None or one.at >= record.object.created)
        ),
        key=lambda one: one.order,
        reverse=True,
    )
    good = [
        one for one in runs if one.helm is not None and not one.helm.failed and one.helm.action is not Action.UNINSTALL
    ]
    failed = [
        one for one in runs if one.helm is not None and one.helm.failed and (not good or one.order < good[-1].order)
    ]
    # Whether an earlier failure was over is not recorded: a spec that is taken back needs no run of Helm.
    bad = failed[-1] if failed else None
    last: Known | None = None
    if good and (helm := good[-1].helm) is not None:
        last = Known(time=good[-1].until, revision=helm.chart_version, version=helm.version)
    for run in (one.helm for one in failed if one.helm is not None and one.helm.target):
        if last is None or last.version < run.target_version:
            # helm-controller rolls back to the last release that succeeded.
            last = Known(time=None, revision=run.target, version=run.target_version)
    if bad is None or bad.helm is None:
        return Regression(status=status, good=last, bad=None)
    first = Known(
        time=bad.helm.failed[0],
        revision=bad.helm.chart_version,
        applied_by=bad.cause,
        applied_revision=bad.revision,
        origin=bad.origin,
        subject=history.subjects.get(digest_of(bad.revision), "") if bad.revision else "",
    )
    running = max((one.version for one in record.releases if one.status == "deployed"), default=0)
    between, elsewhere = _between(history, record, last, first, changes)
    rolled_back = running if bad.helm.rolled_back else 0
    earlier = failed[-2].helm.failed[-1] if len(failed) > 1 and failed[-2].helm is not None else None
    return Regression(
        status=status,
        good=last,
        bad=first,
        running=rolled_back,
        between=between,
        elsewhere=elsewhere,
        earlier=earlier,
    )
