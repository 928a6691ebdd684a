"""get_flux_resource: one Flux object in detail."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind
from flux_mcp.api.kinds import kind_of
from flux_mcp.api.kubernetes_kinds import EVENT, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import text
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
    """A Flux object; of the requested one also what may be shown of it."""

    audited: AuditedObject
    item: Mapping[str, Any] | None
    hidden: tuple[str, ...] = ()

    @property
    def node(self) -> FluxNode:
        """What ties it to others."""
        return self.audited.node

    @property
    def ref(self) -> ObjectRef:
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
    running = [inventory_entry for inventory_entry in node.applied or () if inventory_entry.workload is not None]
    kinds = tuple(kind for kind in WORKLOAD_KINDS if kind in {managed.workload for managed in running})
    namespaces = {inventory_entry.namespace for inventory_entry in running}
    where = next(iter(namespaces)) if len(namespaces) == 1 else None
    async with gather() as reads:
        events = reads.read(EVENT.kind, cluster.read(request, (EVENT,), event, namespace=node.ref.namespace))
        workloads = (
            reads.read("workloads", cluster.read(request, kinds, view_workload, namespace=where))
            if kinds and not node.remote
            else None
        )
    audited_as = AuditContext(
        objects=tuple(flux_node.audited for flux_node in reading.objects), read=reading.read, now=request.now
    )
    about = [
        replace(event, message=mask_values(event.message, found.hidden))
        for event in events.value.objects
        if event.about == node.ref and event.group in {None, kind.group}
    ]
    return FluxResource(
        request=request,
        status=audited_as.statuses[node.ref],
        node=node,
        item=found.item or {},
        graph=audited_as.graph,
        statuses=audited_as.statuses,
        read=reading.read,
        workloads={workload.ref: workload for workload in workloads.value.objects} if workloads else {},
        workload_kinds=frozenset(workloads.value.read) if workloads else frozenset(),
        events=fold(about),
        audit=audit(audited_as, about=node.ref),
        unread=(*reading.unread, *reads.unread),
    )


def _detail(item: Mapping[str, Any], kind: FluxKind, name: str) -> FluxNodeDetail | None:
    requested = kind_of(text(item, "apiVersion"), text(item, "kind")) is kind and text(item, "metadata", "name") == name
    # What the checks of single objects find in others is not shown.
    flux_node = audited(item, None if requested else {})
    if flux_node is None:
        return None
    return (
        FluxNodeDetail(flux_node, project(item), hidden_values(item)) if requested else FluxNodeDetail(flux_node, None)
    )
