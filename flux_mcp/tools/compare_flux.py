"""compare_flux: what differs between two clusters or recordings, or between a cluster then and now."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind
from flux_mcp.api.kinds import with_sources
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather, task_group
from flux_mcp.cluster.namespaces import check_exists
from flux_mcp.cluster.result import Unread
from flux_mcp.compare.differences import compare
from flux_mcp.compare.snapshot import WORKLOADS, Side, view_compared
from flux_mcp.errors import NotFound, RecordedInPart
from flux_mcp.render.compare_flux import FluxComparison
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value
from flux_mcp.tools.arguments import Kinds, Limit, Namespace, OtherContext, TheContext


@dataclass(frozen=True, slots=True)
class _Read:
    request: RequestContext
    side: Side
    absent: frozenset[str]
    unread: tuple[Unread, ...]


async def compare_flux(
    cluster: Cluster,
    *,
    context: TheContext,
    with_context: OtherContext,
    namespace: Namespace = None,
    kinds: Kinds = None,
    limit: Limit = None,
) -> FluxComparison:
    """What differs between two contexts: spec, objects on one side, revisions, images, health, Flux version."""
    wanted = kinds or FLUX_KINDS
    found: dict[str, _Read] = {}

    async def read(name: str) -> None:
        found[name] = await _read(cluster, name, wanted, namespace, workloads=kinds is None)

    async with task_group() as group:
        for name in dict.fromkeys((context, with_context)):
            group.start_soon(read, name)
    left, right = found[context], found[with_context]
    nowhere, unsure = await _without(cluster, [*found.values()], namespace) if namespace is not None else ((), ())
    names = [kind.kind for kind in (*wanted, *(WORKLOADS if kinds is None else ()))]
    return FluxComparison(
        request=left.request,
        other=right.request,
        unread=(*(unread for each in found.values() for unread in each.unread), *unsure),
        comparison=compare(left.side, right.side, names),
        absent=(left.absent, right.absent),
        namespace=namespace,
        nowhere=nowhere,
        limit=limit,
    )


async def _without(
    cluster: Cluster, sides: Sequence[_Read], namespace: str
) -> tuple[tuple[RequestContext, ...], tuple[Unread, ...]]:
    """The sides on which a namespace does not exist, and where that is not known.

    Raises:
        NotFound: it exists on neither side; near names are given.
    """
    missing, unsure, first = [], [], None
    for each in sides:
        if not each.side.objects:
            try:
                unread = await check_exists(cluster, each.request, namespace)
                unsure += [item.of(_of(each.request)) for item in unread]
            except NotFound as error:
                first = first or error
                missing.append(each.request)
    if first is not None and len(missing) == len(sides):
        raise first
    return tuple(missing), tuple(unsure)


def _of(request: RequestContext) -> str:
    return f" of {value(request.context or '')}"


async def _read(
    cluster: Cluster, context: str, kinds: Sequence[FluxKind], namespace: str | None, *, workloads: bool
) -> _Read:
    """One side: three kubectl.

    Raises:
        KubectlError: no Flux object could be read.
    """
    request = await cluster.open(context)
    async with gather() as reads:
        flux_read = cluster.read(request, with_sources(kinds), view_compared, namespace=namespace)
        flux = reads.read("Flux objects", flux_read, required=True)
        rest = []
        if workloads:
            workloads_read = cluster.read(request, WORKLOADS, view_compared, namespace=namespace)
            rest.append(reads.read("workloads", workloads_read))
        server = reads.start("the version of the API server", cluster.server_version(request), "")
    flux.value.require()
    lists = (flux.value, *(pending.value for pending in rest))
    side = Side(
        objects={each.ref: each for found in lists for each in found.objects},
        coverage=reduce(or_, (found.coverage for found in lists)),
        server=server.value,
        now=request.now,
    )
    return _Read(
        request=request,
        side=side,
        absent=frozenset(kind.kind for found in lists for kind in found.absent),
        unread=tuple(each.of(_of(request)) for each in reads.unread if not isinstance(each.error, RecordedInPart)),
    )
