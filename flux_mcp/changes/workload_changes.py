"""What became of workloads: rollouts from ReplicaSets, scaling from Events, and who did it from managedFields."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change, ChangeType, WorkloadChange
from flux_mcp.changes.evidence import WorkloadRecord
from flux_mcp.changes.history import LATER, OPERATORS, TOGETHER, Content, History

_ROLLOUT: Final = timedelta(seconds=120)
"""While the ReplicaSets of a rollout are scaled, no scaling is anybody's own."""


def attach(history: History, changes: Sequence[Change]) -> list[Change]:
    """The changes with those of the workloads that they caused, and further ones for all other workloads."""
    own: dict[int, list[WorkloadChange]] = defaultdict(list)
    rest: list[Change] = []
    by_object: dict[ObjectRef, list[int]] = defaultdict(list)
    for number, change in enumerate(changes):
        for ref in change.refs:
            by_object[ref].append(number)
    for record in history.workloads.values():
        near = {number: changes[number] for ref in (record.ref, *record.appliers) for number in by_object.get(ref, ())}
        moments = sorted(_moments(history, record), key=lambda one: one.at)
        for moment in moments:
            position = _cause(near, record, moment)
            if position is not None:
                own[position].append(moment)
            else:
                rest.append(_alone(history, record, moment, moments))
        rest += _unseen(history, record, moments, [*near.values()])
    # Most of a large fleet's changes are about no workload.
    found = [
        replace(change, workloads=_once(own[number])) if number in own else change
        for number, change in enumerate(changes)
    ]
    return [*found, *rest]


def _once(moments: Iterable[WorkloadChange]) -> tuple[WorkloadChange, ...]:
    """What was tried again says no more."""
    return tuple({(one.ref, one.images, one.replicas, one.args): one for one in moments}.values())


def _moments(history: History, record: WorkloadRecord) -> Iterator[WorkloadChange]:
    """The creation, the rollouts and the scalings of a workload."""
    sets = history.replica_sets.get(record.ref, ())
    if record.created is not None:
        untouched = all(owner.time is None or owner.time <= record.created + TOGETHER for owner in record.owners)
        first = sets[0] if sets and 1 in sets[0].revisions else record if not sets and untouched else None
        images = tuple((name, "", image) for name, image in first.images.items()) if first is not None else ()
        yield WorkloadChange(ref=record.ref, at=record.created, images=images, created=True)
    current: WorkloadRecord | None = next((each for each in sets if each.revisions & record.revisions), None)
    for replica_set in sets:
        revision = min(replica_set.revisions, default=0)
        before = next((each for each in sets if revision - 1 in each.revisions), None)
        if replica_set.created is None or revision <= 1 or _is(replica_set.created, record.created):
            continue
        again = current is not None and min(current.revisions) < revision < max(current.revisions)
        yield WorkloadChange(
            ref=record.ref,
            at=replica_set.created,
            images=_images(before, replica_set),
            args=_args(before, replica_set) if before is not None else ((), ()),
            template=True,
            replaced=" ".join(current.images.values()) if current is not None and again else "",
        )
    yield from _scalings(history, record, sets)


