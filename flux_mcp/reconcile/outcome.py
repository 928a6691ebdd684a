"""How a request to reconcile ends, from the object as it was before and as it is now.

Source: the Flux API documentation of reconcile.fluxcd.io/requestedAt, and the controllers' code. A token that stands in
status.lastHandledReconcileAt means that the run has finished, so that Ready is its result; but the controllers copy the
token of a suspended object without a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FORCE, RESET, Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import made_source, references
from flux_mcp.api.unstructured import at, number, parse_duration, text
from flux_mcp.flux.graph import FluxNode, view_node
from flux_mcp.flux.objects import REQUESTED_AT, FluxObject
from flux_mcp.flux.status import is_current
from flux_mcp.kubernetes.conditions import Condition

SOURCE_KINDS: Final = tuple(kind for kind in FLUX_KINDS if kind.controller == "source-controller")
"""The kinds that reconcile_flux_sources requests, in the table's order: HelmChart follows what charts come from."""
WITH_SOURCE: Final = ("Kustomization", "HelmRelease", "HelmChart")
"""The kinds that can be requested together with their source."""
WAITING: Final = frozenset({"DependencyNotReady", "SourceNotReady"})
"""Reasons of a Ready condition that is False because something else is not ready yet."""
_SUPERSEDED: Final = "HealthCheckCanceled"
"""The reason of a run that was canceled for a newer one, which follows at once."""
_EXHAUSTED: Final = "RetriesExceeded"


class Outcome(Enum):
    """How a request ended. The order is that of an answer: what to look at first comes first."""

    FAILED = "failed"
    WAITING = "waiting"
    RUNNING = "running"
    REQUESTED = "requested"
    SKIPPED = "skipped"
    SUCCEEDED = "succeeded"


