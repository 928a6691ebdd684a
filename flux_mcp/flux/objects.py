"""Typed, tolerant views of Flux objects. Past this module nothing is untyped.

A cluster holds objects of many versions, half-written statuses and other people's mistakes: whatever is absent or of
another type than Flux writes reads as absent, and nothing here raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from flux_mcp.api.kind import FluxKind
from flux_mcp.api.kinds import kind_of
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import sources
from flux_mcp.api.unstructured import at, items, number, parse_duration, parse_time, text
from flux_mcp.kubernetes.conditions import Condition, conditions

REQUESTED_AT: Final = "reconcile.fluxcd.io/requestedAt"
_REF_KEYS: Final = ("commit", "digest", "name", "semver", "tag", "branch")
"""The keys of spec.ref, the one that wins first."""
_ARTIFACT: Final = ("artifact", "metadata")
_OCI: Final = "org.opencontainers.image."
_ACTIONS: Final = ("install", "upgrade", "rollback", "uninstall", "test")
"""The actions of a HelmRelease, each of which may have a timeout of its own."""
SUSPENDED_BY: Final = "fluxcd.controlplane.io/suspendedBy"


# Not frozen, as everything else here is: there are as many as a fleet has objects, and they took twice as long to make.
@dataclass(slots=True, kw_only=True)
class FluxObject:
    """The parts of a Flux object that its health, its revision and its relations follow from; nothing changes it.

    Attributes:
        generation: 0 where it is not known; so for the observed generations.
        disabled: spec.suspend, or the kind's annotation with the value `disabled`.
        suspended_by: who suspended it, where Flux Operator recorded that.
        oci_helm_repository: a HelmRepository of type oci, which its controller leaves without a status since Flux 2.2.
        history_status: how the last finished run of a Kustomization, ResourceSet or FluxInstance ended.
        last_run: when it ended, where status.history tells (Flux 2.7 and later).
        failures: the largest of a HelmRelease's failure counters.
        timeout: seconds that a run may take.
        interval: seconds from one run to the next; 0 where the spec has none.
        sources: the objects that it takes its content from, the nearest alone.
        url: of a source; its user info and query may hold credentials.
        origin: the repository and the commit that an artifact was built from, by its annotations.
        fetched: when the artifact was last updated.
        wanted_ref: what a source follows: branch, tag, semver, name, commit or digest, and its value.
    """

    kind: FluxKind
    namespace: str
    name: str
    ref: ObjectRef = field(init=False)
    generation: int = 0
    created: datetime | None = None
    deleted: datetime | None = None
    finalizers: tuple[str, ...] = ()
    disabled: bool = False
    suspended_by: str = ""
    oci_helm_repository: bool = False
    conditions: tuple[Condition, ...] = ()
    observed_generation: int = 0
    requested_at: str = ""
    handled_at: str = ""
    revision: str = ""
    artifact_revision: str = ""
    applied_revision: str = ""
    attempted_revision: str = ""
    history_status: str = ""
    last_run: datetime | None = None
    failures: int = 0
    timeout: float = 60.0
    interval: float = 0.0
    sources: tuple[ObjectRef, ...] = ()
    url: str = ""
    path: str = ""
    origin: tuple[str, str] = ("", "")
    fetched: datetime | None = None
    wanted_ref: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        self.ref = ObjectRef(self.kind.kind, self.namespace, self.name)

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        for condition in self.conditions:
            if condition.type == kind:
                return condition
        return None

    @property
    def ready(self) -> Condition | None:
        return self.condition("Ready")


def view(item: Mapping[str, Any]) -> FluxObject | None:
    """The view of one object as kubectl printed it; None if it is not a Flux object or has no name."""
    metadata, spec, status = at(item, "metadata"), at(item, "spec"), at(item, "status")
    annotations = at(metadata, "annotations")
    kind = kind_of(text(item, "apiVersion"), text(item, "kind"))
    name = text(metadata, "name")
    if kind is None or not name:
        return None
    oci = kind.kind == "HelmRepository" and text(spec, "type") == "oci"
    return FluxObject(
        kind=kind,
        namespace=text(metadata, "namespace"),
        name=name,
        generation=number(metadata, "generation"),
        created=parse_time(text(metadata, "creationTimestamp")),
        deleted=parse_time(text(metadata, "deletionTimestamp")),
        finalizers=tuple(f for f in items(metadata, "finalizers") if isinstance(f, str)),
        disabled=_disabled(kind, item),
        suspended_by=text(annotations, SUSPENDED_BY),
        oci_helm_repository=oci,
        conditions=tuple(conditions(item)),
        observed_generation=number(status, "observedGeneration"),
        requested_at=text(annotations, REQUESTED_AT) if kind.answers_requests and not oci else "",
        handled_at=text(status, "lastHandledReconcileAt"),
        revision=next((found for path in kind.revision if (found := text(status, *path))), ""),
        artifact_revision=text(status, "artifact", "revision"),
        applied_revision=text(status, "lastAppliedRevision"),
        attempted_revision=text(status, "lastAttemptedRevision"),
        history_status=text(status, "history", "0", "lastReconciledStatus"),
        last_run=parse_time(text(status, "history", "0", "lastReconciled")),
        failures=max(number(status, "failures"), number(status, "installFailures"), number(status, "upgradeFailures")),
        timeout=_timeout(kind, item),
        interval=parse_duration(text(spec, "interval")) or 0.0,
        sources=sources(item, kind),
        url=text(spec, "url") or text(spec, "endpoint"),
        path=text(spec, "path"),
        origin=(text(status, *_ARTIFACT, _OCI + "source"), text(status, *_ARTIFACT, _OCI + "revision")),
        fetched=parse_time(text(status, "artifact", "lastUpdateTime")),
        wanted_ref=_wanted(at(spec, "ref")),
    )


def _wanted(ref: object) -> tuple[str, str]:
    return next(((key, found) for key in _REF_KEYS if (found := text(ref, key))), ("", ""))


def _disabled(kind: FluxKind, item: Mapping[str, Any]) -> bool:
    if kind.switch is not None:
        return text(item, "metadata", "annotations", kind.switch).lower() == "disabled"
    return at(item, "spec", "suspend") is True


def _timeout(kind: FluxKind, item: Mapping[str, Any]) -> float:
    spec = at(item, "spec")
    timeout = (
        text(item, "metadata", "annotations", kind.timeout_annotation)
        if kind.timeout_annotation
        else text(spec, "timeout")
    )
    interval = parse_duration(text(spec, "interval")) or 60.0
    fallback = kind.timeout if kind.timeout is not None else max(30.0, interval - kind.timeout_margin)
    actions = [parse_duration(text(spec, action, "timeout")) for action in _ACTIONS if at(spec, action) is not None]
    return max(parse_duration(timeout) or fallback, 0.0, *(seconds or 0.0 for seconds in actions))
