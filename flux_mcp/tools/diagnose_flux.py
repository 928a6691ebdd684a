"""diagnose_flux: why objects fail, root causes first, and what each blocks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.kubernetes_kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    JOB,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
)
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owners_by_label
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.evidence import NAMESPACES, FluxEvidence, read_evidence, read_more, read_workloads
from flux_mcp.cluster.get import find_among
from flux_mcp.cluster.pod_logs import read_crash_logs
from flux_mcp.cluster.result import Unread
from flux_mcp.diagnosis.applied import missing_workloads
from flux_mcp.diagnosis.blockers import RUNS
from flux_mcp.diagnosis.cause import Cause, CauseType, Fact
from flux_mcp.diagnosis.crashes import crashed_containers, explained
from flux_mcp.diagnosis.evidence import Evidence
from flux_mcp.diagnosis.root_causes import Diagnosis, diagnose
from flux_mcp.diagnosis.search import FLUX_OPERATOR
from flux_mcp.diagnosis.snapshot import Snapshot
from flux_mcp.errors import BadArgument, KubectlError
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.installation import Controller, operators
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Health, ObjectStatus, assess
from flux_mcp.kubernetes.logs import ContainerLog
from flux_mcp.render.diagnose_flux import FluxDiagnosis
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value
from flux_mcp.tools.arguments import Context, Namespace, OnlyFluxKind, OnlyFluxName


async def diagnose_flux(
    cluster: Cluster,
    *,
    kind: OnlyFluxKind = None,
    name: OnlyFluxName = None,
    namespace: Namespace = None,
    context: Context = None,
) -> FluxDiagnosis:
    """Why Flux objects fail or wait: root causes first, with evidence, meaning, advice and what waits for each."""
    if name is not None and kind is None:
        raise BadArgument("name", "needs kind")
    request = await cluster.open(context)
    evidence = await read_evidence(cluster, request, namespace, insist=(kind,) if kind is not None else ())
    statuses = assess((one.node.object for one in evidence.flux.objects), request.now)
    requested = find_among(evidence.flux, request, kind, name, namespace).ref if kind is not None and name else None
    snapshot = _snapshot(evidence, statuses, request)
    selected = _selected(snapshot, statuses, kind, requested, namespace)
    first = diagnose(snapshot)
    no_workloads: tuple[Unread, ...] = ()
    users = _users(snapshot, first, requested, kind, namespace)
    runs = _runs(snapshot, first, selected)
    if applied := _applied_kinds(snapshot, users | runs, every=requested is not None or bool(runs)):
        place = namespace if requested is None and namespace is not None else evidence.only
        workloads, no_workloads = await read_workloads(cluster, request, applied, place)
        snapshot = replace(snapshot, evidence=workloads, followed=_with_unready(snapshot, workloads, users | runs))
        first = diagnose(snapshot)
    needed = {status.object.ref for status in selected} | snapshot.followed.keys()
    needed |= _members(first, selected)
    counts = Counter[tuple[str, str]]()
    for ref in needed:
        stalled = ref in snapshot.statuses and snapshot.statuses[ref].health is Health.STALLED
        counts.update(dict.fromkeys(first.needs((ref,)), 2 if stalled else 1))
    # Some installations do not give Pods the label of Flux.
    room = len({place for place, _ in counts}) < NAMESPACES
    for one in evidence.controllers.without_pods[:CONTROLLERS]:
        for more_of in (POD, EVENT, REPLICA_SET) if one.down else (POD,) if room else ():
            counts[one.ref.namespace, more_of.kind] += len(needed) + 1 if one.down else 0
    targets = [target for ref in needed if ref in snapshot.objects for target in snapshot.objects[ref].targets]
    targets += [target for ref in sorted(needed) if ref in first.blocked for target in first.blocked[ref].targets]
    running = operators(snapshot.evidence.workloads.values(), ())
    planned = 2 + len({place for place, _ in counts if place}) + bool(targets)
    operator, warnings = _beside(selected, running, planned)
    if operator:
        counts["", DEPLOYMENT.kind] += 1
    more, unread = await read_more(
        cluster, request, counts, targets=targets, warnings=warnings, namespace=evidence.only
    )
    controllers = evidence.controllers.with_more(more, running)
    snapshot = replace(snapshot, evidence=snapshot.evidence | more, controllers=controllers)
    diagnosis = diagnose(snapshot)
    listed = {status.object.ref for status in selected}
    selected += tuple(
        snapshot.statuses[ref]
        for ref in snapshot.followed
        if ref in users and ref not in listed and diagnosis.causes_of(ref)
    )
    components = _components(selected, diagnosis)
    sure_of_operator = any(one.component == FLUX_OPERATOR for one in controllers.found)
    everything = not components or (kind is None and namespace is None)
    positions = _positions(
        diagnosis,
        selected,
        components,
        everything=everything,
        explained=requested is not None and bool(diagnosis.causes_of(requested)),
    )
    further = (warnings, targets, evidence.only, *(("", each.kind) in counts for each in (DEPLOYMENT, NAMESPACE)))
    explaining = [diagnosis.causes[at] for at in positions]
    logs = await _crash_logs(cluster, request, explaining, snapshot, KUBECTL - 2 - sum(map(bool, further)))
    lines = {(log.pod.ref, log.container.name): log.lines for log in logs if log.lines}
    snapshot = replace(snapshot, logs=lines)
    own = tuple(status.object.kind.controller for status in selected if status.object.ref == requested)
    known = tuple(explained(_own_first(cause, own), lines, controllers.evidence) for cause in diagnosis.causes)
    diagnosis = replace(diagnosis, causes=known)
    return FluxDiagnosis(
        request=request,
        snapshot=snapshot,
        diagnosis=diagnosis,
        absent=evidence.flux.absent,
        flux_in_full=not evidence.flux.unread,
        unread=(
            *evidence.flux.unread,
            *evidence.unread,
            *no_workloads,
            *_missed(unread, diagnosis),
            *_unread_logs(logs),
        ),
        selected=selected,
        troubled=tuple(status for status in selected if diagnosis.causes_of(status.object.ref)),
        only_kind=kind.kind if kind is not None else "",
        namespace=namespace,
        requested=requested,
        positions=positions,
        operator=FLUX_OPERATOR in components and not sure_of_operator,
        unknown=tuple(
            component
            for component in sorted(components - {"", *(() if sure_of_operator else (FLUX_OPERATOR,))})
            if not any(one.runs(component) for one in controllers.found)
        )
        # With no controller of the label of Flux at all, one that was not found may have another.
        if evidence.controllers.found and evidence.controllers.in_full
        else (),
    )


async def _crash_logs(
    cluster: Cluster, request: RequestContext, causes: Sequence[Cause], snapshot: Snapshot, spare: int
) -> tuple[ContainerLog, ...]:
    """The last lines of containers that crashed, as far as the kubectl that are left allow; none with --flux-only."""
    if not request.offers("get_kubernetes_logs"):
        return ()
    crashed = crashed_containers(causes, snapshot.controllers.evidence)
    most = CRASHED if cluster.recorded(request) else max(0, min(CRASHED, spare))
    return await read_crash_logs(cluster, request, crashed[:most])


def _unread_logs(logs: Iterable[ContainerLog]) -> Iterator[Unread]:
    failed: dict[str, list[str]] = {}
    for log in logs:
        if log.error is not None:
            why = log.error.brief if isinstance(log.error, KubectlError) else str(log.error)
            about = f"log of container {value(log.container.name)} of {name_of(log.pod.ref)}"
            failed.setdefault(why, []).append(about)
    yield from (Unread(tuple(some), why) for why, some in failed.items())


def _missed(unread: tuple[Unread, ...], diagnosis: Diagnosis) -> Iterator[Unread]:
    """What could not be read and may hold a cause: Services and claims only where nothing else explains a failure."""
    unexplained = any(
        one.id in _UNEXPLAINED
        for cause in diagnosis.causes
        for one in (*cause.failures, *(each.failure for each in cause.workloads if each.failure is not None))
    )
    prerequisites = (SERVICE.kind, PERSISTENT_VOLUME_CLAIM.kind)
    for item in unread:
        kinds = tuple(kind for kind in item.kinds if unexplained or not kind.startswith(prerequisites))
        if kinds or not item.kinds:
            yield replace(item, kinds=kinds)


KUBECTL: Final = 5
"""Processes of an answer, beside one for each namespace that is read."""
CRASHED: Final = 5
"""Containers that crashed whose logs are read: each is a process, but for a recording."""
CONTROLLERS: Final = 8
"""Controllers without Pods of the label of Flux whose namespaces are read."""
_UNEXPLAINED: Final = frozenset({"volume-claim-unbound", "helm-release-ready-now", "workloads-ready-now"})
"""Failures that a Service or a claim may explain."""


def _selected(
    snapshot: Snapshot,
    statuses: tuple[ObjectStatus, ...],
    kind: FluxKind | None,
    requested: ObjectRef | None,
    namespace: str | None,
) -> tuple[ObjectStatus, ...]:
    """The objects that match the arguments, and those in trouble that apply into the namespace."""
    if requested is not None:
        return (snapshot.statuses[requested],)
    wanted = (kind,) if kind is not None else FLUX_KINDS
    into = _applied_into(snapshot, namespace)
    return tuple(
        status
        for status in statuses
        if status.object.kind in wanted
        and (namespace in {None, status.object.namespace} or (status.trouble and status.object.ref in into))
    )


def _users(
    snapshot: Snapshot, first: Diagnosis, requested: ObjectRef | None, kind: FluxKind | None, namespace: str | None
) -> frozenset[ObjectRef]:
    """Whose workloads are looked at: the requested object's, those applied into a namespace, all in a calm cluster."""
    if requested is not None:
        refs: Iterable[ObjectRef] = (requested,)
    elif kind is not None:
        refs = ()
    elif namespace is not None:
        refs = _applied_into(snapshot, namespace)
    else:
        refs = () if first.causes else snapshot.statuses
    return frozenset(ref for ref in refs if _looks_well(snapshot, ref))


