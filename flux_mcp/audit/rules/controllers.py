"""Checks of what runs: controllers and CRDs, and whether the controllers do what the objects ask for."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import parse_time
from flux_mcp.audit.rule import AuditContext, ContextCheck, Finding, ObjectCheck
from flux_mcp.flux.installation import VERSION_LABEL
from flux_mcp.flux.status import Flag, Health
from flux_mcp.flux.versions import RELEASES, minor, unsupported
from flux_mcp.kubernetes.workloads import Workload

DAY: Final = 86400.0
RESTARTS: Final = 3
"""Restarts within a day that are more than an accident."""
_INSECURE: Final = ("insecure-kubeconfig-exec", "insecure-kubeconfig-tls")
_FAILED: Final = frozenset({Health.FAILING, Health.STALLED})


def _version(context: AuditContext, controller: Workload | None = None) -> str:
    """The version of Flux that a controller is labeled with, else the one that the CRDs are."""
    labeled = [controller.labels] if controller is not None else []
    labeled += [crd.labels for crd in context.crds]
    labeled += [one.labels for one in context.controllers]
    return next((labels[VERSION_LABEL] for labels in labeled if VERSION_LABEL in labels), "")


def _unsupported(context: AuditContext) -> Iterator[Finding]:
    if unsupported(version := _version(context)):
        yield Finding(ObjectRef("Flux", "", version))


def _old_versions(context: AuditContext) -> Iterator[Finding]:
    for crd in context.crds:
        if old := tuple(version for version in crd.stored if version != crd.storage):
            yield Finding(crd.ref, old)


def _skew(context: AuditContext) -> Iterator[Finding]:
    """Controllers that do not belong to the Flux that they are labeled with, or whose CRDs are of another one."""
    crds = next((minor(crd.labels[VERSION_LABEL]) for crd in context.crds if VERSION_LABEL in crd.labels), None)
    for one in context.controllers:
        flux = _version(context, one)
        image = next((container.image for container in one.containers if not container.init), "").partition("@")[0]
        name, _, tag = image.rpartition("/")[2].partition(":")
        wanted = RELEASES.get(minor(flux) or (0, 0), {}).get(name.removesuffix("-controller"))
        running = minor(tag)
        if (wanted and running and wanted != running) or (crds and minor(flux) not in {None, crds}):
            yield Finding(one.ref, (tag, flux))


def _insecure(context: AuditContext) -> Iterator[Finding]:
    for one in context.controllers:
        args = [arg.lstrip("-") for container in one.containers for arg in container.args]
        names = tuple(arg.partition("=")[0] for arg in args if not arg.endswith("=false"))
        if insecure := tuple(name for name in names if name in _INSECURE):
            yield Finding(one.ref, insecure)


def _out_of_memory(context: AuditContext) -> Iterator[Finding]:
    for pod in context.pods:
        if any("OOMKilled" in {state.last_reason, state.reason} for state in pod.containers):
            yield Finding(pod.ref)


def _restarts(context: AuditContext) -> Iterator[Finding]:
    """Counted only on a Pod that is younger than a day, since nothing dates them."""
    for pod in context.pods:
        if pod.restarts > RESTARTS and pod.created is not None and context.seconds(pod.created) < DAY:
            yield Finding(pod.ref, (str(pod.restarts),))


def _unhandled(context: AuditContext) -> Iterator[Finding]:
    for status in context.statuses.values():
        pending = Flag.REQUEST_PENDING in status.flags
        requested = parse_time(status.object.requested_at) if pending else None
        if requested is not None and context.seconds(requested) > 2 * status.object.timeout:
            yield Finding(status.object.ref)


def _overdue(context: AuditContext) -> Iterator[Finding]:
    """Only Ready ones: what waits or has no source ends a run without a record in its history."""
    for one in context.of_kind("Kustomization"):
        ready = context.statuses[one.ref].health is Health.READY
        if ready and one.interval and context.seconds(one.last_run) > 3 * one.interval:
            yield Finding(one.ref)


def _stale_under_failure(context: AuditContext) -> Iterator[Finding]:
    for status in context.statuses.values():
        if status.health is Health.READY and Flag.SOURCE_FAILING in status.flags:
            chain = context.graph.source_chain(status.object.ref)
            failed = (ref for ref in chain if ref in context.statuses and context.statuses[ref].health in _FAILED)
            yield Finding(status.object.ref, tuple(failed)[:1])


def _behind(context: AuditContext) -> Iterator[Finding]:
    for one in context.of_kind("Kustomization"):
        if Flag.REVISION_BEHIND not in context.statuses[one.ref].flags or one.interval is None:
            continue
        sources = (context.known[ref] for ref in one.node.object.sources if ref in context.known)
        if any(context.seconds(source.updated) > one.interval for source in sources):
            yield Finding(one.ref)


def _stuck(context: AuditContext, health: Health) -> Iterator[Finding]:
    for status in context.statuses.values():
        if status.health is health and Flag.STUCK in status.flags:
            yield Finding(status.object.ref)


ALONE: Final[Mapping[str, ObjectCheck]] = {}
ACROSS: Final[Mapping[str, ContextCheck]] = {
    "controller-skew": _skew,
    "kubeconfig-insecure": _insecure,
    "crd-stored-versions-old": _old_versions,
    "request-unhandled": _unhandled,
    "run-overdue": _overdue,
    "source-failing-under-ready": _stale_under_failure,
    "deletion-stuck": partial(_stuck, health=Health.DELETING),
    "revision-behind": _behind,
    "run-hung": partial(_stuck, health=Health.PROGRESSING),
    "flux-unsupported": _unsupported,
    "controller-out-of-memory": _out_of_memory,
    "controller-restarts": _restarts,
}
