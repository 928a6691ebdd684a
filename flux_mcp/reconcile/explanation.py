"""Why a request ended as it did, beyond what the object itself says: read once, when the wait is over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.evidence import read_health
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.get import read_allowed
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.diagnosis.evidence import Evidence, View, view_evidence
from flux_mcp.diagnosis.messages import named_objects
from flux_mcp.flux.graph import Graph, loops_by_source, view_node
from flux_mcp.flux.installation import CONTROLLERS, Controller, controllers
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import ObjectStatus, assess
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.reconcile.dependencies import Dependencies, read_targets
from flux_mcp.reconcile.outcome import Outcome, ReconcileResult, Why
from flux_mcp.request import RequestContext

_FOLLOWED: Final = frozenset(by_kind["Kustomization"].sources)
"""The kinds whose new revisions Kustomizations follow."""
Loops = Mapping[ObjectRef, tuple[ObjectRef, ...]]
"""Sources whose new revisions no Kustomization follows → the Kustomizations that depend on each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEvidence:
    """The objects that the message of a failure names.

    Attributes:
        about: the object that failed.
        flux: Flux objects.
        workloads: Kubernetes' own.
        health: what runs in their namespaces.
    """

    about: ObjectRef
    flux: tuple[ObjectStatus, ...]
    workloads: tuple[InventoryEntry, ...]
    health: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What was read beside the results of one call.

    Attributes:
        dependencies: what the object of the last result waits for.
        loops: of the sources that have a new revision.
        controllers: those with Flux's label; None where they were not needed, or could not be read.
        failure: of the first result that failed.
        unread: what could not be read.
    """

    dependencies: Dependencies | None = None
    loops: Loops = field(default_factory=dict)
    controllers: tuple[Controller, ...] | None = None
    failure: FailureEvidence | None = None
    unread: tuple[Unread, ...] = ()


async def explain(
    cluster: Cluster,
    request: RequestContext,
    results: Sequence[ReconcileResult],
    dependencies: Dependencies | None = None,
) -> Explanation:
    """Read what says more of the results of one call; nothing where they say it all.

    Args:
        results: at least one.
        dependencies: what the object of the last one waits for.
    """
    failed = next((one for one in results if one.outcome is Outcome.FAILED and one.after is not None), None)
    named = _named(failed) if failed is not None else ()
    moved = {one.ref for one in results if one.ref.kind in _FOLLOWED and one.revisions[0] != one.revisions[1]}
    sources = moved | (dependencies.sources_ahead if dependencies is not None else set())
    unread: list[Unread] = []
    idle = any(one.why in {Why.NOT_TAKEN_UP, Why.EARLIER_RUN} for one in results)
    namespace = results[-1].ref.namespace
    async with gather() as reads:
        loops = found = failure = None
        if sources:
            loops = reads.start("Kustomization", _loops(cluster, request, namespace, sources, unread), {})
        if idle:
            found = reads.start("the controllers", _controllers(cluster, request, unread), None)
        if failed is not None and named:
            failure = reads.start("what failed", _failure(cluster, request, failed.ref, named, unread), None)
    return Explanation(
        dependencies=dependencies,
        loops=loops.value if loops is not None else {},
        controllers=found.value if found is not None else None,
        failure=failure.value if failure is not None else None,
        unread=(*reads.unread, *unread),
    )


async def _loops(
    cluster: Cluster, request: RequestContext, namespace: str, sources: Iterable[ObjectRef], unread: list[Unread]
) -> Loops:
    reading, _ = await read_allowed(cluster, request, (by_kind["Kustomization"],), view_node, namespace)
    unread.extend(reading.unread)
    found = loops_by_source(Graph(reading.objects))
    return {source: found[source] for source in sorted(sources) if source in found}


async def _controllers(
    cluster: Cluster, request: RequestContext, unread: list[Unread]
) -> tuple[Controller, ...] | None:
    reading: ListResult[View] = await cluster.read(request, (DEPLOYMENT, POD), view_evidence, selector=CONTROLLERS)
    unread.extend(reading.unread)
    if DEPLOYMENT.kind not in reading.read:
        return None
    pods = [one for one in reading.objects if isinstance(one, Pod)] if POD.kind in reading.read else None
    return controllers([one for one in reading.objects if isinstance(one, Workload)], pods)


def _named(failed: ReconcileResult) -> tuple[InventoryEntry, ...]:
    """The objects of this cluster that a failure names."""
    if failed.after is None or failed.after.node.remote:
        return ()
    return tuple(one.entry for one in named_objects(failed.message, failed.after.namespace))


async def _failure(
    cluster: Cluster, request: RequestContext, about: ObjectRef, named: Sequence[InventoryEntry], unread: list[Unread]
) -> FailureEvidence:
    refs = [one.ref for one in named if one.is_flux]
    workloads = tuple(one for one in named if one.workload is not None)
    failed: dict[ObjectRef, str] = {}
    targets = await read_targets(cluster, request, refs, failed)
    unread.extend(Unread((ref.kind,), why) for ref, why in failed.items())
    health, unread_health = await read_health(cluster, request, workloads)
    unread.extend(unread_health)
    flux = assess((one.object for one in targets.values()), datetime.now(UTC))
    return FailureEvidence(about=about, flux=flux, workloads=workloads, health=health)
