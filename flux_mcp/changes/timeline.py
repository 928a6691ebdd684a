"""The timeline of a cluster: every rule's changes, each shown once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, NAMESPACE, STATEFUL_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.applied import applied, drifts
from flux_mcp.changes.change import Action, Change, ChangeType
from flux_mcp.changes.clients import DERIVED, edited, requested, together
from flux_mcp.changes.evidence import EventRecord
from flux_mcp.changes.failures import Regression, merge_turns, regressions, turns
from flux_mcp.changes.helm_runs import released
from flux_mcp.changes.history import CAUSED, LATER, MARGIN, History
from flux_mcp.changes.repeats import without_repeats
from flux_mcp.changes.reverts import with_reverts
from flux_mcp.changes.revisions import fetched, of_sources_together
from flux_mcp.changes.workload_changes import attach
from flux_mcp.flux.status import ObjectStatus

_ENDED: tuple[str, ...] = ("garbage collected artifacts for deleted resource",)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What changed, newest first, and what is known of what fails now."""

    changes: tuple[Change, ...]
    regressions: tuple[Regression, ...]


def timeline(history: History, statuses: Iterable[ObjectStatus]) -> Timeline:
    """Everything that the evidence shows, of all times."""
    runs = [each for change in applied(history) for each in _finalized(history, change)]
    releases = released(history, runs)
    runs += (*(replace(each, gone=_is_gone(history, each.ref)) for each in releases), *drifts(history))
    changes = attach(history, runs)
    changes += _without_causes(edited(history, changes), runs)
    changes += (*gone(history, changes), *missing(history), *deletions(history))
    changes += _pushed(history)
    changes += fetched(history, changes)
    changes = [*with_reverts(history, changes)]
    changes = merge_turns(turns(history), changes, history)
    changes = [*_with_requests(changes, requested(history))]
    found = together(changes)
    if not history.managed:
        found = [replace(change, client=None) for change in found]
    return Timeline(tuple(found), regressions(history, statuses, found))


def _finalized(history: History, change: Change) -> Iterator[Change]:
    """A run; where the object is gone since, or created again, what it deleted in its last one is its own deletion."""
    deleted = change.objects.get("deleted")
    if not deleted or change.at is None:
        yield change
        return
    record = history.flux.get(change.ref)
    again = record.object.created if record is not None else None
    seen = [one.last for one in history.events.get(change.ref, ()) if again is None or one.last < again]
    ended = _is_gone(history, change.ref) or (again is not None and change.at < again)
    if not ended or not seen or max(seen) - change.at > LATER:
        yield change
        return
    if rest := {action: refs for action, refs in change.objects.items() if action != "deleted"}:
        yield replace(change, objects=rest)
    yield Change(type=ChangeType.DELETED, ref=change.ref, at=change.at, objects={"deleted": deleted})


def _is_gone(history: History, ref: ObjectRef) -> bool:
    return ref not in history.flux and history.coverage.knows(ref)


def gone(history: History, known: Iterable[Change]) -> Iterator[Change]:
    """Objects that Events name and that are not there, as far as no applier's Event reports it."""
    deleted: dict[ObjectRef, datetime | None] = {}
    last = [(change, refs) for change in known if (refs := _deletes(change))]
    for change, refs in sorted(last, key=lambda one: one[0].order, reverse=True):
        deleted.update(dict.fromkeys(refs, change.at))
    for ref, events in history.events.items():
        known_to_end = ref in deleted and not _made_since(events, deleted[ref])
        if known_to_end or ref.kind in {DEPLOYMENT.kind, STATEFUL_SET.kind, *DERIVED} or not _is_gone(history, ref):
            continue
        before = deleted.get(ref)
        ends = [one.last for one in events if one.message in _ENDED and (before is None or one.last > before + LATER)]
        for end in ends or [events[-1].last]:
            yield Change(type=ChangeType.DELETED, ref=ref, at=end, reason="" if ends else "last Event")


def _deletes(change: Change) -> tuple[ObjectRef, ...]:
    own = (change.ref,) if change.type is ChangeType.DELETED or _uninstalled(change) else ()
    return (*change.objects.get("deleted", ()), *own)


def _made_since(events: Iterable[EventRecord], deleted: datetime | None) -> bool:
    """Whether an object was there again after its deletion: a controller succeeded with it."""
    later = [one for one in events if deleted is not None and one.last > deleted + LATER]
    return any(not one.warning and one.message not in _ENDED for one in later)


