"""list_flux_workloads: what Flux runs, from which images, and who applies it."""

from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.result import ListResult
from flux_mcp.flux.graph import FluxNode, Graph, view_node
from flux_mcp.flux.managed_workloads import (
    APPLIERS,
    Filter,
    Running,
    deliver,
    group,
    lost,
    place,
    remote,
    view_running,
)
from flux_mcp.render.list_flux_workloads import FluxWorkloads
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import Context, ImageContains, Limit, NameContains, Namespace, WorkloadKinds


async def list_flux_workloads(
    cluster: Cluster,
    *,
    namespace: Namespace = None,
    kinds: WorkloadKinds = None,
    name_contains: NameContains = None,
    image_contains: ImageContains = None,
    limit: Limit = None,
    context: Context = None,
) -> FluxWorkloads:
    """Workloads that Flux manages: who applies them, readiness, images of init and main containers."""
    wanted = Filter(kinds=kinds or WORKLOAD_KINDS, namespace=namespace, name=name_contains, image=image_contains)
    request = await cluster.open(context)
    workloads, appliers = await _read(cluster, request, wanted)
    workloads.require()
    graph = Graph(appliers.objects)
    matching = [one for one in workloads.objects if wanted.fits(one)]
    managed, unmanaged, made = deliver(matching, graph)
    unread = {kind.kind for kind in workloads.absent}
    return FluxWorkloads(
        request=request,
        groups=tuple(placed.group for placed in place(group(managed, graph, appliers.read))),
        graph=graph,
        unmanaged=unmanaged,
        made=made,
        remote=tuple(remote(graph, wanted)),
        lost=tuple(lost(graph, wanted, workloads.objects, workloads.read - unread)) if image_contains is None else (),
        flux=len(appliers.absent) < len(APPLIERS),
        certain=appliers.read >= {kind.kind for kind in APPLIERS},
        unread=(*workloads.unread, *appliers.unread),
        limit=limit,
    )


async def _read(
    cluster: Cluster, request: RequestContext, wanted: Filter
) -> tuple[ListResult[Running], ListResult[FluxNode]]:
    """The workloads, and at the same time the appliers; without these the labels still tell.

    Raises:
        KubectlError: the workloads could not be read.
    """
    async with gather() as reads:
        workloads = reads.read(
            [kind.kind for kind in wanted.kinds],
            cluster.read(request, wanted.kinds, view_running, namespace=wanted.namespace),
            required=True,
        )
        appliers = reads.read([kind.kind for kind in APPLIERS], cluster.read(request, APPLIERS, view_node))
    return workloads.value, appliers.value
