"""Rules of the audit about what runs: the controllers, and whether they do what objects ask for.

The numbers are those of our knowledge file, section 6.
"""

from collections.abc import Iterator
from typing import Final

from flux_mcp.api.kinds import CRD, DEPLOYMENT, FLUX_KINDS, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import parse_time
from flux_mcp.audit.rule import Facts, Hit, Rule, Severity
from flux_mcp.audit.specs import KustomizationSpec, SourceSpec
from flux_mcp.flux.installation import VERSION_LABEL
from flux_mcp.flux.status import Flag, Verdict
from flux_mcp.flux.versions import RELEASES, minor, unsupported
from flux_mcp.kubernetes.workloads import Workload

__all__ = ["RUNNING_RULES"]

DAY: Final = 86400.0
RESTARTS: Final = 3
"""Restarts within a day that are no accident any more."""
_INSECURE: Final = ("insecure-kubeconfig-exec", "insecure-kubeconfig-tls")
_FAILED: Final = frozenset({Verdict.FAILING, Verdict.STALLED})
_ALL: Final = tuple(kind.kind for kind in FLUX_KINDS)
_APPLIERS: Final = ("Kustomization", "HelmRelease")
_TROUBLE: Final = "https://fluxcd.io/flux/cheatsheets/troubleshooting/"
_UPGRADE: Final = "https://fluxcd.io/flux/installation/upgrade/"


def _version(facts: Facts, controller: Workload | None = None) -> str:
    """The version of Flux that a controller is labelled with, else the one that the CRDs are."""
    labelled = [controller.labels] if controller is not None else []
    labelled += [crd.labels for crd in facts.crds]
    labelled += [one.labels for one in facts.controllers]
    return next((found[VERSION_LABEL] for found in labelled if VERSION_LABEL in found), "")


def _unsupported(facts: Facts) -> Iterator[Hit]:
    if unsupported(version := _version(facts)):
        yield Hit(ObjectRef("Flux", "", version))


def _old_versions(facts: Facts) -> Iterator[Hit]:
    for crd in facts.crds:
        if old := [version for version in crd.stored if version != crd.storage]:
            yield Hit(crd.ref, "+".join(old))


def _skew(facts: Facts) -> Iterator[Hit]:
    """Controllers that do not belong to the Flux that they are labelled with, or whose CRDs are of another one."""
    crds = next((minor(crd.labels[VERSION_LABEL]) for crd in facts.crds if VERSION_LABEL in crd.labels), None)
    for one in facts.controllers:
        flux = _version(facts, one)
        image = next((container.image for container in one.containers if not container.init), "").partition("@")[0]
        name, _, tag = image.rpartition("/")[2].partition(":")
        wanted = RELEASES.get(minor(flux) or (0, 0), {}).get(name.removesuffix("-controller"))
        running = minor(tag)
        if (wanted and running and wanted != running) or (crds and minor(flux) not in {None, crds}):
            yield Hit(one.ref, f"{tag}/{flux}")


def _insecure(facts: Facts) -> Iterator[Hit]:
    for one in facts.controllers:
        args = [arg.lstrip("-") for container in one.containers for arg in container.args]
        told = [arg.partition("=")[0] for arg in args if arg.partition("=")[0] in _INSECURE and arg[-6:] != "=false"]
        if told:
            yield Hit(one.ref, "+".join(told))


def _restarts(facts: Facts) -> Iterator[Hit]:
    """Out of memory; or restarts, counted only on a pod that is younger than a day, since nothing dates them."""
    for pod in facts.pods:
        if any("OOMKilled" in {state.last_reason, state.reason} for state in pod.containers):
            yield Hit(pod.ref, "OOMKilled")
        elif pod.restarts > RESTARTS and pod.created is not None and facts.seconds(pod.created) < DAY:
            yield Hit(pod.ref, f"{pod.restarts}-restarts")


def _unhandled(facts: Facts) -> Iterator[Hit]:
    for entry in facts.judged.values():
        asked = parse_time(entry.object.requested_at) if Flag.REQUEST_PENDING in entry.flags else None
        if asked is not None and facts.seconds(asked) > 2 * entry.object.timeout:
            yield Hit(entry.object.ref)


def _overdue(facts: Facts) -> Iterator[Hit]:
    """Only Ready ones: what waits or has no source ends a run without noting it."""
    for one, spec in facts.of(KustomizationSpec):
        ready = facts.judged[one.ref].verdict is Verdict.READY
        if ready and spec.interval and facts.seconds(spec.last_run) > 3 * spec.interval:
            yield Hit(one.ref)


def _stale_under_failure(facts: Facts) -> Iterator[Hit]:
    for entry in facts.judged.values():
        if entry.verdict is Verdict.READY and Flag.SOURCE_FAILING in entry.flags:
            chain = facts.graph.source_chain(entry.object.ref)
            failed = (ref for ref in chain if ref in facts.judged and facts.judged[ref].verdict in _FAILED)
            yield Hit(entry.object.ref, next(failed, None))


def _behind(facts: Facts) -> Iterator[Hit]:
    for one, spec in facts.of(KustomizationSpec):
        if Flag.REVISION_BEHIND not in facts.judged[one.ref].flags or spec.interval is None:
            continue
        sources = (facts.spec(ref, SourceSpec) for ref in one.sources)
        if any(source is not None and facts.seconds(source.updated) > spec.interval for source in sources):
            yield Hit(one.ref)


def _stuck(verdict: Verdict, facts: Facts) -> Iterator[Hit]:
    for entry in facts.judged.values():
        if entry.verdict is verdict and Flag.STUCK in entry.flags:
            yield Hit(entry.object.ref)


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
        check=lambda facts: _stuck(Verdict.DELETING, facts),
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
        check=lambda facts: _stuck(Verdict.PROGRESSING, facts),
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