def missing(history: History) -> Iterator[Change]:
    """Objects that inventories name and that are not there, those of a namespace that is gone together."""
    there = {*history.workloads, *history.namespaces, *history.flux}
    found: dict[tuple[ObjectRef, ...], tuple[dict[ObjectRef, None], dict[ObjectRef, None]]] = {}
    for record in history.flux.values():
        for ref in sorted(filter(history.coverage.knows, record.applied - there)):
            namespace = ObjectRef(NAMESPACE.kind, "", ref.namespace or ref.name)
            gone_too = namespace not in there and history.coverage.knows(namespace)
            refs, appliers = found.setdefault((namespace,) if gone_too else (record.ref, namespace), ({}, {}))
            refs[ref] = appliers[record.ref] = None
    for (first, *_), (refs, appliers) in found.items():
        if first.kind == NAMESPACE.kind:
            objects = tuple(ref for ref in refs if ref != first)
            change = Change(
                type=ChangeType.MISSING, ref=first, at=None, objects={"missing": objects} if objects else {}
            )
        else:
            ref, *others = refs
            change = Change(type=ChangeType.MISSING, ref=ref, at=None, alike=tuple(others))
        yield replace(change, appliers=tuple(appliers))


def deletions(history: History) -> Iterator[Change]:
    """Deletions that were requested and have not ended."""
    pending = [(ref, record.deleted) for ref, record in history.namespaces.items()]
    pending += [(ref, record.object.deleted) for ref, record in history.flux.items()]
    for ref, deleted in pending:
        if deleted is not None:
            yield Change(type=ChangeType.DELETING, ref=ref, at=deleted)


def _uninstalled(change: Change) -> bool:
    return change.helm is not None and change.helm.action is Action.UNINSTALL and change.gone


def _without_causes(found: Iterable[Change], runs: Iterable[Change]) -> Iterator[Change]:
    """The changes but those of a HelmRelease's spec that a run of Helm reports as its cause."""
    caused: dict[ObjectRef, list[datetime]] = {}
    for run in runs:
        if run.helm is not None and run.cause is not None and run.at is not None:
            caused.setdefault(run.ref, []).append(run.at)
    for change in found:
        times = caused.get(change.ref, ()) if change.type is ChangeType.CONFIGURED else ()
        if not any(change.at is not None and abs(time - change.at) <= CAUSED for time in times):
            yield change


def _pushed(history: History) -> Iterator[Change]:
    for record in history.flux.values():
        if record.pushed is not None:
            yield Change(type=ChangeType.PUSHED, ref=record.ref, at=record.pushed, revision=record.object.revision)


def _with_requests(known: Iterable[Change], requests: Iterable[Change]) -> Iterator[Change]:
    """The changes and the requests; one that forced a run of Helm is shown with that run, and so is its client."""
    left = {id(change): change for change in requests}
    for change in known:
        if change.helm is not None and change.helm.forced and change.at is not None:
            for request in [*left.values()]:
                near = request.at is not None and abs(request.at - change.at) <= MARGIN
                if near and request.ref == change.ref and not request.alike and "forceAt" in request.requests:
                    del left[id(request)]
                    change = replace(change, client=request.client)  # noqa: PLW2901
        yield change
    yield from left.values()


def folded(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes that are shown, newest first: what several objects have in common, or what repeats, as one."""
    return without_repeats(sorted(of_sources_together(changes), key=lambda one: one.order))


def within(change: Change, oldest: datetime) -> bool:
    """Whether a change is of the requested time; one without a time may be."""
    return change.at is None or change.at >= oldest


def narrow(change: Change, namespace: str | None, kind: str | None, name: str | None) -> Change | None:
    """A change as far as it is about the requested objects, or made by one; None where it is not."""
    if namespace is None and kind is None:
        return change
    wanted = partial(named, namespace=namespace, kind=kind, name=name)
    if own := [ref for ref in (change.ref, *change.alike) if wanted(ref)]:
        return replace(change, ref=own[0], alike=tuple(own[1:]))
    refs = (*change.refs, *change.appliers, *((change.cause,) if change.cause is not None else ()))
    return change if any(map(wanted, refs)) else None


def named(ref: ObjectRef, namespace: str | None, kind: str | None, name: str | None) -> bool:
    """Whether an object is requested; a namespace is one of its own objects."""
    where = ref.name if ref.kind == NAMESPACE.kind else ref.namespace
    return namespace in {None, where} and kind in {None, ref.kind} and name in {None, ref.name}
