"""Rules of the audit about what runs: the controllers, and whether they do what objects ask for.

The numbers are those of our knowledge file, section 6.
"""

from collections.abc import Iterator
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import parse_time
from flux_mcp.audit.rule import AuditContext, Finding, Rule, Severity
from flux_mcp.audit.specs import KustomizationSpec, SourceSpec
from flux_mcp.flux.installation import VERSION_LABEL
from flux_mcp.flux.status import Flag, Health
from flux_mcp.flux.versions import RELEASES, minor, unsupported
from flux_mcp.kubernetes.workloads import Workload

DAY: Final = 86400.0
RESTARTS: Final = 3
"""Restarts within a day that are no accident any more."""
_INSECURE: Final = ("insecure-kubeconfig-exec", "insecure-kubeconfig-tls")
_FAILED: Final = frozenset({Health.FAILING, Health.STALLED})
_ALL: Final = tuple(kind.kind for kind in FLUX_KINDS)
_APPLIERS: Final = ("Kustomization", "HelmRelease")
_TROUBLE: Final = "https://fluxcd.io/flux/cheatsheets/troubleshooting/"
_UPGRADE: Final = "https://fluxcd.io/flux/installation/upgrade/"


def _version(context: AuditContext, controller: Workload | None = None) -> str:
    """The version of Flux that a controller is labelled with, else the one that the CRDs are."""
    labelled = [controller.labels] if controller is not None else []
    labelled += [crd.labels for crd in context.crds]
    labelled += [one.labels for one in context.controllers]
    return next((found[VERSION_LABEL] for found in labelled if VERSION_LABEL in found), "")


def _unsupported(context: AuditContext) -> Iterator[Finding]:
    if unsupported(version := _version(context)):
        yield Finding(ObjectRef("Flux", "", version))


def _old_versions(context: AuditContext) -> Iterator[Finding]:
    for crd in context.crds:
        if old := [version for version in crd.stored if version != crd.storage]:
            yield Finding(crd.ref, "+".join(old))


def _skew(context: AuditContext) -> Iterator[Finding]:
    """Controllers that do not belong to the Flux that they are labelled with, or whose CRDs are of another one."""
    crds = next((minor(crd.labels[VERSION_LABEL]) for crd in context.crds if VERSION_LABEL in crd.labels), None)
    for one in context.controllers:
        flux = _version(context, one)
        image = next((container.image for container in one.containers if not container.init), "").partition("@")[0]
        name, _, tag = image.rpartition("/")[2].partition(":")
        wanted = RELEASES.get(minor(flux) or (0, 0), {}).get(name.removesuffix("-controller"))
        running = minor(tag)
        if (wanted and running and wanted != running) or (crds and minor(flux) not in {None, crds}):
            yield Finding(one.ref, f"{tag}/{flux}")


def _insecure(context: AuditContext) -> Iterator[Finding]:
    for one in context.controllers:
        args = [arg.lstrip("-") for container in one.containers for arg in container.args]
        told = [arg.partition("=")[0] for arg in args if arg.partition("=")[0] in _INSECURE and arg[-6:] != "=false"]
        if told:
            yield Finding(one.ref, "+".join(told))


def _restarts(context: AuditContext) -> Iterator[Finding]:
    """Out of memory; or restarts, counted only on a pod that is younger than a day, since nothing dates them."""
    for pod in context.pods:
        if any("OOMKilled" in {state.last_reason, state.reason} for state in pod.containers):
            yield Finding(pod.ref, "OOMKilled")
        elif pod.restarts > RESTARTS and pod.created is not None and context.seconds(pod.created) < DAY:
            yield Finding(pod.ref, f"{pod.restarts}-restarts")


def _unhandled(context: AuditContext) -> Iterator[Finding]:
    for entry in context.statuses.values():
        asked = parse_time(entry.object.requested_at) if Flag.REQUEST_PENDING in entry.flags else None
        if asked is not None and context.seconds(asked) > 2 * entry.object.timeout:
            yield Finding(entry.object.ref)


def _overdue(context: AuditContext) -> Iterator[Finding]:
    """Only Ready ones: what waits or has no source ends a run without noting it."""
    for one, spec in context.of(KustomizationSpec):
        ready = context.statuses[one.ref].health is Health.READY
        if ready and spec.interval and context.seconds(spec.last_run) > 3 * spec.interval:
            yield Finding(one.ref)


