"""Reads what a diagnosis is made from: Flux objects, their controllers, and what runs where something fails."""

from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, EVENT, KUBERNETES_KINDS, NAMESPACE, POD, REPLICA_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import Pending, gather
from flux_mcp.cluster.get import read_allowed
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.diagnosis.controllers import ControllerSet
from flux_mcp.diagnosis.evidence import Evidence, View, index_evidence, view_evidence
from flux_mcp.diagnosis.snapshot import OtherDependency, SnapshotObject, view_snapshot_object
from flux_mcp.errors import BadArgument, BadOutput, KindNotInstalled, NotFound
from flux_mcp.flux.installation import CONTROLLERS, OPERATOR, controllers
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.kubectl.command import MOST_NAMES
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value

FIRST: Final = 0.6
"""The part of a call's time for the Flux objects and controllers; the rest is for what they turn out to need."""
NAMESPACES: Final = 10
"""Namespaces that are read beside Flux objects, each with one kubectl."""
_NOTHING: Final[tuple[ListResult[SnapshotObject], str | None]] = ListResult((), frozenset()), None
_KINDS: Final = {kind.kind: kind for kind in KUBERNETES_KINDS}
Needs = Mapping[tuple[str, str], int]
"""Namespace and kind → how many objects in trouble need to know of it."""


@dataclass(frozen=True, slots=True)
class FluxEvidence:
    """What every diagnosis begins with.

    Attributes:
        flux: the Flux objects.
        only: the one namespace that they were read in, where the identity may not list all.
        unread: what was not read of the controllers.
    """

    flux: ListResult[SnapshotObject]
    only: str | None
    controllers: ControllerSet
    unread: tuple[Unread, ...]


async def read_evidence(
    cluster: Cluster,
    request: RequestContext,
    namespace: str | None,
    insist: Sequence[Kind] = (),
    *,
    share: float = FIRST,
) -> FluxEvidence:
    """Read Flux objects and controllers, with one kubectl each.

    Args:
        namespace: where to read alone if the identity may not list all namespaces; one more kubectl then.
        insist: as `Cluster.read` takes it.
        share: the part of the time left for the call that this may take.

    Raises:
        KubectlError: no Flux object could be read.
    """
    kinds = (DEPLOYMENT, REPLICA_SET, POD)
    read_parts: Awaitable[ListResult[View]] = cluster.read(request, kinds, view_evidence, selector=CONTROLLERS)
    read_flux = read_allowed(cluster, request, FLUX_KINDS, view_snapshot_object, namespace, insist)
    async with gather(share) as reads:
        flux = reads.start("Flux objects", read_flux, _NOTHING, required=True)
        parts = reads.read("the controllers", read_parts)
    found, only = flux.value
    objects, unread = parts.value.objects, parts.value.unread
    deployments = [one for one in objects if isinstance(one, Workload) and one.ref.kind == DEPLOYMENT.kind]
    pods = [one for one in objects if isinstance(one, Pod)] if POD.kind in parts.value.read else None
    read = [("", kind) for kind in parts.value.read]
    return FluxEvidence(
        flux=found,
        only=only,
        controllers=ControllerSet(controllers(deployments, pods), index_evidence(objects, read), not unread),
        unread=unread if parts.error is not None else tuple(item.of(" of the controllers") for item in unread),
    )


async def read_more(
    cluster: Cluster,
    request: RequestContext,
    needs: Needs,
    *,
    targets: Sequence[OtherDependency] = (),
    warnings: bool = False,
    namespace: str | None = None,
) -> tuple[Evidence, tuple[Unread, ...]]:
    """Read what runs where something fails: one kubectl for each namespace, and up to four more.

    Args:
        needs: what the objects in trouble need to know; where most do is read first.
        targets: objects of other kinds that something depends on; those of one kind and namespace are read.
        warnings: whether to read the Warning Events that are not about Pods, of every namespace.
        namespace: the one namespace that may be read; None for all.
    """
    places = Counter[str]()
    for (place, _), count in needs.items():
        places[place] = max(places[place], count)
    running = {place for place, kind in needs if kind == POD.kind}
    ordered = sorted((place for place in places if place), key=lambda one: (-places[one], one))
    first, events_only = [[one for one in ordered if (one in running) is has] for has in (True, False)]
    # Where nothing runs that failed, Events alone are read: of one namespace in any case.
    more = events_only[: max(1, NAMESPACES - len(first))]
    chosen, left_out = (*first[:NAMESPACES], *more), (*first[NAMESPACES:], *events_only[len(more) :])
    picked = _most(targets)
    async with gather() as reads:
        pending: dict[str, Pending[ListResult[View]]] = {
            place: reads.read(
                f"workloads, Pods and Events in {value(place)}",
                _read_namespace(cluster, request, place, _kinds(needs, place)),
            )
            for place in chosen
        }
        namespaces = warned = others = operator = None
        if ("", DEPLOYMENT.kind) in needs:
            parts: Awaitable[ListResult[View]] = cluster.read(
                request, (DEPLOYMENT, REPLICA_SET, POD), view_evidence, namespace=namespace, selector=OPERATOR
            )
            operator = reads.read("Flux Operator", parts)
        if ("", NAMESPACE.kind) in needs:
            every: Awaitable[ListResult[View]] = cluster.read(request, (NAMESPACE,), view_evidence)
            namespaces = reads.read("Namespace", every)
        if warnings:
            events: Awaitable[ListResult[View]] = cluster.read(
                request, (EVENT,), view_evidence, namespace=namespace, warnings=True
            )
            warned = reads.read("Warning Events", events)
        if picked:
            others = reads.start(picked[0].ref.kind, _read_targets(cluster, request, picked), _NO_TARGETS)
    objects: list[View] = [one for place in chosen for one in pending[place].value.objects]
    read = {(place, kind) for place in chosen for kind in pending[place].value.read}
    unread = [
        item if pending[place].error else item.of(f" in {place}")
        for place in sorted(chosen)
        for item in pending[place].value.unread
    ]
    for part, what in ((namespaces, ""), (warned, "s of type Warning"), (operator, " of Flux Operator")):
        if part is not None:
            objects += part.value.objects
            read |= {("", kind) for kind in part.value.read if kind == NAMESPACE.kind}
            unread += [item.of(what) for item in part.value.unread]
    if others is not None:
        found, known = others.value
        objects += found
        read |= known
        unread += [Unread((picked[0].ref.kind,), others.error.brief, others.error)] if others.error else []
    return index_evidence(objects, read, left_out), tuple(unread)


