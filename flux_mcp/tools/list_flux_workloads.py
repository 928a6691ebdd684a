"""list_flux_workloads: the workloads that Flux manages, their images, and who applies them."""

from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.result import ListResult
from flux_mcp.flux.graph import FluxNode, Graph, view_node
from flux_mcp.flux.managed_workloads import (
    APPLIERS,
    WorkloadFilter,
    WorkloadView,
    group,
    missing_workloads,
    on_other_clusters,
    split_by_manager,
    view_managed,
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
    """List the workloads that Flux manages: images, readiness, and which Kustomization or HelmRelease applies them."""
    wanted = WorkloadFilter(
        kinds=kinds or WORKLOAD_KINDS, namespace=namespace, name=name_contains, image=image_contains
    )
    request = await cluster.open(context)
    workloads, appliers = await _read(cluster, request, wanted)
    workloads.require()
    graph = Graph(appliers.objects)
    matching = [one for one in workloads.objects if wanted.fits(one)]
    managed, unmanaged, made = split_by_manager(matching, graph)
    absent = {kind.kind for kind in workloads.absent}
    return FluxWorkloads(
        request=request,
        groups=group(managed, graph, appliers.read),
        graph=graph,
        unmanaged=unmanaged,
        made=made,
        remote=on_other_clusters(graph, wanted),
        missing=tuple(missing_workloads(graph, wanted, workloads.objects, workloads.read - absent))
        if image_contains is None
        else (),
        flux=len(appliers.absent) < len(APPLIERS),
        certain=appliers.read >= {kind.kind for kind in APPLIERS},
        unread=(*workloads.unread, *appliers.unread),
        limit=limit,
    )


async def _read(
    cluster: Cluster, request: RequestContext, wanted: WorkloadFilter
) -> tuple[ListResult[WorkloadView], ListResult[FluxNode]]:
    """The workloads, and at the same time the appliers; without these the labels still say.

    Raises:
        KubectlError: the workloads could not be read.
    """
    async with gather() as reads:
        workloads = reads.read(
            [kind.kind for kind in wanted.kinds],
            cluster.read(request, wanted.kinds, view_managed, namespace=wanted.namespace),
            required=True,
        )
        appliers = reads.read([kind.kind for kind in APPLIERS], cluster.read(request, APPLIERS, view_node))
    return workloads.value, appliers.value
