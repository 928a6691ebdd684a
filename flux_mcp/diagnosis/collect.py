"""What a diagnosis is made from: the Flux objects, their controllers, and what runs where health checks failed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DEPLOYMENT, EVENT, JOB, POD, REPLICA_SET
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.get import read_allowed
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.diagnosis.snapshot import SnapshotObject, view_snapshot_object
from flux_mcp.diagnosis.workload_health import WorkloadEvidence, index_workloads, view_workload_evidence
from flux_mcp.errors import BadArgument, KubectlError, first_of
from flux_mcp.flux.installation import CONTROLLERS, Controller, controllers
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.kubernetes.events import Event
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value

NAMESPACES: Final = 10
"""Namespaces of failed health checks that are looked at, each with one kubectl."""
_BETWEEN: Final = {DEPLOYMENT.kind: REPLICA_SET, CRON_JOB.kind: JOB}
"""What stands between a workload and its Pods."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What every diagnosis begins with.

    Attributes:
        flux: the Flux objects.
        only: the one namespace that they were read in, where the identity may not list all.
        controllers: by label; none where they were not read.
        observed: the controllers' Deployments, ReplicaSets and Pods.
        gaps: what was not read of the controllers.
    """

    flux: ListResult[SnapshotObject]
    only: str | None
    controllers: tuple[Controller, ...]
    observed: WorkloadEvidence
    unread: tuple[Unread, ...]


@dataclass(frozen=True, slots=True)
class HealthEvidence:
    """What runs in the namespaces of failed health checks.

    Attributes:
        looked: workloads whose namespace was looked at.
        left_out: namespaces beyond the bound.
        read: (namespace, kind) of which everything is known.
    """

    observed: WorkloadEvidence
    looked: frozenset[InventoryEntry]
    left_out: tuple[str, ...]
    read: frozenset[tuple[str, str]]
    unread: tuple[Unread, ...]


async def read_evidence(
    cluster: Cluster, request: RequestContext, namespace: str | None, insist: Sequence[Kind] = ()
) -> Evidence:
    """Read Flux objects and controllers, with one kubectl each.

    Args:
        cluster: what is asked.
        scope: from `Cluster.open`.
        namespace: where to read alone if the identity may not list all namespaces; one more kubectl then.
        insist: as `Cluster.read` takes it.

    Raises:
        KubectlError: no Flux object could be read.
    """
    found: list[ListResult[SnapshotObject]] = []
    parts: list[ListResult[Any]] = []
    unread: list[Unread] = []
    only: list[str] = []

    async def read_flux() -> None:
        reading, alone = await read_allowed(cluster, request, FLUX_KINDS, view_snapshot_object, namespace, insist)
        found.append(reading)
        only.extend(() if alone is None else (alone,))

    async def read_controllers() -> None:
        try:
            kinds = (DEPLOYMENT, REPLICA_SET, POD)
            parts.append(await cluster.read(request, kinds, view_workload_evidence, selector=CONTROLLERS))
        except KubectlError as error:
            unread.append(Unread(("the controllers",), error.brief, error))

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(read_flux)
            group.start_soon(read_controllers)
    except ExceptionGroup as several:
        raise first_of(several) from None
    objects: Sequence[Workload | Pod | Event] = parts[0].objects if parts else ()
    deployments = [one for one in objects if isinstance(one, Workload) and one.ref.kind == DEPLOYMENT.kind]
    pods = [one for one in objects if isinstance(one, Pod)] if parts and POD.kind in parts[0].read else None
    return Evidence(
        flux=found[0],
        only=only[0] if only else None,
        controllers=controllers(deployments, pods),
        observed=index_workloads(objects),
        unread=(*unread, *(_of_controllers(unread_item) for part in parts for unread_item in part.unread)),
    )


def _of_controllers(unread_item: Unread) -> Unread:
    return replace(unread_item, kinds=tuple(f"{kind} of the controllers" for kind in unread_item.kinds))


async def read_health(cluster: Cluster, request: RequestContext, failed: Iterable[InventoryEntry]) -> HealthEvidence:
    """Read workloads, Pods and Events in the namespaces of workloads whose health check failed, one kubectl each."""
    workloads = [one for one in failed if one.namespace]
    often = Counter(one.namespace for one in workloads)
    # Where most failed comes first; what is left out is said.
    ordered = sorted(often, key=lambda name: (-often[name], name))
    chosen, left_out = ordered[:NAMESPACES], ordered[NAMESPACES:]
    objects: dict[str, Sequence[Workload | Pod | Event]] = {}
    read: set[tuple[str, str]] = set()
    unread: list[Unread] = []

    async def read_one(namespace: str) -> None:
        kinds = _kinds(one for one in workloads if one.namespace == namespace)
        try:
            reading: ListResult[Workload | Pod | Event] = await cluster.read(
                request, kinds, view_workload_evidence, namespace=namespace
            )
        except KubectlError as error:
            unread.append(Unread((f"workloads, Pods and Events in {namespace}",), error.brief, error))
            return
        except BadArgument:
            unread.append(Unread((f"workloads, Pods and Events in {value(namespace)}",), "no name of a namespace"))
            return
        objects[namespace] = reading.objects
        read.update((namespace, kind) for kind in reading.read)
        unread.extend(
            replace(unread_item, kinds=tuple(f"{kind} in {namespace}" for kind in unread_item.kinds))
            for unread_item in reading.unread
        )

    async with anyio.create_task_group() as group:
        for namespace in chosen:
            group.start_soon(read_one, namespace)
    looked = frozenset(one for one in workloads if one.namespace in chosen)
    # In the order of the names, whatever order the answers came in.
    observed = index_workloads(one for namespace in chosen for one in objects.get(namespace, ()))
    ordered_gaps = tuple(sorted(unread, key=lambda unread_item: unread_item.kinds))
    return HealthEvidence(observed, looked, tuple(left_out), frozenset(read), ordered_gaps)


def _kinds(workloads: Iterable[InventoryEntry]) -> tuple[Kind, ...]:
    """The kinds to read to see why these are not ready: no more than are needed."""
    wanted: dict[Kind, None] = {}
    for one in workloads:
        if (kind := one.workload) is not None:
            wanted[kind] = None
            if kind.kind in _BETWEEN:
                wanted[_BETWEEN[kind.kind]] = None
    return (*wanted, POD, EVENT)
