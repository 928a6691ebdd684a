"""audit_flux_configuration: what is configured in a way that Flux's documentation advises against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import anyio

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind, Kind
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, DEPLOYMENT
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import text
from flux_mcp.audit.rule import AuditContext, Severity
from flux_mcp.audit.run import CLUSTER_KINDS, audit
from flux_mcp.audit.spec_view import Audited, audited
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import KindNotInstalled, KubectlError
from flux_mcp.flux.installation import CONTROLLERS, Crd, view_crd
from flux_mcp.kubernetes.pods import Pod, pod
from flux_mcp.kubernetes.workloads import Workload, view_workload
from flux_mcp.render.audit_flux_configuration import FluxAudit
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import AtLeast, Context, Kinds, Limit, Namespace

WATCH: Final = "reconcile.fluxcd.io/watch"
"""The label with which a change of a ConfigMap is acted on at once."""
_RELEASE: Final = "HelmRelease"


@dataclass(frozen=True, slots=True)
class _Config:
    """A ConfigMap; nothing of what it holds."""

    ref: ObjectRef
    watched: bool


_Seen = Audited | _Config
_Part = Crd | Pod | Workload


def _see(item: Mapping[str, Any]) -> _Seen | None:
    if text(item, "kind") != CONFIG_MAP.kind:
        return audited(item)
    ref = ObjectRef(CONFIG_MAP.kind, text(item, "metadata", "namespace"), text(item, "metadata", "name"))
    return _Config(ref, text(item, "metadata", "labels", WATCH) == "Enabled") if ref.name else None


def _see_part(item: Mapping[str, Any]) -> _Part | None:
    match text(item, "kind"):
        case "CustomResourceDefinition":
            return view_crd(item)
        case "Pod":
            return pod(item)
        case _:
            return view_workload(item)


async def audit_flux_configuration(
    cluster: Cluster,
    *,
    kinds: Kinds = None,
    namespace: Namespace = None,
    severity: AtLeast = Severity.MEDIUM,
    limit: Limit = None,
    context: Context = None,
) -> FluxAudit:
    """Whether Flux objects and controllers are configured well: findings by rule, why, what to write instead."""
    wanted, least = kinds or FLUX_KINDS, severity
    request = await cluster.open(context)
    # A ConfigMap may hold a megabyte, and only a low rule looks at its labels.
    configs = (CONFIG_MAP,) if least is Severity.LOW and {"HelmRelease", "Kustomization"} & _names_of(wanted) else ()
    # The arguments of helm-controller tell what a release does after a failure where the release does not say.
    gates = (DEPLOYMENT,) if _RELEASE in _names_of(wanted) else ()
    beside: tuple[Kind, ...] = CLUSTER_KINDS if kinds is None else gates
    if namespace is not None:
        beside = tuple(kind for kind in beside if kind.namespaced)
    reading, parts = await _read(cluster, request, (*FLUX_KINDS, *configs), beside, namespace, kinds or ())
    _require(reading, wanted, request, named=kinds is not None)
    audited_as = _audit_context(reading, parts, request, namespace)
    about = None if kinds is None and namespace is None else _names_of((*wanted, *(beside if kinds is None else ())))
    result = audit(audited_as, about)
    relevant = {*_names_of(wanted), *(kind for one in result.unchecked for kind in one.unknown)}
    return FluxAudit(
        request=request,
        severity=least,
        audit=result,
        objects=sum(one.ref.kind in _names_of(wanted) for one in audited_as.objects),
        installed=len(reading.absent) < len(FLUX_KINDS),
        unread=(*reading.only(relevant).unread, *parts.unread),
        limit=limit,
    )


async def _read(
    cluster: Cluster,
    request: RequestContext,
    kinds: Sequence[Kind],
    beside: Sequence[Kind],
    namespace: str | None,
    insist: Sequence[Kind],
) -> tuple[ListResult[_Seen], ListResult[_Part]]:
    """Both reads at once; what could not be read beside the Flux objects is a gap.

    Raises:
        KubectlError: kubectl could not ask for Flux objects at all.
    """
    found: list[ListResult[_Seen] | KubectlError] = []
    parts: list[ListResult[_Part]] = [] if beside else [ListResult((), frozenset())]

    async def read_objects() -> None:
        try:
            found.append(await cluster.read(request, kinds, _see, namespace=namespace, insist=insist))
        except KubectlError as error:
            found.append(error)

    async def read_parts() -> None:
        try:
            parts.append(await cluster.read(request, beside, _see_part, namespace=namespace, selector=CONTROLLERS))
        except KubectlError as error:
            unread_item = Unread(tuple(kind.kind for kind in beside), error.brief, error)
            parts.append(ListResult((), frozenset(), unread=(unread_item,)))

    async with anyio.create_task_group() as group:
        group.start_soon(read_objects)
        if beside:
            group.start_soon(read_parts)
    (reading,) = found
    if isinstance(reading, KubectlError):
        raise reading
    return reading, parts[0]


def _names_of(kinds: Sequence[Kind]) -> frozenset[str]:
    return frozenset(kind.kind for kind in kinds)


def _require(reading: ListResult[_Seen], wanted: Sequence[FluxKind], request: RequestContext, *, named: bool) -> None:
    """Refuse to go on with nothing.

    Raises:
        KindNotInstalled: kinds were named, and none of them is installed.
        KubectlError: none of them could be read.
    """
    asked = reading.only(kind.kind for kind in wanted)
    if named and len(asked.absent) == len(wanted):
        told = ", ".join(kind.kind for kind in wanted)
        raise KindNotInstalled(f"The cluster does not serve {told}; {request.where}.", brief="not installed")
    asked.require()


def _audit_context(
    reading: ListResult[_Seen], parts: ListResult[_Part], request: RequestContext, namespace: str | None
) -> AuditContext:
    return AuditContext(
        objects=tuple(one for one in reading.objects if isinstance(one, Audited)),
        read=reading.read | parts.read,
        now=request.now,
        namespace=namespace,
        crds=tuple(one for one in parts.objects if isinstance(one, Crd)),
        controllers=tuple(one for one in parts.objects if isinstance(one, Workload)),
        pods=tuple(one for one in parts.objects if isinstance(one, Pod)),
        watched={one.ref: one.watched for one in reading.objects if isinstance(one, _Config)},
    )
