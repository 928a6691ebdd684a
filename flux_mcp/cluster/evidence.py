"""Reads what a diagnosis is made from: Flux objects, their controllers, and what runs where health checks failed."""

from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DEPLOYMENT, EVENT, JOB, POD, REPLICA_SET
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.get import read_allowed
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.diagnosis.evidence import ControllerEvidence, HealthEvidence
from flux_mcp.diagnosis.snapshot import SnapshotObject, view_snapshot_object
from flux_mcp.diagnosis.workload_health import index_workloads, view_workload_evidence
from flux_mcp.errors import BadArgument, BadOutput
from flux_mcp.flux.installation import CONTROLLERS, controllers
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.kubernetes.events import Event
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value

FIRST: Final = 0.6
"""The part of a call's time for the Flux objects and controllers; the rest is for what failed health checks need."""
NAMESPACES: Final = 10
"""Namespaces of failed health checks that are read, each with one kubectl."""
_BETWEEN: Final = {DEPLOYMENT.kind: REPLICA_SET, CRON_JOB.kind: JOB}
"""What stands between a workload and its Pods."""
_NOTHING: Final[tuple[ListResult[SnapshotObject], str | None]] = ListResult((), frozenset()), None


@dataclass(frozen=True, slots=True)
class FluxEvidence:
    """What every diagnosis begins with.

    Attributes:
        flux: the Flux objects.
        only: the one namespace that they were read in, where the identity may not list all.
        unread: what was not read of the controllers.
    """

    flux: ListResult[SnapshotObject]
    only: str | None
    controllers: ControllerEvidence
    unread: tuple[Unread, ...]


async def read_evidence(
    cluster: Cluster, request: RequestContext, namespace: str | None, insist: Sequence[Kind] = ()
) -> FluxEvidence:
    """Read Flux objects and controllers, with one kubectl each.

    Args:
        cluster: what is asked.
        request: from `Cluster.open`.
        namespace: where to read alone if the identity may not list all namespaces; one more kubectl then.
        insist: as `Cluster.read` takes it.

    Raises:
        KubectlError: no Flux object could be read.
    """
    read_parts: Awaitable[ListResult[Workload | Pod | Event]] = cluster.read(
        request, (DEPLOYMENT, REPLICA_SET, POD), view_workload_evidence, selector=CONTROLLERS
    )
    read_flux = read_allowed(cluster, request, FLUX_KINDS, view_snapshot_object, namespace, insist)
    async with gather(share=FIRST) as reads:
        flux = reads.start("Flux objects", read_flux, _NOTHING, required=True)
        parts = reads.read("the controllers", read_parts)
    found, only = flux.value
    objects = parts.value.objects
    deployments = [one for one in objects if isinstance(one, Workload) and one.ref.kind == DEPLOYMENT.kind]
    pods = [one for one in objects if isinstance(one, Pod)] if POD.kind in parts.value.read else None
    unread = parts.value.unread
    return FluxEvidence(
        flux=found,
        only=only,
        controllers=ControllerEvidence(controllers(deployments, pods), index_workloads(objects), not unread),
        unread=unread if parts.error is not None else tuple(map(_of_controllers, unread)),
    )


def _of_controllers(unread_item: Unread) -> Unread:
    return replace(unread_item, kinds=tuple(f"{kind} of the controllers" for kind in unread_item.kinds))


async def read_health(
    cluster: Cluster, request: RequestContext, failed: Iterable[InventoryEntry]
) -> tuple[HealthEvidence, tuple[Unread, ...]]:
    """Read workloads, Pods and Events in the namespaces of workloads whose health check failed, one kubectl each."""
    workloads = [one for one in failed if one.namespace]
    often = Counter(one.namespace for one in workloads)
    # Where most failed comes first; what is left out is said.
    ordered = sorted(often, key=lambda name: (-often[name], name))
    chosen, left_out = ordered[:NAMESPACES], ordered[NAMESPACES:]
    async with gather() as reads:
        found = {
            namespace: reads.read(
                f"workloads, Pods and Events in {value(namespace)}", _read_one(cluster, request, namespace, workloads)
            )
            for namespace in chosen
        }
    looked = frozenset(one for one in workloads if one.namespace in chosen)
    # In the order of the names, whatever order the answers came in.
    observed = index_workloads(one for namespace in chosen for one in found[namespace].value.objects)
    read = frozenset((namespace, kind) for namespace in chosen for kind in found[namespace].value.read)
    unread = tuple(
        unread_item if found[namespace].error else _within(namespace, unread_item)
        for namespace in sorted(chosen)
        for unread_item in found[namespace].value.unread
    )
    return HealthEvidence(observed, looked, tuple(left_out), read), unread


async def _read_one(
    cluster: Cluster, request: RequestContext, namespace: str, workloads: Sequence[InventoryEntry]
) -> ListResult[Workload | Pod | Event]:
    kinds = _kinds(one for one in workloads if one.namespace == namespace)
    try:
        return await cluster.read(request, kinds, view_workload_evidence, namespace=namespace)
    except BadArgument as error:
        raise BadOutput(f"{error} ({request.where})", brief="no name of a namespace") from None


def _within(namespace: str, unread_item: Unread) -> Unread:
    return replace(unread_item, kinds=tuple(f"{kind} in {namespace}" for kind in unread_item.kinds))


def _kinds(workloads: Iterable[InventoryEntry]) -> tuple[Kind, ...]:
    """The kinds to read to see why these are not ready: no more than are needed."""
    wanted: dict[Kind, None] = {}
    for one in workloads:
        if (kind := one.workload) is not None:
            wanted[kind] = None
            if kind.kind in _BETWEEN:
                wanted[_BETWEEN[kind.kind]] = None
    return (*wanted, POD, EVENT)