class Why(Enum):
    """What an outcome alone does not say; the words are in render/outcomes.py."""

    DELETED = auto()
    DELETING = auto()
    SUSPENDED = auto()
    STALLED = auto()
    EXHAUSTED = auto()
    OUT_OF_SCHEDULE = auto()
    SUPERSEDED = auto()
    GENERATION_UNOBSERVED = auto()
    REVISION_NOT_APPLIED = auto()
    REMOVED = auto()
    EARLIER_RUN = auto()
    NOT_TAKEN_UP = auto()
    UNOBSERVED = auto()
    REPLACED = auto()
    OPTIONS_LOST = auto()
    WATCHED = auto()
    NOT_REQUESTED = auto()
    WITHOUT_EFFECT = auto()
    SOURCE_NOT_SUCCEEDED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Flux object, with what else matters for a request to reconcile it.

    Attributes:
        uid: changes when an object is deleted and created anew.
        requested_at: the token on the object now, whoever wrote it.
        handled: the tokens that the controller handled, by the key of the annotation.
        next_run: when a ResourceSetInputProvider with a schedule runs next; empty for one without.
        release: the number of a HelmRelease's latest release; 0 where there is none.
        retry: seconds after which its controller retries a failed run; 0 where the object does not set it.
        namespace: where it applies objects that name no namespace.
        chart: the source that helm-controller makes from a chart template, whether it exists yet or not.
        chart_source: the source that the template names.
    """

    node: FluxNode
    uid: str = ""
    requested_at: str = ""
    handled: Mapping[str, str]
    next_run: str = ""
    release: int = 0
    retry: float = 0.0
    namespace: str = ""
    chart: ObjectRef | None = None
    chart_source: ObjectRef | None = None

    @property
    def object(self) -> FluxObject:
        """Its conditions, revisions and sources."""
        return self.node.object

    @property
    def ref(self) -> ObjectRef:
        return self.node.ref


def view_target(item: Mapping[str, Any]) -> Target | None:
    """The view of one object as kubectl printed it; None if it is not a Flux object or has no name."""
    node = view_node(item)
    if node is None:
        return None
    spec, status = at(item, "spec"), at(item, "status")
    chart, chart_source = _chart(node.object, item)
    return Target(
        node=node,
        uid=text(item, "metadata", "uid"),
        requested_at=text(item, "metadata", "annotations", REQUESTED_AT),
        handled={FORCE: text(status, "lastHandledForceAt"), RESET: text(status, "lastHandledResetAt")},
        next_run=text(status, "nextSchedule", "when"),
        release=number(status, "history", "0", "version") if node.ref.kind == "HelmRelease" else 0,
        retry=parse_duration(text(spec, "retryInterval") or text(spec, "interval")) or 0.0,
        namespace=text(spec, "targetNamespace") or node.ref.namespace,
        chart=chart,
        chart_source=chart_source,
    )


def _chart(release: FluxObject, item: Mapping[str, Any]) -> tuple[ObjectRef | None, ObjectRef | None]:
    """The source that is made from a chart template, and the one that the template names; neither without one.

    Until status.helmChart names it, helm-controller's own rule gives its name. Since Flux 2.10 it may be an
    OCIRepository, of which the template names no source but an address.
    """
    if not release.kind.made_source or at(item, "spec", "chart") is None or any(references(item, release.kind)):
        return None, None
    template = next(references(item, release.kind, Relation.TEMPLATE), None)
    made = made_source(text(item, *release.kind.made_source))
    kind = text(item, "spec", "chart", "kind") or "HelmChart"
    if made is None and template is None and kind == "HelmChart":
        return None, None
    namespace = template.namespace if template is not None else release.namespace
    return made or ObjectRef(kind, namespace, f"{release.namespace}-{release.name}"), template


@dataclass(frozen=True, slots=True)
class ReconcileRequest:
    """A request that was made.

    Attributes:
        before: the object as it was.
        token: the value of every key.
        options: the keys that were written beside requestedAt.
        revision: that its source had when the request was made; empty where the source was not requested.
    """

    before: Target
    token: str
    options: tuple[str, ...] = ()
    revision: str = ""

    @property
    def ref(self) -> ObjectRef:
        return self.before.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileResult:
    """How a request ended, or why it was not made.

    Attributes:
        why: beside the outcome.
        detail: of `why`: the reason of an error, a refusal.
        notes: what else happened to the request.
        reason: the controller's.
        message: the controller's.
        summary: the Ready condition of an object whose reason and message are of another one.
        revisions: in force before and after.
        releases: the number of a HelmRelease's latest release before and after.
        after: the object as it was last seen; None where it was not.
    """

    ref: ObjectRef
    outcome: Outcome
    why: Why | None = None
    detail: str = ""
    notes: tuple[tuple[Why, str], ...] = ()
    reason: str = ""
    message: str = ""
    summary: Condition | None = None
    revisions: tuple[str, str] = ("", "")
    releases: tuple[int, int] = (0, 0)
    after: Target | None = None


def to_token(nanoseconds: int) -> str:
    """A moment since 1970 as RFC 3339 with nanoseconds: opaque to Flux, which only looks for a new value."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def skipped(ref: ObjectRef, why: Why, detail: str = "") -> ReconcileResult:
    """The result of an object that was not requested."""
    return ReconcileResult(ref=ref, outcome=Outcome.SKIPPED, why=why, detail=detail)


def refusal(target: Target) -> str:
    """Why a request to an object would have no effect, as what follows its name in a sentence; empty if it has one."""
    flux = target.object
    if flux.deleted is not None:
        return "is being deleted"
    if flux.oci_helm_repository:
        return "has type oci: source-controller does not reconcile it, its HelmCharts fetch from the registry"
    if flux.disabled:
        how = f"annotation {flux.kind.switch}: disabled" if flux.kind.switch else "spec.suspend: true"
        return f"is suspended ({how}): Flux would mark the request as handled without a run"
    if not flux.kind.reconcilable:
        return "is of a kind that does not reconcile on request"
    return ""


