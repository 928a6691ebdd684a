"""get_flux_resource: one Flux object in detail."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind
from flux_mcp.api.kubernetes_kinds import EVENT, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import AuditContext, AuditedObject
from flux_mcp.audit.run import audit
from flux_mcp.audit.spec_view import audited
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.get import find_among, read_allowed
from flux_mcp.flux.graph import FluxNode
from flux_mcp.kubernetes.events import event, fold
from flux_mcp.kubernetes.workloads import view_workload
from flux_mcp.render.get_flux_resource import FluxResource
from flux_mcp.sanitize.own_values import hidden_values, mask_values
from flux_mcp.sanitize.project import project
from flux_mcp.tools.arguments import Context, FluxName, OneFluxKind, OneNamespace


@dataclass(frozen=True, slots=True)
class FluxNodeDetail:
    """A Flux object, and where it is the one asked for, what may be shown of it."""

    audited: AuditedObject
    item: Mapping[str, Any] | None
    hidden: tuple[str, ...] = ()

    @property
    def node(self) -> FluxNode:
        """What ties it to others."""
        return self.audited.node

    @property
    def ref(self) -> ObjectRef:
        """What it is called."""
        return self.audited.ref


async def get_flux_resource(
    cluster: Cluster,
    *,
    kind: OneFluxKind,
    name: FluxName,
    namespace: OneNamespace = None,
    context: Context = None,
) -> FluxResource:
    """Show one Flux resource in detail: conditions, revisions, spec, inventory, history, events, audit findings."""
    request = await cluster.open(context)
    reading, _ = await read_allowed(
        cluster, request, FLUX_KINDS, lambda item: _detail(item, kind, name), namespace, insist=(kind,)
    )
    found = find_among(reading, request, kind, name, namespace)
    node = found.node
    running = [one for one in node.applied or () if one.workload is not None]
    kinds = tuple(one for one in WORKLOAD_KINDS if one in {managed.workload for managed in running})
    namespaces = {one.namespace for one in running}
    where = next(iter(namespaces)) if len(namespaces) == 1 else None
    async with gather() as reads:
        events = reads.read(EVENT.kind, cluster.read(request, (EVENT,), event, namespace=node.ref.namespace))
        workloads = (
            reads.read("workloads", cluster.read(request, kinds, view_workload, namespace=where))
            if kinds and not node.remote
            else None
        )
    audited_as = AuditContext(objects=tuple(one.audited for one in reading.objects), read=reading.read, now=request.now)
    about = [
        replace(one, message=mask_values(one.message, found.hidden))
        for one in events.value.objects
        if one.about == node.ref and one.group in {None, kind.group}
    ]
    return FluxResource(
        request=request,
        status=audited_as.statuses[node.ref],
        node=node,
        item=found.item or {},
        graph=audited_as.graph,
        statuses=audited_as.statuses,
        read=reading.read,
        workloads={one.ref: one for one in workloads.value.objects} if workloads else {},
        events=fold(about),
        audit=audit(audited_as, about=node.ref),
        unread=(*reading.unread, *reads.unread),
    )


def _detail(item: Mapping[str, Any], kind: FluxKind, name: str) -> FluxNodeDetail | None:
    one = audited(item)
    if one is None:
        return None
    asked = one.node.object.kind is kind and one.node.object.name == name
    return FluxNodeDetail(one, project(item), hidden_values(item)) if asked else FluxNodeDetail(one, None)
