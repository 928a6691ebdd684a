"""trace_kubernetes_resource: who manages an object, and from which commit."""

from dataclasses import dataclass
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.get import find_one
from flux_mcp.errors import Forbidden, KindNotInstalled, NotFound, NotRecorded
from flux_mcp.flux.graph import Graph, view_node
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.ownership import TracedObject, owner_chain, ownership_claims, view_traced
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
        flux_read = reads.read("Flux objects", cluster.read(request, FLUX_KINDS, view_node))
    flux = flux_read.value
    graph = Graph(flux.objects)
    target = TraceTarget(kind, name, namespace, api_version)
    traced, missing = await _find(cluster, request, target, graph)
    unread = list(flux.unread)
    known: dict[ObjectRef, TracedObject] = {}
    if traced.owner is not None and (traced.owner.kind, traced.owner_group) in _ABOVE:
        kinds = _ABOVE[traced.owner.kind, traced.owner_group]
        read_owners = cluster.read(request, kinds, view_traced, namespace=traced.ref.namespace)
        async with gather() as reads:
            owners = reads.read([kind.kind for kind in kinds], read_owners)
        known = {owner.ref: owner for owner in owners.value.objects}
        unread += reads.unread
    chain = owner_chain(traced, known)
    return Trace(
        request=request,
        chain=chain,
        missing=missing,
        claims=ownership_claims(chain, graph),
        graph=graph,
        statuses={status.object.ref: status for status in assess((node.object for node in flux.objects), request.now)},
        read=flux.read,
        unread=tuple(unread),
    )


@dataclass(frozen=True, slots=True)
class TraceTarget:
    """The object to trace, as the caller spells it."""

    kind: str
    name: str
    namespace: str | None
    api_version: str | None


async def _find(
    cluster: Cluster, request: RequestContext, target: TraceTarget, graph: Graph
) -> tuple[TracedObject, str]:
    """The object; where it is not there but an inventory names it, what the inventory says and why it was not read.

    Raises:
        NotFound: there is no such object, and no inventory names it.
        KindNotInstalled: the kind is not served, and no inventory names such an object.
        BadArgument: the kind or the name is not clear.
    """
    wanted: Kind | None = None
    try:
        wanted = await cluster.resolve(request, target.kind, target.api_version)
        return await find_one(cluster, request, wanted, target.name, target.namespace, view_traced), ""
    except (NotFound, NotRecorded, Forbidden, KindNotInstalled) as error:
        named = _named(target, wanted, graph)
        if named is None:
            raise
        traced = TracedObject(ref=named.ref, group=named.group, read=False)
        if isinstance(error, NotFound):
            return traced, "the object itself was not found"
        unserved = isinstance(error, KindNotInstalled)
        why = "its kind is not served, or not recorded" if unserved else error.brief
        return traced, f"the object itself was not {'found' if unserved else 'read'} ({why})"


def _named(target: TraceTarget, wanted: Kind | None, graph: Graph) -> InventoryEntry | None:
    """The one object that inventories name so; of a kind that is not served, by the spelling of the kind."""
    found = [
        entry
        for entry in graph.managed_as(target.name)
        if target.namespace in {None, entry.namespace} and _is_of(entry, target, wanted)
    ]
    return found[0] if len(found) == 1 else None


def _is_of(entry: InventoryEntry, target: TraceTarget, wanted: Kind | None) -> bool:
    if wanted is not None:
        return (entry.kind, entry.group) == (wanted.kind, wanted.group)
    kind, _, group = target.kind.lower().partition(".")
    version_group = (target.api_version or "").rpartition("/")[0] if target.api_version else entry.group
    return (
        kind in {entry.kind.lower(), f"{entry.kind.lower()}s"}
        and group in {"", entry.group}
        and version_group == entry.group
    )
