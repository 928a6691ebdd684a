"""audit_flux_configuration: what Flux's documentation advises against, or what another version of Flux breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CONFIG_MAP, CRD, DEPLOYMENT
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import text
from flux_mcp.audit.changes import Upgrade, all_changes
from flux_mcp.audit.rule import AuditContext, AuditedObject, Severity
from flux_mcp.audit.rules import all_rules
from flux_mcp.audit.run import CLUSTER_KINDS, audit
from flux_mcp.audit.spec_view import Checks, audited, checks_of
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import Pending, gather
from flux_mcp.cluster.result import ListResult
from flux_mcp.flux.installation import CONTROLLERS, Crd, view_crd
from flux_mcp.kubernetes.pods import Pod, pod
from flux_mcp.kubernetes.workloads import Workload, view_workload
from flux_mcp.render.audit_flux_configuration import FluxAudit
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import AtLeast, Context, Kinds, Limit, Namespace, UpgradeTo

WATCH: Final = "reconcile.fluxcd.io/watch"
"""The label with which Flux acts on a change to a ConfigMap at once."""
_RELEASE: Final = "HelmRelease"


@dataclass(frozen=True, slots=True)
class _ConfigMap:
    """A ConfigMap without its data."""

    ref: ObjectRef
    watched: bool


_Configured = AuditedObject | _ConfigMap
_Installed = Crd | Pod | Workload


def _configured(item: Mapping[str, Any], checks: Checks) -> _Configured | None:
    if text(item, "kind") != CONFIG_MAP.kind:
        return audited(item, checks)
    ref = ObjectRef(CONFIG_MAP.kind, text(item, "metadata", "namespace"), text(item, "metadata", "name"))
    return _ConfigMap(ref, text(item, "metadata", "labels", WATCH) == "Enabled") if ref.name else None


def _installed(item: Mapping[str, Any]) -> _Installed | None:
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
    upgrade_to: UpgradeTo = None,
    limit: Limit = None,
    context: Context = None,
) -> FluxAudit:
    """Whether Flux objects and controllers are configured well: findings by rule, with the fix and documentation."""
    reported = kinds or FLUX_KINDS
    request = await cluster.open(context)
    rules = all_rules() if upgrade_to is None else all_changes()
    checks = checks_of(rules)
    needed = {kind for rule in rules if severity.covers(rule.severity) for kind in rule.needs}
    # A ConfigMap may hold a megabyte, and only a low rule looks at its labels.
    low = CONFIG_MAP.kind in needed and {"HelmRelease", "Kustomization"} & _names_of(reported)
    everything = (*FLUX_KINDS, *((CONFIG_MAP,) if low else ()))
    installed = _installed_kinds(kinds, namespace, upgrade=upgrade_to is not None)
    async with gather() as reads:
        flux: Pending[ListResult[_Configured]] = reads.read(
            [kind.kind for kind in everything],
            cluster.read(
                request, everything, lambda item: _configured(item, checks), namespace=namespace, insist=kinds or ()
            ),
            required=True,
        )
        running: Pending[ListResult[_Installed]] = reads.read(
            [kind.kind for kind in installed],
            cluster.read(request, installed, _installed, namespace=namespace, selector=CONTROLLERS),
        )
        if upgrade_to is not None:
            version = reads.start("the version of the API server", cluster.server_version(request), "")
    objects, parts = flux.value, running.value
    objects.only(_names_of(reported)).require(None if kinds is None else request.where)
    audit_context = _audit_context(objects, parts, request, namespace)
    upgrade = None
    if upgrade_to is not None:
        audit_context = replace(audit_context, kubernetes=version.value, target=upgrade_to)
        upgrade = Upgrade(audit_context.flux_version, upgrade_to)
        upgrade.require_newer()
        rules = upgrade.changes
    about = None
    if kinds is not None or namespace is not None:
        about = _names_of((*reported, *(installed if kinds is None else ())))
    result = audit(audit_context, about, rules=rules)
    relevant = {*_names_of(reported), *(kind for one in result.unchecked for kind in one.unknown)}
    return FluxAudit(
        request=request,
        severity=severity,
        audit=result,
        objects=sum(one.ref.kind in _names_of(reported) for one in audit_context.objects),
        installed=len(objects.absent) < len(FLUX_KINDS),
        narrow=kinds is not None,
        upgrade=upgrade,
        unread=(*objects.only(relevant).unread, *(one for one in reads.unread if one not in objects.unread)),
        limit=limit,
    )


def _installed_kinds(kinds: Sequence[Kind] | None, namespace: str | None, *, upgrade: bool) -> tuple[Kind, ...]:
    """What is read beside Flux objects."""
    wanted: tuple[Kind, ...] = CLUSTER_KINDS
    if upgrade:
        wanted = (CRD, DEPLOYMENT)
    elif kinds is not None:
        # Arguments of helm-controller change what a HelmRelease does after a failure.
        wanted = (DEPLOYMENT,) * (_RELEASE in _names_of(kinds))
    return tuple(kind for kind in wanted if namespace is None or kind.namespaced)


def _names_of(kinds: Sequence[Kind]) -> frozenset[str]:
    return frozenset(kind.kind for kind in kinds)


def _audit_context(
    objects: ListResult[_Configured], parts: ListResult[_Installed], request: RequestContext, namespace: str | None
) -> AuditContext:
    return AuditContext(
        objects=tuple(one for one in objects.objects if isinstance(one, AuditedObject)),
        read=objects.read | parts.read,
        now=request.now,
        namespace=namespace,
        crds=tuple(one for one in parts.objects if isinstance(one, Crd)),
        controllers=tuple(one for one in parts.objects if isinstance(one, Workload)),
        pods=tuple(one for one in parts.objects if isinstance(one, Pod)),
        watched={one.ref: one.watched for one in objects.objects if isinstance(one, _ConfigMap)},
    )
