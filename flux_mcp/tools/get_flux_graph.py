"""get_flux_graph: a diagram of what comes from where, and what waits for what."""

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.get import find_among, read_allowed
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import BadArgument, KindNotInstalled
from flux_mcp.flux.diagram import flow_of
from flux_mcp.flux.graph import FluxNode, Graph, view_node
from flux_mcp.flux.status import assess
from flux_mcp.render.get_flux_graph import FluxGraph
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import Context, Namespace, OnlyFluxKind, OnlyFluxName


async def get_flux_graph(
    cluster: Cluster,
    *,
    kind: OnlyFluxKind = None,
    name: OnlyFluxName = None,
    namespace: Namespace = None,
    context: Context = None,
) -> FluxGraph:
    """A Mermaid diagram of sources, appliers, what they made and dependsOn, with verdicts; all, or around an object."""
    if name is not None and kind is None:
        raise BadArgument("kind", "is needed with name: the Flux kind of the object so named")
    wanted = kind
    request = await cluster.open(context)
    # Neighbors live anywhere, so that a namespace alone is read only for those who may read nothing else.
    insist = () if kind is None else (kind,)
    reading, only_namespace = await read_allowed(cluster, request, FLUX_KINDS, view_node, namespace, insist)
    flow = flow_of(Graph(reading.objects))
    about = None
    if wanted is not None and name is not None:
        about = find_among(reading, request, wanted, name, namespace).ref
        flow = flow.around(about)
    elif wanted is not None or namespace is not None:
        if wanted is not None:
            _require(reading, request, wanted)
        flow = flow.beside(
            node for node in flow.nodes if isinstance(node, ObjectRef) and _fits(node, wanted, namespace)
        )
    return FluxGraph(
        request=request,
        flow=flow,
        about=about,
        statuses={entry.object.ref: entry for entry in assess((one.object for one in reading.objects), request.now)},
        read=reading.read,
        only_namespace=only_namespace,
        served=len(reading.absent) < len(FLUX_KINDS),
        unread=reading.unread,
    )


def _require(reading: ListResult[FluxNode], request: RequestContext, kind: FluxKind) -> None:
    """Refuse to draw objects of a kind of which nothing is known.

    Raises:
        KindNotInstalled: the API server does not serve the kind.
        KubectlError: it could not be read.
    """
    of_kind = reading.only((kind.kind,))
    if of_kind.absent:
        raise KindNotInstalled(f"The cluster does not serve {kind.kind}; {request.where}.", brief="not installed")
    of_kind.require()


def _fits(ref: ObjectRef, kind: FluxKind | None, namespace: str | None) -> bool:
    """Whether an object is of the kind and in the namespace, be it there, missing or not read."""
    return (kind is None or ref.kind == kind.kind) and namespace in {None, ref.namespace}
