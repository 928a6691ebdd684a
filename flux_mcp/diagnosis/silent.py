"""Trouble that no condition shows: objects that look well, and do not do what they are for.

Source: https://fluxcd.io/flux/components/image/imageupdateautomations/, https://fluxcd.io/flux/components/notification/.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from flux_mcp.api.kind import Relation, Role
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import notified
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.applied import follow_applied, follow_missing
from flux_mcp.diagnosis.blockers import IN_SPEC, follow_source_controller
from flux_mcp.diagnosis.catalog.failure import Upstream
from flux_mcp.diagnosis.cause import Detail, Fact
from flux_mcp.diagnosis.controllers import RECENT, Watch
from flux_mcp.diagnosis.credentials import HOST, MISSING, REJECTED
from flux_mcp.diagnosis.drift import follow_corrections
from flux_mcp.diagnosis.references import follow_absent, follow_source
from flux_mcp.diagnosis.search import Blocked, Search
from flux_mcp.diagnosis.snapshot import Failures, Snapshot
from flux_mcp.flux.objects import FluxObject
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.kubernetes.events import Event

AUTOMATIONS: Final = 3
"""Automations that do not see a policy that are named."""
FLAPS: Final = 3
"""Failures from which an object that is Ready now counts as failing again and again."""
_LONGEST: Final = timedelta(minutes=15)
"""The longest that controllers wait until they retry (--max-retry-delay), where the interval is not longer."""
_LATER: Final = 1.2
"""How much later than it was due a run may begin."""
_FAILED: Final = re.compile(r"(?i)fail|error|invalid")
"""Reasons of Events that are failures of the object; DriftDetected, DependencyNotReady and the like are not."""
_OTHERS: Final = frozenset({"NotificationDispatchFailed", "InventoryBuildFailed", "GarbageCollectionFailed"})
"""Reasons of Events that are not about a run of the object."""
_GOOD: Final = re.compile(r"Succeeded$|^NewArtifact$|^ArtifactUpToDate$")


def silent(snapshot: Snapshot) -> dict[ObjectRef, Blocked]:
    """The objects in such trouble, and what each waits for."""
    found: dict[ObjectRef, Blocked] = {}
    parts = (
        _unseen_policies,
        _alerts,
        _receivers,
        _unwatched,
        _missing_sources,
        _suspended_sources,
        _users,
        _running,
        _unready_workloads,
        _drifting,
        _flapping,
    )
    for part in parts:
        found |= {ref: one for ref, one in part(snapshot, found) if not snapshot.statuses[ref].trouble}
    return found


def _unseen_policies(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """ImagePolicies whose latest image no automation writes: none sees them, or those that do are suspended."""
    del found
    kind = by_kind["ImageUpdateAutomation"]
    if snapshot.only is not None or kind.kind not in snapshot.read:
        return
    automations = [ref for ref in snapshot.statuses if ref.kind == kind.kind]
    active = {ref for ref in automations if snapshot.statuses[ref].health is not Health.SUSPENDED}
    seeing: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
    for edge in snapshot.graph.edges():
        if edge.relation is Relation.POLICY:
            seeing[edge.start].append(edge.end)
    for ref, status in snapshot.statuses.items():
        if ref.kind != "ImagePolicy" or status.health is Health.SUSPENDED:
            continue
        search, seen_by = Search(status, snapshot), seeing[ref]
        if seen_by and not active.intersection(seen_by) and _changed_since(ref, seen_by, snapshot):
            name, named = "image-automation-suspended", seen_by
        elif not seen_by and active:
            name, named = "image-policy-unseen", [one for one in automations if one in active]
        elif not automations and snapshot.controllers.runs(kind.controller):
            name, named = "image-automation-missing", []
        else:
            continue
        search.blame(name, *([Detail(Fact.AUTOMATION, tuple(named[:AUTOMATIONS]))] if named else []), key=(name,))
        yield ref, search.result()


def _changed_since(ref: ObjectRef, automations: Iterable[ObjectRef], snapshot: Snapshot) -> bool:
    """Whether an ImagePolicy selected another image after the last run of the automations that see it."""
    since = snapshot.statuses[ref].since
    runs = [written for one in automations if (written := snapshot.objects[one].written) is not None]
    return since is not None and all(since > written for written in runs)


def _alerts(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """Alerts whose notifications are not sent, or whose Provider is suspended or does not exist."""
    del found
    for ref, status in snapshot.statuses.items():
        if ref.kind != "Alert" or status.health is Health.SUSPENDED:
            continue
        search = Search(status, snapshot)
        named = search.subject.node.names
        provider = next((target for relation, target in named if relation is Relation.PROVIDER), None)
        if provider is not None and provider not in snapshot.statuses:
            follow_absent(search, provider)
        elif provider is not None and snapshot.statuses[provider].health is Health.SUSPENDED:
            sent = Detail(Fact.PROVIDER, (provider,), (_type(snapshot, provider),))
            search.blame("notification-provider-suspended", sent, key=("suspended", provider))
        search.late.clear()
        newest = snapshot.evidence.newest_warning(ref)
        if newest is not None and not search.found and not search.own:
            search.own = True
            search.quote(newest)
            follow_missing(search, newest.message)
            if provider is not None and provider in snapshot.objects:
                search.details.append(Detail(Fact.PROVIDER, (provider,), (_type(snapshot, provider),)))
        if search.own or search.found:
            yield ref, search.result()


def _type(snapshot: Snapshot, provider: ObjectRef) -> str:
    return text(at(snapshot.objects[provider].item, "spec"), "type")


def _receivers(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """Receivers of which a resource does not exist, so that a request to them reconciles nothing there."""
    del found
    for ref, status in snapshot.statuses.items():
        if ref.kind != "Receiver" or status.health is not Health.READY:
            continue
        search = Search(status, snapshot)
        for target in notified(at(search.subject.item, "spec"), ref.namespace):
            if target not in snapshot.statuses:
                follow_absent(search, target)
        search.late.clear()
        if search.found:
            yield ref, search.result()


def _unwatched(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """Objects that look Ready and that no controller selects any more: nothing reconciles them."""
    del found
    everywhere = snapshot.controllers.everywhere()
    for ref, status in snapshot.statuses.items() if snapshot.controllers.in_full else ():
        watched = status.object.kind.controller in everywhere
        if status.health is Health.READY and not watched and not status.object.oci_helm_repository:
            search = Search(status, snapshot)
            if search.watch()[0] is Watch.NOBODY and search.follow_controller():
                yield ref, search.result()


def _missing_sources(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """What looks Ready, though the source does not exist that it would get its next revision from."""
    del found
    for ref, status in snapshot.statuses.items():
        missing = [one for one in status.object.sources if one not in snapshot.statuses and snapshot.knows(one)]
        if status.health is Health.READY and missing:
            search = Search(status, snapshot)
            for one in missing:
                follow_absent(search, one)
            yield ref, search.result()


def _suspended_sources(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """Suspended sources of whose repository a newer revision is known, and what looks Ready on top of them."""
    del found
    by_place: dict[tuple[str, str, str], list[FluxObject]] = defaultdict(list)
    for one in snapshot.objects.values():
        if one.node.object.kind.role is Role.SOURCE and one.node.object.artifact_revision:
            by_place[_place(one.node.object)].append(one.node.object)
    for ref, status in snapshot.statuses.items():
        flux = status.object
        users = [user for user in snapshot.graph.users(ref) if snapshot.statuses[user].health is Health.READY]
        if status.health is not Health.SUSPENDED or not flux.artifact_revision or not users:
            continue
        newer = (
            [
                other
                for other in by_place[_place(flux)]
                if other.ref != ref
                and _commit(other.artifact_revision) != _commit(flux.artifact_revision)
                and other.fetched is not None
                and flux.fetched is not None
                and other.fetched > flux.fetched
            ]
            if flux.url
            else []
        )
        outdated = flux.condition("ArtifactOutdated")
        search = Search(status, snapshot)
        if newer:
            other = max(newer, key=lambda other: other.fetched or snapshot.now)
            detail = Detail(
                Fact.NEWER, (other.ref, ref), (other.artifact_revision, flux.artifact_revision), other.fetched
            )
        elif outdated is not None and outdated.status == "True":
            detail = Detail(Fact.CONDITION, (ref,), ("ArtifactOutdated", outdated.reason, outdated.message))
        else:
            continue
        search.blame("source-suspended-behind", detail)
        yield ref, search.result()
        yield from ((user, Blocked(by=(ref,))) for user in users)


def _place(flux: FluxObject) -> tuple[str, str, str]:
    """What a source follows: kind, address and reference, `refs/heads/main` as the branch main."""
    key, value = flux.wanted_ref
    if key == "name":
        key, value = ("branch", value.removeprefix("refs/heads/")) if value.startswith("refs/heads/") else (key, value)
    return flux.kind.kind, flux.url.removesuffix(".git"), f"{key}={value}"


def _commit(revision: str) -> str:
    return revision.rpartition(":")[2].rpartition("@")[2]


def _users(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """What is Ready and gets its inputs, or its image policies, from objects in trouble."""
    troubled = {ref for ref, status in snapshot.statuses.items() if status.trouble} | found.keys()
    waits: dict[ObjectRef, dict[ObjectRef, None]] = defaultdict(dict)
    for edge in snapshot.graph.edges():
        if edge.relation in {Relation.INPUTS, Relation.POLICY}:
            waits[edge.end][edge.start] = None
    for ref, sources in waits.items():
        if ref not in snapshot.statuses or snapshot.statuses[ref].health is not Health.READY:
            continue
        search = Search(snapshot.statuses[ref], snapshot)
        for source in sources:
            if source in troubled:
                search.by[source] = None
            elif source not in snapshot.statuses:
                follow_source(search, source)
        search.late.clear()
        if search.found:
            yield ref, Blocked(tuple(search.by), tuple(search.causes), needs=frozenset(search.needs))


def _running(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """What is being reconciled and waits for the health of Flux objects of which some fail: its run cannot succeed."""
    for ref, status in snapshot.statuses.items():
        if status.health is not Health.PROGRESSING or ref in found:
            continue
        failing = tuple(
            child
            for child in snapshot.graph.children(ref)
            if child in snapshot.statuses
            and snapshot.statuses[child].health in {Health.FAILING, Health.STALLED}
            and snapshot.awaits(ref, child)
        )
        if failing:
            yield ref, Blocked(by=failing)


def _unready_workloads(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """What looks well while a workload that it applied is not ready: it does not wait for it, or no longer."""
    for ref, namespaces in snapshot.followed.items():
        if ref in found:
            continue
        search = Search(snapshot.statuses[ref], snapshot)
        follow_applied(search, namespaces)
        if search.workloads:
            running = search.status.health is Health.PROGRESSING
            search.blame("run-waits-for-workload" if running else "workloads-not-ready")
        if any(one.fact is Fact.WORKLOAD_MISSING for one in search.details):
            search.blame("workload-missing")
        if search.own:
            yield ref, search.result()
        else:
            yield ref, Blocked(needs=frozenset(search.needs))


def _flapping(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """What is Ready now, failed several times lately, and succeeded in between: it will fail again."""
    reported = (ref for ref in snapshot.evidence.events if ref in snapshot.statuses)
    counted = (ref for ref, one in snapshot.objects.items() if one.failures is not None)
    for ref in dict.fromkeys((*counted, *reported)):
        status = snapshot.statuses[ref]
        if status.health is not Health.READY or ref in found:
            continue
        events = [*_failed_runs(snapshot.evidence.warnings(ref))]
        by_events = _failures(events, status.object, snapshot.evidence.events.get(ref, ()))
        known = (snapshot.objects[ref].failures, by_events)
        if ref.kind == "FluxInstance" and by_events is not None and by_events.reason == "ArtifactFailed":
            # It is looked for beside the runs.
            if by_events.count >= FLAPS and by_events.last >= snapshot.now - RECENT:
                search = Search(status, snapshot)
                search.blame("instance-updates-missed")
                search.quote(events[0])
                yield ref, search.result()
            continue
        failures = next((one for one in known if one is not None and _comes_and_goes(one, status, snapshot.now)), None)
        if failures is None:
            continue
        search = Search(status, snapshot)
        times = Detail(Fact.FLAPS, (ref,), (failures.reason, str(failures.count)), failures.last, failures.first)
        search.blame("flapping", times)
        for event in (one for one in events[:1] if one.reason == failures.reason):
            if (reason := search.quote(event)) is None:
                continue
            host = HOST.search(event.message)
            error = reason.error(event.message) or ((host[1],) if host is not None else ())
            search.key = ("flapping", reason.id, *error) if error else ()
            if reason.id in REJECTED | MISSING | IN_SPEC:
                search.failures.remove(reason)
            elif reason.upstream is Upstream.SOURCE_CONTROLLER:
                follow_source_controller(search)
        yield ref, search.result()


def _drifting(snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> Iterator[tuple[ObjectRef, Blocked]]:
    """HelmReleases of which almost every run finds drift, and corrects it."""
    for ref, status in snapshot.statuses.items():
        if ref.kind != "HelmRelease" or status.health is not Health.READY or ref in found:
            continue
        events = (one for one in snapshot.evidence.warnings(ref) if one.reason == "DriftDetected")
        newest = next(_newest_first(events), None)
        if newest is None or newest.seen is None or newest.first is None or newest.count < FLAPS:
            continue
        patience = 2 * timedelta(seconds=status.object.interval)
        if newest.seen >= snapshot.now - max(RECENT, patience) and (
            newest.seen - newest.first <= patience * (newest.count - 1)
        ):
            search = Search(status, snapshot)
            follow_corrections(search, newest)
            yield ref, search.result()


def _failed_runs(events: Iterable[Event]) -> Iterator[Event]:
    """The Events of failed runs, the newest first."""
    return _newest_first(one for one in events if one.reason not in _OTHERS and _FAILED.search(one.reason))


def _newest_first(events: Iterable[Event]) -> Iterator[Event]:
    dated = [(one.seen, one.message, one) for one in events if one.seen is not None]
    yield from (one for *_, one in sorted(dated, key=lambda each: each[:2], reverse=True))


def _failures(failed: Sequence[Event], flux: FluxObject, events: Iterable[Event]) -> Failures | None:
    """What Events report of failed runs. That runs of an applier succeeded between may be those of other revisions."""
    if not failed:
        return None
    moments = [moment for one in failed for moment in (one.first, one.seen) if moment is not None]
    good = [flux.fetched, *(at for one in events if _GOOD.search(one.reason) for at in (one.first, one.seen))]
    between = frozenset(filter(None, good if flux.kind.role is not Role.APPLIER else ()))
    return Failures(failed[0].reason, min(moments), max(moments), sum(one.count for one in failed), between)


def _comes_and_goes(failures: Failures, status: ObjectStatus, now: datetime) -> bool:
    """Whether runs succeeded between failures: that is known, or what fails always is retried more often."""
    interval = timedelta(seconds=status.object.interval)
    if failures.count < FLAPS or failures.last < now - max(RECENT, interval):
        return False
    longest = _LATER * max(interval, _LONGEST) + timedelta(seconds=status.object.timeout)
    between = any(failures.first < moment < failures.last for moment in failures.succeeded)
    return between or failures.last - failures.first > longest * (failures.count - 1)
