"""get_flux_graph: a diagram of the Flux objects and how they refer to each other."""

from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.get import find_among, read_allowed
from flux_mcp.errors import BadArgument
from flux_mcp.flux.diagram import Flow, flow_of
from flux_mcp.flux.graph import Graph, view_node
from flux_mcp.flux.status import assess
from flux_mcp.render.get_flux_graph import FluxGraph
from flux_mcp.tools.arguments import ALL, Context, Edges, Namespace, OnlyFluxKind, OnlyFluxName

MANY: Final = 40
"""Edges above which only dependencies are drawn unless the caller says otherwise."""


async def get_flux_graph(
    cluster: Cluster,
    *,
    kind: OnlyFluxKind = None,
    name: OnlyFluxName = None,
    namespace: Namespace = None,
    edges: Edges = None,
    context: Context = None,
) -> FluxGraph:
    """Draw Flux objects with their health as a Mermaid flowchart: sources, appliers, what they apply, dependsOn."""
    if name is not None and kind is None:
        raise BadArgument("kind", "required with name: the Flux kind of that object")
    request = await cluster.open(context)
    # Neighbors live anywhere, so a namespace alone is read only for those who may read nothing else.
    insist = () if kind is None else (kind,)
    read, only_namespace = await read_allowed(cluster, request, FLUX_KINDS, view_node, namespace, insist)
    flow = flow_of(Graph(read.objects))
    about = None
    if kind is not None and name is not None:
        about = find_among(read, request, kind, name, namespace).ref
        flow = flow.around(about)
    elif kind is not None or namespace is not None:
        if kind is not None:
            read.only((kind.kind,)).require(request.where)
        flow = flow.beside(
            node for node in flow.nodes if isinstance(node, ObjectRef) and _matches(node, kind, namespace)
        )
    return FluxGraph(
        request=request,
        flow=_drawn(flow, edges, about),
        matching=flow,
        edges=edges,
        about=about,
        statuses={status.object.ref: status for status in assess((node.object for node in read.objects), request.now)},
        read=read.read,
        only_namespace=only_namespace,
        served=len(read.absent) < len(FLUX_KINDS),
        unread=read.unread,
    )


def _drawn(flow: Flow, edges: str | None, about: ObjectRef | None) -> Flow:
    """The part of a flow that is drawn."""
    if edges == ALL or (edges is None and len(flow.arrows) <= MANY):
        return flow
    dependencies = flow.dependencies(about)
    # A large cluster without a single dependsOn is drawn nevertheless.
    return dependencies if dependencies.arrows or edges is not None else flow


def _matches(ref: ObjectRef, kind: FluxKind | None, namespace: str | None) -> bool:
    """Whether an object is of the kind and in the namespace, whether it exists, is missing or was not read."""
    return (kind is None or ref.kind == kind.kind) and namespace in {None, ref.namespace}
