"""Checks of what runs: controllers and CRDs, and whether the controllers do what the objects ask for."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import parse_time
from flux_mcp.audit.controller import arguments, controller_image
from flux_mcp.audit.rule import AuditContext, AuditedObject, ContextCheck, Finding, ObjectCheck
from flux_mcp.flux.installation import VERSION_LABEL
from flux_mcp.flux.status import Flag, Health
from flux_mcp.flux.versions import RELEASES, minor, unsupported

DAY: Final = 86400.0
RESTARTS: Final = 3
"""Restarts within a day that are more than an accident."""
_INSECURE: Final = ("insecure-kubeconfig-exec", "insecure-kubeconfig-tls")
_FAILED: Final = frozenset({Health.FAILING, Health.STALLED})


def _unsupported(context: AuditContext) -> Iterator[Finding]:
    if unsupported(context.flux_version):
        yield Finding(ObjectRef("Flux", "", context.flux_version))


def _old_versions(context: AuditContext) -> Iterator[Finding]:
    for crd in context.crds:
        if old := tuple(version for version in crd.stored if version != crd.storage):
            yield Finding(crd.ref, old)


def _skew(context: AuditContext) -> Iterator[Finding]:
    """Controllers that do not belong to the Flux that they are labeled with, or whose CRDs are of another one."""
    crds = next((minor(crd.labels[VERSION_LABEL]) for crd in context.crds if VERSION_LABEL in crd.labels), None)
    for one in context.controllers:
        flux = one.labels.get(VERSION_LABEL, context.flux_version)
        name, tag = controller_image(one)
        release = RELEASES.get(minor(flux) or (0, 0))
        wanted = release.controllers.get(name) if release is not None else None
        running = minor(tag)
        if (wanted and running and wanted != running) or (crds and minor(flux) not in {None, crds}):
            yield Finding(one.ref, (tag, flux))


def _insecure(context: AuditContext) -> Iterator[Finding]:
    for one in context.controllers:
        if insecure := tuple(name for name, value in arguments(one) if name in _INSECURE and value != "false"):
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


def _suspended_sources(context: AuditContext) -> Iterator[Finding]:
    """Suspended sources of which a newer revision is known, and that objects use which are Ready."""
    newest: dict[tuple[object, ...], AuditedObject] = {}
    pushed: dict[ObjectRef, AuditedObject] = {}
    for one in context.objects:
        if one.updated is not None:
            newest[_upstream(one)] = max(newest.get(_upstream(one), one), one, key=_stored_at)
        if one.push is not None and one.ref.kind == "ImageUpdateAutomation":
            pushed |= dict.fromkeys(one.node.object.sources, one)
    for one in context.objects:
        source = one.node.object
        if not source.disabled or not source.artifact_revision or one.updated is None:
            continue
        users = tuple(ref for ref in context.graph.users(one.ref) if context.statuses[ref].health is Health.READY)
        automation = pushed.get(one.ref)
        waits = (
            newest[_upstream(one)].node.object.artifact_revision != source.artifact_revision
            or not _is_fetched(one)
            or (automation is not None and _pushed_later(automation, one))
        )
        if users and waits:
            yield Finding(one.ref, users)


def _stored_at(one: AuditedObject) -> float:
    return one.updated.timestamp() if one.updated is not None else 0.0


def _upstream(one: AuditedObject) -> tuple[object, ...]:
    """What is equal for sources that fetch the same; the object itself where other fields of the spec matter too."""
    source = one.node.object
    same = one.ref.kind in {"GitRepository", "OCIRepository", "HelmRepository"} and source.url
    return (one.ref.kind, source.url, source.wanted_ref) if same else (one.ref,)


def _is_fetched(one: AuditedObject) -> bool:
    """Whether the revision that was fetched is of the reference that the spec names; ranges fit anything."""
    key, wanted = one.node.object.wanted_ref
    fetched = one.node.object.artifact_revision
    match key:
        case "tag" | "branch" | "name":
            return fetched.rpartition("@")[0] in {wanted, wanted.removeprefix("refs/heads/").removeprefix("refs/tags/")}
        case "commit" | "digest":
            return wanted in fetched
        case _:
            return True


def _pushed_later(automation: AuditedObject, source: AuditedObject) -> bool:
    """Whether an ImageUpdateAutomation pushed a commit to the branch of a source after that was last fetched."""
    commit, updated = automation.node.object.revision, source.updated
    to_branch = automation.push in {"", source.branch}
    later = automation.updated is not None and updated is not None and automation.updated > updated
    return to_branch and later and bool(commit) and commit not in source.node.object.artifact_revision


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
    "source-suspended-under-ready": _suspended_sources,
    "deletion-stuck": partial(_stuck, health=Health.DELETING),
    "revision-behind": _behind,
    "run-hung": partial(_stuck, health=Health.PROGRESSING),
    "flux-unsupported": _unsupported,
    "controller-out-of-memory": _out_of_memory,
    "controller-restarts": _restarts,
}