def sources_of(target: Target) -> tuple[ObjectRef, ...]:
    """The objects that are requested before this one with_source, nearest only.

    A chart template leads to the source that is made from it, whether it exists yet or not; an ExternalArtifact to the
    ArtifactGenerator that makes it, and that to all that it reads.
    """
    if target.ref.kind not in {*WITH_SOURCE, "ExternalArtifact", "ArtifactGenerator"}:
        return ()
    return (target.chart,) if target.chart is not None else target.object.sources


def final_result(request: ReconcileRequest, now: Target | None) -> ReconcileResult | None:
    """How a request ended, from the object as it is now (None: it is gone); None while it has not ended.

    One that waits for another object has ended as far as its own run goes; its controller retries it.
    """
    if now is None or now.uid != request.before.uid:
        return _result(request, now, Outcome.FAILED, Why.DELETED)
    if now.object.deleted is not None:
        return _result(request, now, Outcome.FAILED, Why.DELETING)
    if now.object.disabled:
        return _result(request, now, Outcome.SKIPPED, Why.SUSPENDED)
    return _of_finished_run(request, now) if _handled(request, now) else None


def _handled(request: ReconcileRequest, now: Target) -> bool:
    flux, before = now.object, request.before.object
    if flux.kind.silent:
        return flux.ready is not None and (before.ready is None or flux.ready.changed != before.ready.changed)
    return flux.handled_at == request.token or (_replaced(request, now) and flux.handled_at == now.requested_at)


def _replaced(request: ReconcileRequest, now: Target) -> bool:
    """Whether another request replaced this one: a newer one, not the one that was there before."""
    return now.requested_at not in {"", request.token, request.before.requested_at}


def _of_finished_run(request: ReconcileRequest, now: Target) -> ReconcileResult | None:
    """The result of a run that has finished; None where the object still works on a newer generation or revision."""
    flux = now.object
    stalled, ready = flux.condition("Stalled"), flux.ready
    if _out_of_schedule(request, now):
        return _result(request, now, Outcome.SKIPPED, Why.OUT_OF_SCHEDULE)
    if stalled is not None and stalled.status == "True" and is_current(flux, stalled):
        exhausted = stalled.reason == _EXHAUSTED and RESET not in request.options
        return _result(request, now, Outcome.FAILED, Why.EXHAUSTED if exhausted else Why.STALLED)
    if ready is None or ready.status == "Unknown" or ready.reason == _SUPERSEDED or _old_generation(flux):
        return None
    if ready.status == "True":
        return None if _old_revision(request, now) else _result(request, now, Outcome.SUCCEEDED)
    return _result(request, now, Outcome.WAITING if ready.reason in WAITING else Outcome.FAILED)


def _old_generation(flux: FluxObject) -> bool:
    """Whether the result is of an older generation; flux-operator writes that of a FluxReport before its own update."""
    return not flux.kind.silent and flux.ready is not None and not is_current(flux, flux.ready)


def _old_revision(request: ReconcileRequest, now: Target) -> bool:
    """Whether a Kustomization ran before its controller saw the revision that its source had just fetched."""
    applied = now.object.applied_revision
    unchanged = applied == request.before.object.applied_revision
    return now.ref.kind == "Kustomization" and unchanged and request.revision not in {"", applied}


def _out_of_schedule(request: ReconcileRequest, now: Target) -> bool:
    """Whether a provider with a schedule handled the request and did nothing: nothing else has changed."""
    before = request.before
    return (
        now.next_run != ""
        and FORCE not in request.options
        and (before.next_run, before.object.ready) == (now.next_run, now.object.ready)
    )


