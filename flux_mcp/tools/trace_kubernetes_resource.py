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
from flux_mcp.flux.ownership import TracedObject, owner_chain, ties, view_thing
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
    """Who manages an object: up from it (a Pod, too) to its Flux object, the source, revision and origin commit."""
    check_target(resolve_known(kind, api_version), name, namespace)
    request = await cluster.open(context)
    async with gather(share=_SHARE) as reads:
        flux_read = reads.read("Flux objects", cluster.read(request, FLUX_KINDS, view_node))
    flux = flux_read.value
    graph = Graph(flux.objects)
    traced, missing = await _find(cluster, request, Asked(kind, name, namespace, api_version), graph)
    unread = list(flux.unread)
    known: dict[ObjectRef, TracedObject] = {}
    if traced.owner is not None and (traced.owner.kind, traced.owner_group) in _ABOVE:
        kinds = _ABOVE[traced.owner.kind, traced.owner_group]
        read_owners = cluster.read(request, kinds, view_thing, namespace=traced.ref.namespace)
        async with gather() as reads:
            owners = reads.read([kind.kind for kind in kinds], read_owners)
        known = {one.ref: one for one in owners.value.objects}
        unread += reads.unread
    chain = owner_chain(traced, known)
    return Trace(
        request=request,
        chain=chain,
        missing=missing,
        ties=ties(chain, graph),
        graph=graph,
        statuses={entry.object.ref: entry for entry in assess((one.object for one in flux.objects), request.now)},
        read=flux.read,
        unread=tuple(unread),
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The object that was asked for, as the caller spells it."""

    kind: str
    name: str
    namespace: str | None
    api_version: str | None


async def _find(cluster: Cluster, request: RequestContext, asked: Asked, graph: Graph) -> tuple[TracedObject, str]:
    """The object; where it is not there but an inventory names it, what the inventory says and why it was not read.

    Raises:
        NotFound: there is no such object, and no inventory names it.
        KindNotInstalled: the kind is not served, and no inventory names such an object.
        BadArgument: the kind or the name is not clear.
    """
    wanted: Kind | None = None
    try:
        wanted = await cluster.resolve(request, asked.kind, asked.api_version)
        return await find_one(cluster, request, wanted, asked.name, asked.namespace, view_thing), ""
    except (NotFound, NotRecorded, Forbidden, KindNotInstalled) as error:
        named = _named(asked, wanted, graph)
        if named is None:
            raise
        ref = named.ref
        traced = TracedObject(ref=ref, group=named.group, owner=None, owner_group="", labelled=())
        if isinstance(error, NotFound):
            return traced, "the object itself was not found"
        unserved = isinstance(error, KindNotInstalled)
        why = "its kind is not served, or not recorded" if unserved else error.brief
        return traced, f"the object itself was not {'found' if unserved else 'read'} ({why})"


def _named(asked: Asked, wanted: Kind | None, graph: Graph) -> InventoryEntry | None:
    """The one object that inventories name so; of a kind that is not served, by the spelling of the kind."""
    found = [
        managed
        for managed in graph.held()
        if managed.name == asked.name
        and asked.namespace in {None, managed.namespace}
        and _is_of(managed, asked, wanted)
    ]
    return found[0] if len(found) == 1 else None


def _is_of(managed: InventoryEntry, asked: Asked, wanted: Kind | None) -> bool:
    if wanted is not None:
        return (managed.kind, managed.group) == (wanted.kind, wanted.group)
    kind, _, group = asked.kind.lower().partition(".")
    version_group = (asked.api_version or "").rpartition("/")[0] if asked.api_version else managed.group
    return (
        kind in {managed.kind.lower(), f"{managed.kind.lower()}s"}
        and group in {"", managed.group}
        and version_group == managed.group
    )