async def read_workloads(
    cluster: Cluster, request: RequestContext, kinds: Sequence[Kind], namespace: str | None
) -> tuple[Evidence, tuple[Unread, ...]]:
    """Read the workloads of these kinds, of one namespace or of all, with one kubectl."""
    async with gather(FIRST) as reads:
        reading: Awaitable[ListResult[View]] = cluster.read(request, kinds, view_evidence, namespace=namespace)
        found = reads.read("workloads", reading)
    read = {(namespace or "", kind) for kind in found.value.read}
    return index_evidence(found.value.objects, read), reads.unread


async def _read_namespace(
    cluster: Cluster, request: RequestContext, namespace: str, kinds: Sequence[Kind]
) -> ListResult[View]:
    try:
        return await cluster.read(request, kinds, view_evidence, namespace=namespace)
    except BadArgument as error:
        raise BadOutput(f"{error} ({request.where})", brief="no name of a namespace") from None


def _kinds(needs: Needs, namespace: str) -> tuple[Kind, ...]:
    wanted = {kind for place, kind in needs if place == namespace}
    return tuple(kind for kind in KUBERNETES_KINDS if kind.kind in wanted)


_NO_TARGETS: Final[tuple[tuple[View, ...], frozenset[tuple[str, str]]]] = (), frozenset()


def _most(targets: Iterable[OtherDependency]) -> list[OtherDependency]:
    """The targets of one kind and namespace, of which there are most: one kubectl reads no more."""
    groups: dict[tuple[str, str, str], dict[ObjectRef, OtherDependency]] = {}
    for one in targets:
        if one.ref.kind not in _KINDS or one.ref.kind == "CustomResourceDefinition":
            groups.setdefault((one.ref.kind, one.api_version, one.ref.namespace), {})[one.ref] = one
    most = max(groups.values(), key=len, default={})
    return [*most.values()][:MOST_NAMES]


async def _read_targets(
    cluster: Cluster, request: RequestContext, targets: Sequence[OtherDependency]
) -> tuple[tuple[View, ...], frozenset[tuple[str, str]]]:
    """The targets that exist, and as `Kind/name` those of which it is known whether they do."""
    first = targets[0]
    names = tuple(one.ref.name for one in targets)
    known = frozenset((one.ref.namespace, f"{one.ref.kind}/{one.ref.name}") for one in targets)
    try:
        kind = await cluster.resolve(request, first.ref.kind, first.api_version or None)
        namespace = first.ref.namespace or None
        reading: ListResult[View] = await cluster.read(
            request, (kind,), view_evidence, namespace=namespace, names=names
        )
    except KindNotInstalled:
        return (), known
    except NotFound:
        return (), known
    except BadArgument as error:
        raise BadOutput(f"{error} ({request.where})", brief="not understood") from None
    for item in reading.unread:
        if item.error is not None and not isinstance(item.error, NotFound):
            raise item.error
    return reading.objects, known


async def read_health(
    cluster: Cluster, request: RequestContext, failed: Iterable[InventoryEntry]
) -> tuple[Evidence, tuple[Unread, ...]]:
    """Read workloads, Pods and Events in the namespaces of workloads whose health check failed, one kubectl each."""
    between = {"Deployment": (REPLICA_SET.kind,), "CronJob": ("Job",)}
    kinds = (
        (one.namespace, kind)
        for one in failed
        if one.namespace
        for kind in (one.kind, *between.get(one.kind, ()), POD.kind, EVENT.kind)
    )
    return await read_more(cluster, request, Counter(kinds))