def interim_result(request: ReconcileRequest, now: Target | None, unread: str = "") -> ReconcileResult:
    """What is known of a request when the wait ends before it.

    Args:
        now: the object as it was last seen; None if it was not.
        unread: why the object could not be read in the end; empty if it could.
    """
    if now is None or unread:
        return _result(request, now, Outcome.REQUESTED, Why.UNOBSERVED if unread else None, unread, said=False)
    if (final := final_result(request, now)) is not None:
        return final
    return _unfinished_run(request, now) if _handled(request, now) else _unhandled(request, now)


def _unfinished_run(request: ReconcileRequest, now: Target) -> ReconcileResult:
    ready = now.object.ready
    if ready is not None and ready.reason == _SUPERSEDED:
        return _result(request, now, Outcome.WAITING, Why.SUPERSEDED)
    if ready is None or ready.status == "Unknown":
        return _result(request, now, Outcome.RUNNING)
    late = ready.status == "True" and _old_revision(request, now)
    return _result(request, now, Outcome.RUNNING, Why.REVISION_NOT_APPLIED if late else Why.GENERATION_UNOBSERVED)


def _unhandled(request: ReconcileRequest, now: Target) -> ReconcileResult:
    before = request.before.object
    if not now.requested_at or now.requested_at == request.before.requested_at:
        return _result(request, now, Outcome.REQUESTED, Why.REMOVED)
    if not _runs(now.object):
        return _result(request, now, Outcome.REQUESTED, Why.NOT_TAKEN_UP)
    # Ready is Unknown with one message and time from the begin of a run to its end.
    if _runs(before) and now.object.ready == before.ready:
        return _result(request, now, Outcome.REQUESTED, Why.EARLIER_RUN)
    return _result(request, now, Outcome.RUNNING)


def _runs(flux: FluxObject) -> bool:
    """Whether a run goes on; one that has failed leaves Reconciling True beside a Ready that is False."""
    if flux.ready is not None and flux.ready.status != "True":
        return flux.ready.status == "Unknown"
    reconciling = flux.condition("Reconciling")
    return reconciling is not None and reconciling.status == "True"


def _result(
    request: ReconcileRequest,
    now: Target | None,
    outcome: Outcome,
    why: Why | None = None,
    detail: str = "",
    *,
    said: bool = True,
) -> ReconcileResult:
    before, after = request.before, now if now is not None else request.before
    decisive = _decisive(after.object, outcome) if said and now is not None else None
    ready = after.object.ready
    return ReconcileResult(
        ref=request.ref,
        outcome=outcome,
        why=why,
        detail=detail,
        notes=tuple(_notes(request, now)) if now is not None else (),
        reason=decisive.reason if decisive is not None else "",
        message=decisive.message if decisive is not None else "",
        summary=ready if outcome is Outcome.FAILED and decisive is not None and decisive is not ready else None,
        revisions=(before.object.revision, after.object.revision),
        releases=(before.release, after.release),
        after=now,
    )


def _decisive(flux: FluxObject, outcome: Outcome) -> Condition | None:
    """The condition that says most: of an object at work what it does, of a remediated release what failed.

    After a remediation Ready repeats it: Ready is False, RollbackSucceeded, and Released or TestSuccess says why.
    """
    order = ["Ready", "Stalled"]
    if outcome is Outcome.RUNNING:
        order = ["Reconciling", *order]
    remediated = flux.condition("Remediated")
    if outcome is Outcome.FAILED and remediated is not None and flux.ready is not None:
        failed = [flux.condition(kind) for kind in ("Released", "TestSuccess")]
        if flux.ready.reason == remediated.reason:
            order = [*(each.type for each in failed if each is not None and each.status == "False"), *order]
    return next((each for kind in order if (each := flux.condition(kind)) is not None), None)


def _notes(request: ReconcileRequest, now: Target) -> list[tuple[Why, str]]:
    notes = [(Why.REPLACED, "")] if _replaced(request, now) else []
    lost = [key.removesuffix("At") for key in request.options if now.handled[key] != request.token]
    if lost and _handled(request, now):
        notes.append((Why.OPTIONS_LOST, " and ".join(lost)))
    return notes