def _runs(snapshot: Snapshot, first: Diagnosis, selected: Iterable[ObjectStatus]) -> frozenset[ObjectRef]:
    """The objects being reconciled that the selected ones wait for: what their runs wait for matters, too."""
    causes = [first.causes[at] for at in {at for one in selected for at in first.causes_of(one.object.ref)}]
    runs = {ref for cause in causes if cause.type is CauseType.RUNNING for ref in cause.members}
    runs |= {ref for cause in causes for one in cause.details if one.fact is Fact.BUSY for ref in one.refs[:RUNS]}
    return frozenset(ref for ref in runs if _looks_well(snapshot, ref))


_FOLLOWED: Final = {kind.kind: kind for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, JOB)}
"""The workloads that are looked at behind what looks well."""


def _applied_kinds(snapshot: Snapshot, users: Iterable[ObjectRef], *, every: bool) -> list[Kind]:
    """The kinds of workloads in these inventories; every kind for a HelmRelease without one, if that matters."""
    inventories = [(ref, snapshot.objects[ref].node.applied) for ref in users]
    return [
        kind
        for kind in _FOLLOWED.values()
        if any(
            every and ref.kind == "HelmRelease"
            if found is None
            else any(True for _ in found.of_kinds({kind.kind: (kind.group,)}))
            for ref, found in inventories
        )
    ]


