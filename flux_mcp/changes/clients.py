"""What clients did to Flux objects: edits, suspensions and requests, from managedFields and from handled requests."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change, ChangeType
from flux_mcp.changes.evidence import FluxRecord
from flux_mcp.changes.history import LATER, TOGETHER, History
from flux_mcp.changes.managed_fields import REQUESTS

_SUSPENDS: Final = frozenset({"spec.suspend", "metadata.annotations.fluxcd.controlplane.io/reconcile"})
DERIVED: Final = frozenset({"HelmChart", "ExternalArtifact", "FluxReport"})
"""Kinds whose objects a controller makes: their changes are those of what they are made from."""
_ONE_GO: Final = timedelta(seconds=30)
"""Requests of one client within this time are one."""


def edited(history: History, known: Sequence[Change]) -> Iterator[Change]:
    """Objects that were created, changed or suspended, as far as no applier's Event tells it."""
    named: dict[ObjectRef, list[datetime]] = defaultdict(list)
    for change in known:
        for some in change.objects.values():
            for ref in some:
                if change.at is not None:
                    named[ref].append(change.at)
    for record in history.flux.values():
        if record.ref.kind not in DERIVED:
            yield from _edited(history, record, named.get(record.ref, ()))


def _edited(history: History, record: FluxRecord, named: Sequence[datetime]) -> Iterator[Change]:
    created = record.object.created
    unknown = created is not None
    for owner in record.owners:
        fields = tuple(path for path in owner.paths if not path.startswith(REQUESTS))
        at_creation = owner.time is not None and created is not None and abs(owner.time - created) <= TOGETHER
        if owner.controller:
            if owner.paths or owner.time is None or any(abs(owner.time - time) <= LATER for time in named):
                unknown = unknown and not at_creation
                continue
            cause = next(iter(record.appliers), None)
            revision, origin = history.run(cause, owner.time) if cause is not None else ("", "")
            yield Change(
                type=ChangeType.CREATED if at_creation else ChangeType.CONFIGURED,
                ref=record.ref,
                at=owner.time,
                cause=cause,
                revision=revision,
                origin=origin,
            )
        elif fields:
            kind = ChangeType.CREATED if at_creation else ChangeType.EDITED
            if record.object.disabled and _SUSPENDS & set(fields):
                kind = ChangeType.SUSPENDED
                fields = tuple(path for path in fields if path not in _SUSPENDS)
            elif _SUSPENDS.issuperset(fields):
                kind = ChangeType.RESUMED
                fields = ()
            yield Change(type=kind, ref=record.ref, at=owner.time, client=owner.manager, fields=fields)
        unknown = unknown and not at_creation
    if unknown and not any(created is not None and abs(created - time) <= TOGETHER for time in named):
        yield Change(type=ChangeType.CREATED, ref=record.ref, at=created)


def requested(history: History) -> Iterator[Change]:
    """Reconciliations that were requested, those of one client at about one time as one."""
    found = [change for record in history.flux.values() for change in _requests(record)]
    found.sort(key=lambda one: (one.client or "", one.requests, one.order))
    group: list[Change] = []
    for change in found:
        if group and not _one_go(group[0], change):
            yield _together(group)
            group = []
        group.append(change)
    if group:
        yield _together(group)


def _requests(record: FluxRecord) -> Iterator[Change]:
    times: dict[datetime, list[str]] = defaultdict(list)
    for key in ("requestedAt", "forceAt", "resetAt"):
        if (time := record.handled.get(key)) is not None:
            times[time].append(key)
    for time, keys in times.items():
        owner = next(
            (
                one
                for one in record.owners
                if one.time is not None
                and abs(one.time - time) <= TOGETHER
                and any(path.startswith(REQUESTS) for path in one.paths)
            ),
            None,
        )
        yield Change(
            type=ChangeType.REQUESTED,
            ref=record.ref,
            at=time,
            client=owner.manager if owner is not None else "",
            requests=tuple(keys),
        )


def _one_go(one: Change, other: Change) -> bool:
    near = one.at is not None and other.at is not None and abs(one.at - other.at) <= _ONE_GO
    return near and (one.client, one.requests) == (other.client, other.requests)


def _together(changes: Sequence[Change]) -> Change:
    """Equal changes of several objects as one, at the time of the last."""
    last = min(changes, key=lambda one: one.order)
    times = [one.at for one in changes if one.at is not None]
    refs = sorted({one.ref for one in changes})
    return replace(last, ref=refs[0], alike=tuple(refs[1:]), at=min(times), until=max(times)) if times else last


def together(changes: Iterable[Change]) -> list[Change]:
    """The changes that are of one second and equal but for their object as one, newest first."""
    groups: dict[tuple[object, ...], list[Change]] = defaultdict(list)
    for change in changes:
        fetched = change.type is ChangeType.FETCHED
        alone = fetched or change.objects or change.workloads or change.helm or change.alike or change.at is None
        key = (
            change.type,
            change.at,
            change.client,
            change.fields,
            change.reason,
            change.revision,
            change.cause,
            change.appliers,
        )
        groups[(*key, change.content, change.ended, change.last_revision) if not alone else (id(change),)].append(
            change
        )
    return sorted(
        (_together(some) if len(some) > 1 else some[0] for some in groups.values()), key=lambda one: one.order
    )
