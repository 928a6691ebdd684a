"""trace_kubernetes_resource: who manages an object, and from which commit."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.coverage import Coverage
from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, EVENT, JOB, REPLICA_SET, STATEFUL_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.evidence import FluxRecord, Record, view_record
from flux_mcp.changes.history import index
from flux_mcp.changes.managed_fields import FieldOwner, field_owners
from flux_mcp.changes.revisions import SOURCE_KINDS
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.get import find_one
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import Forbidden, KindNotInstalled, NotFound, NotRecorded
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.ownership import OwnershipClaim, TracedObject, owner_chain, ownership_claims, view_traced
from flux_mcp.flux.status import assess
from flux_mcp.render.trace_kubernetes_resource import Trace
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import ApiVersion, Context, OneKind, OneName, OneNamespace, check_target

_ABOVE: Final[dict[tuple[str, str], tuple[Kind, ...]]] = {
    **{(kind.kind, kind.group): (kind,) for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB)},
    (REPLICA_SET.kind, REPLICA_SET.group): (REPLICA_SET, DEPLOYMENT),
    (JOB.kind, JOB.group): (JOB, CRON_JOB),
}
"""The kind and group of an owner → the kinds to read for it and its own owner."""

_SHARE: Final = 0.5
"""The part of a call's time for the Flux objects; the rest is for the object and its owners."""


async def trace_kubernetes_resource(
    cluster: Cluster,
    *,
    kind: OneKind,
    name: OneName,
    namespace: OneNamespace = None,
    api_version: ApiVersion = None,
    context: Context = None,
) -> Trace:
    """Trace any object, also a Pod, up to the Flux object that manages it, its source, revision and origin commit."""
    check_target(resolve_known(kind, api_version), name, namespace)
    request = await cluster.open(context)
    async with gather(share=_SHARE) as reads:
        flux_read = reads.read("Flux objects", cluster.read(request, FLUX_KINDS, view_record, managed_fields=True))
    flux = flux_read.value
    records = [record for record in flux.objects if isinstance(record, FluxRecord)]
    graph = Graph([record.node for record in records])
    found, missing = await _find(cluster, request, graph, kind, name, namespace, api_version)
    traced = found.traced
    unread = list(flux.unread)
    known = {found.ref: found}
    if traced.owner is not None and (traced.owner.kind, traced.owner_group) in _ABOVE:
        kinds = _ABOVE[traced.owner.kind, traced.owner_group]
        read_owners = cluster.read(request, kinds, _view, namespace=traced.ref.namespace, managed_fields=True)
        async with gather() as reads:
            owners = reads.read([kind.kind for kind in kinds], read_owners)
        known |= {owner.ref: owner for owner in owners.value.objects}
        unread += reads.unread
    chain = owner_chain(traced, {ref: each.traced for ref, each in known.items()})
    claims = ownership_claims(chain, graph)
    events = await _events(cluster, request, claims, graph)
    return Trace(
        request=request,
        chain=chain,
        missing=missing,
        claims=claims,
        owners=known[claims[0].traced.ref].owners if claims and claims[0].traced.ref in known else (),
        graph=graph,
        statuses={status.object.ref: status for status in assess((record.object for record in records), request.now)},
        read=flux.read,
        history=index((*records, *events.objects), Coverage()),
        unread=(*unread, *events.unread),
        incomplete=bool(unread),
    )


async def _events(
    cluster: Cluster, request: RequestContext, claims: Sequence[OwnershipClaim], graph: Graph
) -> ListResult[Record]:
    """The Events of the Kustomizations that the object comes from, and of their sources: those name commits."""
    appliers = {ref for claim in claims for ref in (claim.applier, *graph.ancestors(claim.applier))}
    refs = {ref for applier in appliers for ref in (applier, *graph.source_chain(applier))}
    places = {ref.namespace for ref in refs if ref.kind in {"Kustomization", *SOURCE_KINDS} and ref in graph.nodes}
    nothing: ListResult[Record] = ListResult((), frozenset())
    if not places:
        return nothing
    where = next(iter(places)) if len(places) == 1 else None
    read: Awaitable[ListResult[Record]] = cluster.read(request, (EVENT,), view_record, namespace=where)
    async with gather() as reads:
        events = reads.read("Events", read)
    return events.value


@dataclass(frozen=True, slots=True)
class _TracedItem:
    """The object to trace, and who owns its fields."""

    traced: TracedObject
    owners: tuple[FieldOwner, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return self.traced.ref


def _view(item: dict[str, Any]) -> _TracedItem | None:
    traced = view_traced(item)
    return _TracedItem(traced, field_owners(item)) if traced is not None else None


async def _find(
    cluster: Cluster,
    request: RequestContext,
    graph: Graph,
    kind: str,
    name: str,
    namespace: str | None,
    api_version: str | None,
) -> tuple[_TracedItem, str]:
    """The object; where it is not there but an inventory names it, what the inventory says and why it was not read.

    Raises:
        NotFound: there is no such object, and no inventory names it.
        KindNotInstalled: the kind is not served, and no inventory names such an object.
        BadArgument: the kind or the name is not clear.
    """
    wanted: Kind | None = None
    try:
        wanted = await cluster.resolve(request, kind, api_version)
        return await find_one(cluster, request, wanted, name, namespace, _view, managed_fields=True), ""
    except (NotFound, NotRecorded, Forbidden, KindNotInstalled) as error:
        entries = [entry for entry in graph.managed_as(name) if namespace in {None, entry.namespace}]
        entries = [entry for entry in entries if _is_of(entry, wanted, kind, api_version)]
        if len(entries) != 1:
            raise
        named = entries[0]
        traced = _TracedItem(TracedObject(ref=named.ref, group=named.group, read=False))
        if isinstance(error, NotFound):
            return traced, "the object itself was not found"
        unserved = isinstance(error, KindNotInstalled)
        why = "its kind is not served, or not recorded" if unserved else error.brief
        return traced, f"the object itself was not {'found' if unserved else 'read'} ({why})"


def _is_of(entry: InventoryEntry, wanted: Kind | None, kind: str, api_version: str | None) -> bool:
    """Whether an entry is of a kind; of one that is not served, by its spelling."""
    if wanted is not None:
        return (entry.kind, entry.group) == (wanted.kind, wanted.group)
    spelled, _, group = kind.lower().partition(".")
    version_group = api_version.rpartition("/")[0] if api_version else entry.group
    return (
        spelled in {entry.kind.lower(), f"{entry.kind.lower()}s"}
        and group in {"", entry.group}
        and version_group == entry.group
    )