def _with_unready(
    snapshot: Snapshot, workloads: Evidence, users: frozenset[ObjectRef]
) -> Mapping[ObjectRef, frozenset[str]]:
    """Who of these applied workloads that are not ready or do not exist, and into which namespaces."""
    found: dict[ObjectRef, set[str]] = {}
    for ref, one in workloads.workloads.items():
        if not one.settled:
            entry = InventoryEntry(ref.kind, _FOLLOWED[ref.kind].group, ref.namespace, ref.name)
            for holder in users.intersection((*snapshot.graph.holders(entry), *owners_by_label(one.labels))):
                found.setdefault(holder, set()).add(ref.namespace)
    groups = {kind.kind: (kind.group,) for kind in _FOLLOWED.values()}
    for ref in users:
        applied = snapshot.objects[ref].node.applied
        # Of what is suspended somebody may have deleted a part on purpose.
        if applied is not None and snapshot.statuses[ref].health is Health.READY:
            for missing in missing_workloads(applied.of_kinds(groups), workloads):
                found.setdefault(ref, set()).add(missing.namespace)
    return {ref: frozenset(places) for ref, places in found.items()}


def _beside(selected: Sequence[ObjectStatus], running: Sequence[Controller], planned: int) -> tuple[bool, bool]:
    """Whether to read Flux Operator, and Warning Events, as far as the kubectl that are left allow.

    Flux Operator has not the label of the controllers, and one that is down shows in no status; it need not be read
    where its Deployment was read among others and is ready. Of what has no status, and of what looks well and fails now
    and then, only Events tell.
    """
    alerts = any(one.object.kind.kind == "Alert" and one.health is not Health.SUSPENDED for one in selected)
    operator = (
        planned + alerts < KUBECTL
        and not (running and all(one.up for one in running))
        and any(one.object.kind.controller == FLUX_OPERATOR for one in selected)
    )
    look = planned + operator < KUBECTL and any(one.health is Health.READY for one in selected)
    return operator, alerts or look


