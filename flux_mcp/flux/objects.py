"""Typed, tolerant views of Flux objects. Past this module nothing is untyped.

A cluster holds objects of many versions, half-written statuses and other people's mistakes: whatever is absent or of
another type than Flux writes reads as absent, and nothing here raises.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flux_mcp.flux.echoes import held, mask
from flux_mcp.flux.kinds import FluxKind, kind_of

__all__ = ["Condition", "FluxObject", "ObjectRef", "parse_duration", "parse_time", "view"]

REQUESTED_AT: Final = "reconcile.fluxcd.io/requestedAt"
SUSPENDED_BY: Final = "fluxcd.controlplane.io/suspendedBy"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """What one object is called."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Kustomization flux-system/apps`."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `status` is True, False or Unknown; anything else reads as Unknown.

    Attributes:
        message: without the values of the object that are not shown.
    """

    type: str
    status: str
    reason: str
    message: str
    changed: datetime | None
    observed_generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxObject:
    """The parts of a Flux object that its verdict, its revision and its place in the flow are told from.

    Attributes:
        generation: 0 where it is not told; so for the observed generations.
        disabled: spec.suspend, or the kind's annotation with the value `disabled`.
        suspended_by: who suspended it, where the operator wrote that down.
        oci_helm_repository: a HelmRepository of type oci, which its controller leaves without a status.
        history_status: how the last finished run of a Kustomization, ResourceSet or FluxInstance ended.
        failures: the largest of a HelmRelease's failure counters.
        timeout: seconds that a run may take.
        sources: where it gets its content from, nearest only.
    """

    kind: FluxKind
    namespace: str
    name: str
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
    failures: int = 0
    timeout: float = 60.0
    sources: tuple[ObjectRef, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """What it is called."""
        return ObjectRef(self.kind.kind, self.namespace, self.name)

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        return next((condition for condition in self.conditions if condition.type == kind), None)

    @property
    def ready(self) -> Condition | None:
        """The Ready condition."""
        return self.condition("Ready")


def view(item: Mapping[str, Any]) -> FluxObject | None:
    """The view of one object as kubectl printed it; None if it is not a Flux object or has no name."""
    kind = kind_of(_text(item, "apiVersion"), _text(item, "kind"))
    name = _text(item, "metadata", "name")
    if kind is None or not name:
        return None
    oci = kind.kind == "HelmRepository" and _text(item, "spec", "type") == "oci"
    return FluxObject(
        kind=kind,
        namespace=_text(item, "metadata", "namespace"),
        name=name,
        generation=_number(item, "metadata", "generation"),
        created=parse_time(_text(item, "metadata", "creationTimestamp")),
        deleted=parse_time(_text(item, "metadata", "deletionTimestamp")),
        finalizers=tuple(f for f in _list(item, "metadata", "finalizers") if isinstance(f, str)),
        disabled=_disabled(kind, item),
        suspended_by=_text(item, "metadata", "annotations", SUSPENDED_BY),
        oci_helm_repository=oci,
        conditions=tuple(_conditions(item)),
        observed_generation=_number(item, "status", "observedGeneration"),
        requested_at=_text(item, "metadata", "annotations", REQUESTED_AT) if kind.answers_requests and not oci else "",
        handled_at=_text(item, "status", "lastHandledReconcileAt"),
        revision=next((text for path in kind.revision if (text := _text(item, *path.split(".")))), ""),
        artifact_revision=_text(item, "status", "artifact", "revision"),
        applied_revision=_text(item, "status", "lastAppliedRevision"),
        attempted_revision=_text(item, "status", "lastAttemptedRevision"),
        history_status=_text(item, "status", "history", "0", "lastReconciledStatus"),
        failures=max(
            _number(item, "status", counter) for counter in ("failures", "installFailures", "upgradeFailures")
        ),
        timeout=_timeout(kind, item),
        sources=tuple(_sources(kind, item)),
    )


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time as UTC; without a zone it is taken as UTC. None if it is not one."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_DURATION: Final = re.compile(r"(\d{1,15}(?:\.\d{1,12})?)(ns|us|µs|ms|s|m|h)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float | None:
    """Seconds of a Go duration such as `1h30m`, None if it is not one."""
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return sum(float(part[1]) * _SECONDS[part[2]] for part in parts)


def _at(node: Any, *keys: str) -> Any:  # noqa: ANN401 (the one place where JSON is untyped)
    for key in keys:
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def _text(node: Any, *keys: str) -> str:  # noqa: ANN401
    value = _at(node, *keys)
    return value if isinstance(value, str) else ""


def _number(node: Any, *keys: str) -> int:  # noqa: ANN401
    value = _at(node, *keys)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _list(node: Any, *keys: str) -> list[Any]:  # noqa: ANN401
    value = _at(node, *keys)
    return value if isinstance(value, list) else []


def _conditions(item: Mapping[str, Any]) -> Iterator[Condition]:
    values = held(item)
    for entry in _list(item, "status", "conditions"):
        if kind := _text(entry, "type"):
            status = _text(entry, "status")
            yield Condition(
                type=kind,
                status=status if status in {"True", "False"} else "Unknown",
                reason=_text(entry, "reason"),
                message=mask(_text(entry, "message"), values),
                changed=parse_time(_text(entry, "lastTransitionTime")),
                observed_generation=_number(entry, "observedGeneration"),
            )


def _disabled(kind: FluxKind, item: Mapping[str, Any]) -> bool:
    if kind.switch is not None:
        return _text(item, "metadata", "annotations", kind.switch).lower() == "disabled"
    return _at(item, "spec", "suspend") is True


def _timeout(kind: FluxKind, item: Mapping[str, Any]) -> float:
    told = (
        _text(item, "metadata", "annotations", kind.timeout_annotation)
        if kind.timeout_annotation
        else _text(item, "spec", "timeout")
    )
    interval = parse_duration(_text(item, "spec", "interval")) or 60.0
    fallback = kind.timeout if kind.timeout is not None else max(30.0, interval - 30.0)
    return parse_duration(told) or fallback


def _sources(kind: FluxKind, item: Mapping[str, Any]) -> Iterator[ObjectRef]:
    namespace = _text(item, "metadata", "namespace")
    spec = _at(item, "spec")
    match kind.kind:
        case "HelmRelease" if _at(spec, "chartRef") is None:
            yield from _chart(item)
            return
        case "HelmRelease":
            references = [_at(spec, "chartRef")]
        case "ImagePolicy":
            references = [{"kind": "ImageRepository", **(_at(spec, "imageRepositoryRef") or {})}]
        case "ArtifactGenerator":
            references = _list(spec, "sources")
        case _ if kind.sources:
            references = [_at(spec, "sourceRef")]
        case _:
            return
    for reference in references:
        if (target := _text(reference, "kind")) in kind.sources and (name := _text(reference, "name")):
            yield ObjectRef(target, _text(reference, "namespace") or namespace, name)


def _chart(item: Mapping[str, Any]) -> Iterator[ObjectRef]:
    """The HelmChart that helm-controller makes of spec.chart."""
    namespace, name = _text(item, "metadata", "namespace"), _text(item, "metadata", "name")
    told = _text(item, "status", "helmChart").split("/")
    if len(told) == 2 and all(told):  # noqa: PLR2004 (namespace/name)
        yield ObjectRef("HelmChart", told[0], told[1])
    elif _at(item, "spec", "chart") is not None:
        where = _text(item, "spec", "chart", "spec", "sourceRef", "namespace") or namespace
        yield ObjectRef("HelmChart", where, f"{namespace}-{name}")
