"""list_flux_resources: all Flux objects and how they are, trouble first."""

from collections.abc import Iterator, Sequence
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import with_sources
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import KindNotInstalled
from flux_mcp.flux.objects import FluxObject, view
from flux_mcp.flux.status import Health, ObjectStatus, assess
from flux_mcp.render.list_flux_resources import FluxResources
from flux_mcp.tools.arguments import (
    Context,
    Kinds,
    Limit,
    NameContains,
    Namespace,
    Selector,
    Status,
    StatusFilter,
)

_TROUBLE: Final = StatusFilter(frozenset(), trouble=True)


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
    """All Flux objects and their status, trouble first: verdict, flags, reason, age, revision, message."""
    wanted = kinds or FLUX_KINDS
    request = await cluster.open(context)
    reading = await cluster.read(
        request, with_sources(wanted), view, namespace=namespace, selector=selector, insist=kinds or ()
    )
    asked = reading.only(kind.kind for kind in wanted)
    if kinds is not None and len(asked.absent) == len(wanted):
        told = ", ".join(kind.kind for kind in wanted)
        raise KindNotInstalled(f"The cluster does not serve {told}; {request.where}.", brief="not installed")
    asked.require()
    statuses = tuple(entry for entry in assess(reading.objects, request.now) if entry.object.kind in wanted)
    matching = tuple(_select(statuses, status, name_contains))
    others = _select(statuses, _TROUBLE, name_contains) if status is not None and _of_trouble(status) else ()
    whole = namespace is None and selector is None
    return FluxResources(
        request=request,
        matching=matching,
        examined=len(statuses),
        unchecked=sum(_unchecked(entry, reading, whole=whole, namespace=namespace) for entry in matching),
        others=tuple(entry for entry in others if entry not in matching),
        absent=asked.absent,
        unread=asked.unread,
        limit=limit,
    )


def _select(
    statuses: Sequence[ObjectStatus], status: StatusFilter | None, name_contains: str | None
) -> Iterator[ObjectStatus]:
    part = (name_contains or "").lower()
    for entry in statuses:
        if (status is None or status.fits(entry)) and part in entry.object.name.lower():
            yield entry


def _of_trouble(status: StatusFilter) -> bool:
    """Whether somebody who asks for these health values asks for trouble."""
    return bool(status.health - {Health.READY, Health.STATIC, Health.SUSPENDED, Health.PROGRESSING})


def _unchecked(entry: ObjectStatus, reading: ListResult[FluxObject], *, whole: bool, namespace: str | None) -> bool:
    """Whether a source is missing from what was read because it was not looked for, not because it is not there."""
    return any(
        ref.kind not in reading.read or not (whole or (namespace is not None and ref.namespace == namespace))
        for ref in entry.missing_sources
    )