def _looks_well(snapshot: Snapshot, ref: ObjectRef) -> bool:
    status = snapshot.statuses.get(ref)
    well = status is not None and status.health in {Health.READY, Health.SUSPENDED, Health.PROGRESSING}
    return well and not snapshot.objects[ref].node.remote


def _applied_into(snapshot: Snapshot, namespace: str | None) -> frozenset[ObjectRef]:
    """The appliers that apply into a namespace, by inventory or spec: their trouble is that namespace's too."""
    return frozenset(
        one.ref
        for one in snapshot.objects.values()
        if namespace is not None
        and not one.node.remote
        and (one.target == namespace or (one.node.applied is not None and one.node.applied.within(namespace)))
    )


def _components(selected: tuple[ObjectStatus, ...], diagnosis: Diagnosis) -> frozenset[str]:
    """The controllers of what was requested, of its sources, and of its causes."""
    refs = _members(diagnosis, selected).union(*(status.object.sources for status in selected))
    found = (*selected, *(diagnosis.statuses[ref] for ref in refs if ref in diagnosis.statuses))
    return frozenset(status.object.kind.controller for status in found)


def _members(diagnosis: Diagnosis, selected: tuple[ObjectStatus, ...]) -> set[ObjectRef]:
    """The objects that the causes of what was requested are about."""
    return {ref for position in _causes(diagnosis, selected) for ref in diagnosis.causes[position].members}


def _causes(diagnosis: Diagnosis, selected: tuple[ObjectStatus, ...]) -> set[int]:
    """The positions of the causes of what was requested: thousands of objects may have one in common."""
    return {position for status in selected for position in diagnosis.causes_of(status.object.ref)}


def _positions(
    diagnosis: Diagnosis,
    selected: tuple[ObjectStatus, ...],
    components: frozenset[str],
    *,
    everything: bool,
    explained: bool,
) -> tuple[int, ...]:
    """The causes of what was requested, and the controllers of it that are down."""
    found = _causes(diagnosis, selected)
    found |= {
        position
        for position, cause in enumerate(diagnosis.causes)
        if cause.type is CauseType.CONTROLLER
        and (everything or any(ref.name.startswith(tuple(filter(None, components))) for ref in cause.members))
        # One that writes statuses though no Pod is ready is not why an object that reports a failure fails.
        and not (explained and any(one.id == "controller-unready" for one in cause.failures))
    }
    return tuple(sorted(found))


def _snapshot(evidence: FluxEvidence, statuses: Iterable[ObjectStatus], request: RequestContext) -> Snapshot:
    """The Flux objects and their controllers, with nothing beside them."""
    objects = {one.ref: one for one in evidence.flux.objects}
    return Snapshot(
        objects=objects,
        graph=Graph(one.node for one in objects.values()),
        statuses={status.object.ref: status for status in statuses},
        read=evidence.flux.read,
        now=request.now,
        controllers=evidence.controllers,
        only=evidence.only,
    )


def _own_first(cause: Cause, components: tuple[str, ...]) -> Cause:
    """A cause with the controller of what was requested first, of several that are down alike."""
    if cause.type is not CauseType.CONTROLLER or not any(components):
        return cause
    return replace(cause, members=tuple(sorted(cause.members, key=lambda ref: not ref.name.startswith(components))))
