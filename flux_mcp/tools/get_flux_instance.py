"""get_flux_instance: which Flux runs here, who installed it, how its controllers are, and how its objects are."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owners_by_label
from flux_mcp.api.unstructured import labels
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.diagnosis.controllers import ControllerSet, Watch
from flux_mcp.diagnosis.evidence import view_evidence
from flux_mcp.flux.installation import (
    CONTROLLERS,
    OPERATOR,
    OPERATOR_GROUP,
    Controller,
    Crd,
    Distribution,
    controllers,
    distribution,
    operators,
    reported_distribution,
    view_crd,
)
from flux_mcp.flux.objects import FluxObject, view
from flux_mcp.flux.status import assess
from flux_mcp.kubernetes.pods import Pod, pod
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.render.get_flux_instance import FluxInstallation
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import Context

NAMESPACES: Final = 2
"""Namespaces of controllers in which Pods without a label of Flux are looked for, each with one kubectl."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A Flux object, and what it tells of the distribution if it is one of the operator's."""

    object: FluxObject
    reported: Distribution | None
    labels: Mapping[str, str]

    @property
    def ref(self) -> ObjectRef:
        return self.object.ref


def _see(item: Mapping[str, Any]) -> _Seen | None:
    one = view(item)
    return None if one is None else _Seen(one, reported_distribution(item), labels(item, "metadata", "labels"))


async def get_flux_instance(cluster: Cluster, *, context: Context = None) -> FluxInstallation:
    """Report the Flux installation: version, installer, controllers, CRDs, sync, and resources counted by status."""
    request = await cluster.open(context)
    served = await cluster.served(request, FLUX_KINDS)
    names = tuple(kind.resource for kind in served)
    async with gather() as reads:
        objects_read = reads.read("Flux objects", cluster.read(request, FLUX_KINDS, _see))
        controllers_read = reads.read(
            "controllers", cluster.read(request, (DEPLOYMENT, POD), view_evidence, selector=CONTROLLERS)
        )
        crds_read = reads.read(CRD.kind, cluster.read(request, (CRD,), view_crd, names=names)) if names else None
        operator_read = (
            reads.read("Flux Operator", cluster.read(request, (DEPLOYMENT, POD), view_evidence, selector=OPERATOR))
            if any(kind.group == OPERATOR_GROUP for kind in served)
            else None
        )
        version = reads.start("the version of the API server", cluster.server_version(request), "")
    objects, parts = objects_read.value, controllers_read.value
    crds: ListResult[Crd] = crds_read.value if crds_read else ListResult((), frozenset())
    nothing = objects.blank and parts.blank and (crds_read is None or crds.blank)
    for error in (item.error for item in reads.unread if nothing):
        if error is not None:
            raise error
    deployments = [one for one in parts.objects if isinstance(one, Workload)]
    pods = [one for one in parts.objects if isinstance(one, Pod)] if POD.kind in parts.read else None
    operator = operator_read.value.objects if operator_read is not None else ()
    of_operator = [one for one in operator if isinstance(one, Workload)]
    found = controllers(deployments, pods)
    unread = reads.unread
    if pods is not None:
        pods += [one for one in operator if isinstance(one, Pod)]
        more, unread_pods = await _pods_without_label(cluster, request, [*found, *operators(of_operator, pods)])
        pods, unread = [*pods, *more], (*unread, *unread_pods)
        found = controllers(deployments, pods)
    reported = [one.reported for one in objects.objects if one.reported]
    several = sorted({one.ref.namespace for one in found})
    namespaces = several if len(several) > 1 else (None,)
    return FluxInstallation(
        request=request,
        distributions=tuple(distribution(reported, crds.objects, deployments, namespace) for namespace in namespaces),
        namespaces=tuple(namespace or "" for namespace in namespaces),
        server=version.value,
        controllers=found,
        operators=operators(of_operator, pods),
        crds=tuple(sorted(crds.objects, key=lambda crd: crd.ref)),
        statuses=assess((one.object for one in objects.objects), request.now),
        appliers=tuple(sorted(_appliers(deployments))),
        idle=_idle(objects.objects, ControllerSet(found), request),
        served=len(served),
        unread=unread,
    )


def _appliers(deployments: Sequence[Workload]) -> set[ObjectRef]:
    """Those who apply the same controllers, by their labels; none where each has one."""
    owners = (owners_by_label(one.labels) for one in deployments)
    return {owner for found in owners if len(found) > 1 for owner in found}


def _idle(
    seen: Sequence[_Seen], controllers: ControllerSet, request: RequestContext
) -> dict[ObjectRef | None, tuple[ObjectRef, ...]]:
    """The Deployment of a controller of which no Pod is ready → the objects that are its own; None → nobody's."""
    found: dict[ObjectRef | None, list[ObjectRef]] = defaultdict(list)
    for one in sorted(seen, key=lambda one: one.ref):
        flux = one.object
        if flux.kind.static or flux.oci_helm_repository:
            continue
        watch, watching = controllers.watch(flux.kind.controller, one.ref.namespace, one.labels, request.now)
        for key in (None,) if watch is Watch.NOBODY else tuple(each.ref for each in watching):
            if watch in {Watch.NOBODY, Watch.DOWN}:
                found[key].append(one.ref)
    return {key: tuple(refs) for key, refs in found.items()}


async def _pods_without_label(
    cluster: Cluster, request: RequestContext, found: Sequence[Controller]
) -> tuple[list[Pod], tuple[Unread, ...]]:
    """The Pods in the namespaces of controllers of which none was found: before Flux 2.7 they have no label of Flux."""
    namespaces = sorted({one.ref.namespace for one in found if one.restarts is None and one.wanted})[:NAMESPACES]
    async with gather() as reads:
        pending = [
            reads.read(f"Pods in {namespace}", cluster.read(request, (POD,), pod, namespace=namespace))
            for namespace in namespaces
        ]
    return [one for read in pending for one in read.value.objects], reads.unread