def _is(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= TOGETHER


def _images(before: WorkloadRecord | None, now: WorkloadRecord) -> tuple[tuple[str, str, str], ...]:
    old = before.images if before is not None else {}
    names = dict.fromkeys((*old, *now.images))
    pairs = ((name, old.get(name, ""), now.images.get(name, "")) for name in names)
    return tuple(pair for pair in pairs if pair[1] != pair[2])


def _args(before: WorkloadRecord, now: WorkloadRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    old, new = Counter(before.args), Counter(now.args)
    return tuple((old - new).elements()), tuple((new - old).elements())


def _scalings(history: History, record: WorkloadRecord, sets: Sequence[WorkloadRecord]) -> Iterator[WorkloadChange]:
    """The Events about scaling that are no part of a rollout."""
    scaled = [(seen.time, *event) for seen in history.occurrences(record.ref) if (event := seen.event.scaled)]
    created = {each.ref.name: each.created for each in sets}
    for time, name, before, now in scaled:
        # A ReplicaSet that comes from or goes to none is mostly one of a rollout.
        rollout = any(other != name and abs(when - time) <= _ROLLOUT for when, other, _, _ in scaled) or (
            len(sets) > 1 and (before == 0 or (now == 0 and record.replicas != 0))
        )
        before_it = record.created is not None and time < record.created
        if not rollout and not before_it and not _is(created.get(name), time) and not _is(record.created, time):
            yield WorkloadChange(ref=record.ref, at=time, replicas=(before, now))


def _cause(changes: Mapping[int, Change], record: WorkloadRecord, moment: WorkloadChange) -> int | None:
    """The change of an applier that a workload's change is a part of: the last one before it."""
    best: int | None = None
    for number, change in changes.items():
        if change.at is None:
            continue
        named = bool(change.objects) and any(record.ref in some for some in change.objects.values())
        if change.type is ChangeType.RELEASED:
            fits = change.ref in record.appliers and change.at - TOGETHER <= moment.at <= (change.until or change.at)
        elif change.type is ChangeType.DRIFT:
            fits = named and moment.replicas is not None and change.corrected and abs(moment.at - change.at) <= TOGETHER
            # The correction follows the detection; what was scaled before is somebody's drift.
            fits = fits and moment.replicas is not None and moment.replicas[1] == record.replicas
        elif change.type is ChangeType.APPLIED and named:
            # The operator's Events are later than what it did.
            early = LATER if change.ref.kind in OPERATORS else TOGETHER
            fits = change.at - early <= moment.at <= change.at + LATER
        else:
            by_history = change.type is ChangeType.APPLIED and not change.objects and change.content is Content.NEW
            fits = by_history and change.ref in record.appliers and abs(moment.at - change.at) <= _ROLLOUT / 2
        if fits and (best is None or change.at >= (changes[best].at or change.at)):
            best = number
    return best


def _alone(
    history: History, record: WorkloadRecord, moment: WorkloadChange, moments: Sequence[WorkloadChange]
) -> Change:
    """A change that no applier's run explains, by the client that changed the workload at that time."""
    owner = next(
        (one for one in record.owners if _is(one.time, moment.at) and (not moment.replicas or not one.controller)), None
    )
    if owner is None and moment.replicas is not None:
        # kubectl scale leaves no time: it is the last scaling to what is declared now.
        last = max((one.at for one in moments if one.replicas and one.replicas[1] == record.replicas), default=None)
        scale = next((one for one in record.owners if one.subresource == "scale" and one.time is None), None)
        owner = scale if last == moment.at else None
    if owner is None:
        owner = next((one for one in record.owners if _is(one.time, moment.at)), None)
    by_applier = owner is not None and owner.controller
    kind = ChangeType.CREATED if moment.created else ChangeType.SCALED if moment.replicas else ChangeType.CONFIGURED
    cause = next(iter(record.appliers), None) if by_applier else None
    revision, origin = history.run(cause, moment.at) if cause is not None else ("", "")
    return Change(
        type=kind,
        ref=record.ref,
        at=moment.at,
        client=owner.manager if owner is not None and not by_applier else "",
        cause=cause,
        revision=revision,
        origin=origin,
        fields=owner.paths if owner is not None and not by_applier else (),
        workloads=(moment,),
        appliers=record.appliers,
    )


def _scaled_at(history: History, record: WorkloadRecord) -> datetime | None:
    """When a StatefulSet created the last Pod that it has, or deleted the first that it has no more."""
    pods = [(seen.time, *seen.event.pod) for seen in history.occurrences(record.ref)]
    last, next_one = (f"{record.ref.name}-{number}" for number in (record.replicas - 1, record.replicas))
    times = [
        time
        for time, action, pod in pods
        if (action, pod) in {("create", last), ("delete", next_one)}
        # A Pod that is replaced is deleted first.
        and not any(other != action and name == pod and abs(when - time) <= _ROLLOUT for when, other, name in pods)
    ]
    return max(times, default=None)


def _unseen(
    history: History, record: WorkloadRecord, moments: Sequence[WorkloadChange], changes: Sequence[Change]
) -> Iterator[Change]:
    """What managedFields tell of a workload and no other evidence does."""
    times: list[datetime] = [one.at for one in moments]
    scale = next((one for one in record.owners if one.subresource == "scale" and one.time is None), None)
    if scale is not None and not any(one.replicas and one.replicas[1] == record.replicas for one in moments):
        time = _scaled_at(history, record)
        yield Change(
            type=ChangeType.SCALED,
            ref=record.ref,
            at=time,
            client=scale.manager,
            fields=scale.paths,
            appliers=record.appliers,
        )
    applier: ObjectRef | None = next(iter(record.appliers), None)
    for owner in record.owners:
        if owner.time is None or any(_is(owner.time, time) for time in times):
            continue
        known = any(
            change.at is not None
            and change.at - TOGETHER <= owner.time <= max(change.until or change.at, change.at + LATER)
            and (record.ref in change.refs or (change.type is ChangeType.RELEASED and change.ref in record.appliers))
            for change in changes
        )
        if owner.controller and not known:
            yield Change(type=ChangeType.CONFIGURED, ref=record.ref, at=owner.time, cause=applier)
        elif not owner.controller:
            yield Change(
                type=ChangeType.EDITED,
                ref=record.ref,
                at=owner.time,
                client=owner.manager,
                fields=owner.paths,
                appliers=record.appliers,
            )
