"""list_flux_resources: all Flux objects and their health, trouble first."""

from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import with_sources
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.flux.objects import view
from flux_mcp.flux.status import Health, assess, idle_since, with_missing_sources
from flux_mcp.render.list_flux_resources import FluxResources
from flux_mcp.tools.arguments import (
    Context,
    Kinds,
    Limit,
    NameContains,
    Namespace,
    Selector,
    Status,
)

_NO_TROUBLE: Final = frozenset({Health.READY, Health.STATIC, Health.SUSPENDED, Health.PROGRESSING})
"""Who requests none but these does not look for trouble."""


async def list_flux_resources(
    cluster: Cluster,
    *,
    kinds: Kinds = None,
    namespace: Namespace = None,
    status: Status = None,
    name_contains: NameContains = None,
    selector: Selector = None,
    limit: Limit = None,
    context: Context = None,
) -> FluxResources:
    """List all Flux resources with status, revision and error message, failing ones first; or only some of them."""
    wanted = kinds or FLUX_KINDS
    request = await cluster.open(context)
    everything = await cluster.read(
        request, with_sources(wanted), view, namespace=namespace, selector=selector, insist=kinds or ()
    )
    result = everything.only(kind.kind for kind in wanted)
    result.require(None if kinds is None else request.where)
    part = (name_contains or "").lower()
    complete = namespace is None and selector is None

    def read(ref: ObjectRef) -> bool:
        return ref.kind in everything.read and (complete or (namespace is not None and ref.namespace == namespace))

    found = with_missing_sources(assess(everything.objects, request.now), read)
    statuses = tuple(one for one in found if one.object.kind in wanted)
    named = tuple(one for one in statuses if part in one.object.name.lower())
    matching = tuple(one for one in named if status is None or status.fits(one))
    return FluxResources(
        request=request,
        matching=matching,
        examined=len(statuses),
        # A source may be missing because it was not looked for, rather than because it does not exist.
        unchecked=sum(not all(map(read, one.missing_sources)) for one in matching),
        others=tuple(one for one in named if one.trouble and not status.fits(one))
        if status is not None and status.health - _NO_TROUBLE
        else (),
        idle=idle_since(statuses, request.now),
        absent=result.absent,
        unread=result.unread,
        limit=limit,
    )
