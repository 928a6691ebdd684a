"""get_flux_changes: what changed lately, who or which revision did it, and which revision broke what fails now."""

from collections.abc import Awaitable
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Final

from flux_mcp.api.coverage import Coverage
from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, EVENT, NAMESPACE, REPLICA_SET, STATEFUL_SET
from flux_mcp.changes.evidence import FluxRecord, Record, WorkloadRecord, view_record
from flux_mcp.changes.history import index
from flux_mcp.changes.timeline import folded, named, narrow, timeline, within
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.result import ListResult
from flux_mcp.errors import BadArgument, Forbidden
from flux_mcp.flux.status import assess
from flux_mcp.render.get_flux_changes import FluxChanges
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import Context, Limit, Namespace, OnlyKind, OnlyName, SinceOneDay, check_target

DEFAULT_SINCE: Final = 24 * 3600
WORKLOADS: Final = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB)
Records = ListResult[Record]


async def get_flux_changes(
    cluster: Cluster,
    *,
    since: SinceOneDay = None,
    namespace: Namespace = None,
    kind: OnlyKind = None,
    name: OnlyName = None,
    limit: Limit = None,
    context: Context = None,
) -> FluxChanges:
    """What changed, newest first, by which revision or client; last good and first bad revision of what fails now."""
    if name is not None and kind is None:
        raise BadArgument("name", "needs kind")
    wanted = resolve_known(kind) if kind is not None else None
    check_target(wanted, name, namespace)
    request = await cluster.open(context)
    if kind is not None and wanted is None:
        wanted = await cluster.resolve(request, kind)
        check_target(wanted, name, namespace)
    reads, coverage = await _read(cluster, request, namespace)
    reads[0].require()
    history = index((record for read in reads for record in read.objects), coverage)
    found = timeline(history, assess((record.object for record in history.flux.values()), request.now))
    oldest = request.now - timedelta(seconds=since or DEFAULT_SINCE)
    target = namespace, wanted.kind if wanted is not None else None, name
    return FluxChanges(
        request=request,
        unread=tuple(unread for read in reads for unread in read.unread),
        changes=folded(
            shown for change in found.changes if within(change, oldest) and (shown := narrow(change, *target))
        ),
        regressions=tuple(each for each in found.regressions if named(each.status.object.ref, *target)),
        flux=len(reads[0].absent) < len(FLUX_KINDS),
        selected=any(part is not None for part in target),
        assessed=sum(named(ref, *target) for ref in history.flux),
        complete=not reads[0].unread,
        down=tuple(ref for ref, record in history.workloads.items() if record.controller and record.down),
        oldest=oldest,
        oldest_event=history.oldest_event,
        limit=limit,
    )


async def _read(
    cluster: Cluster, request: RequestContext, namespace: str | None
) -> tuple[tuple[Records, ...], Coverage]:
    """The Flux objects, the workloads with their ReplicaSets, and the Events, with four kubectl at most; what is known.

    In one namespace the Flux objects are read of all where that is allowed, and the Events of the namespace that the
    appliers are in, since those tell by which revision something was changed.
    """

    def read(kinds: tuple[Kind, ...], where: str | None, *, managed_fields: bool = False) -> Awaitable[Records]:
        return cluster.read(request, kinds, view_record, namespace=where, managed_fields=managed_fields)

    kinds = (REPLICA_SET, EVENT, *((NAMESPACE,) if namespace is None else ()))
    async with gather(1.0 if namespace is None else 0.6) as reads:
        flux = reads.read("Flux objects", read(FLUX_KINDS, None, managed_fields=True), required=True)
        workloads = reads.read("workloads", read(WORKLOADS, namespace, managed_fields=True))
        events = reads.read("ReplicaSets and Events", read(kinds, namespace))
    found = (flux.value, workloads.value, events.value)
    coverage = [each.coverage for each in found]
    if namespace is None:
        return found, reduce(or_, coverage)
    others = coverage[1].only(namespace) | coverage[2].only(namespace)
    if flux.value.blank and isinstance(flux.value.unread[0].error, Forbidden):
        these = await read(FLUX_KINDS, namespace, managed_fields=True)
        return (these, *found[1:]), these.coverage.only(namespace) | others
    own = [
        record
        for record in (*flux.value.objects, *workloads.value.objects)
        if isinstance(record, FluxRecord | WorkloadRecord) and record.ref.namespace == namespace
    ]
    places = {applier.namespace for record in own for applier in record.appliers} - {namespace}
    if own and not places:
        return found, coverage[0] | others
    async with gather() as more:
        name = "Events of the namespaces of the appliers"
        # Where nothing is in the namespace, only Events of appliers elsewhere tell what they had in it.
        rest = more.read(name, read((EVENT,), next(iter(places)) if len(places) == 1 else None))
    return (*found, rest.value), coverage[0] | others