def _stale_under_failure(context: AuditContext) -> Iterator[Finding]:
    for entry in context.statuses.values():
        if entry.health is Health.READY and Flag.SOURCE_FAILING in entry.flags:
            chain = context.graph.source_chain(entry.object.ref)
            failed = (ref for ref in chain if ref in context.statuses and context.statuses[ref].health in _FAILED)
            yield Finding(entry.object.ref, next(failed, None))


def _behind(context: AuditContext) -> Iterator[Finding]:
    for one, spec in context.of(KustomizationSpec):
        if Flag.REVISION_BEHIND not in context.statuses[one.ref].flags or spec.interval is None:
            continue
        sources = (context.spec(ref, SourceSpec) for ref in one.sources)
        if any(source is not None and context.seconds(source.updated) > spec.interval for source in sources):
            yield Finding(one.ref)


def _stuck(health: Health, context: AuditContext) -> Iterator[Finding]:
    for entry in context.statuses.values():
        if entry.health is health and Flag.STUCK in entry.flags:
            yield Finding(entry.object.ref)


RUNNING_RULES: Final = (
    Rule(  # 56
        id="controller-skew",
        severity=Severity.HIGH,
        kinds=(DEPLOYMENT.kind,),
        check=_skew,
        why="image/label: the controller, or the CRDs, belong to another Flux minor",
        fix="upgrade controllers and CRDs together",
        link=_UPGRADE,
    ),
    Rule(  # 37
        id="kubeconfig-insecure",
        severity=Severity.HIGH,
        kinds=(DEPLOYMENT.kind,),
        check=_insecure,
        why="a kubeconfig can run commands in the controller, or any server will do",
        fix="drop the argument",
        link="https://fluxcd.io/flux/security/best-practices/",
    ),
    Rule(  # 9
        id="crd-stored-versions-old",
        severity=Severity.HIGH,
        kinds=(CRD.kind,),
        check=_old_versions,
        why="objects may be stored in a version that an upgrade removes",
        fix="run flux migrate first",
        link=_UPGRADE,
    ),
    Rule(  # 48
        id="request-unhandled",
        severity=Severity.HIGH,
        kinds=_ALL,
        check=_unhandled,
        why="its controller does not act on a reconcile request",
        fix="look at the controller, and at shard labels",
        link=_TROUBLE,
    ),
    Rule(  # 50
        id="run-overdue",
        severity=Severity.HIGH,
        kinds=("Kustomization",),
        check=_overdue,
        why="no run for three intervals",
        fix="look at kustomize-controller",
        link=_TROUBLE,
    ),
    Rule(  # 51
        id="source-failing-under-ready",
        severity=Severity.HIGH,
        kinds=_APPLIERS,
        check=_stale_under_failure,
        why="it is Ready with an old revision, since its source fails",
        fix="mend the source",
        link=_TROUBLE,
        wide=True,
    ),
    Rule(  # 54
        id="deletion-stuck",
        severity=Severity.HIGH,
        kinds=_ALL,
        check=lambda context: _stuck(Health.DELETING, context),
        why="a finalizer waits for its controller",
        fix="look at the controller, and at its service account",
        link=_TROUBLE,
    ),
    Rule(  # 52
        id="revision-behind",
        severity=Severity.MEDIUM,
        kinds=("Kustomization",),
        check=_behind,
        why="for longer than its interval its source has a newer revision",
        fix="look at kustomize-controller",
        link=_TROUBLE,
        wide=True,
    ),
    Rule(  # 53
        id="run-hung",
        severity=Severity.MEDIUM,
        kinds=_ALL,
        check=lambda context: _stuck(Health.PROGRESSING, context),
        why="a run takes longer than its timeout",
        fix="look at the controller",
        link=_TROUBLE,
    ),
    Rule(  # 57
        id="flux-unsupported",
        severity=Severity.MEDIUM,
        kinds=("Flux",),
        check=_unsupported,
        why="no fixes come any more",
        fix="upgrade",
        link=_UPGRADE,
        needs=(CRD.kind,),
    ),
    Rule(  # 60
        id="controller-restarts",
        severity=Severity.MEDIUM,
        kinds=(POD.kind,),
        check=_restarts,
        why="nothing is reconciled meanwhile",
        fix="a higher memory limit, or fewer at once (--concurrent)",
        link="https://fluxcd.io/flux/installation/configuration/vertical-scaling/",
    ),
)
