"""What a Flux object says of a request to reconcile: may it be asked, was it handled, how did it end.

Source: the controllers' own behaviour (our knowledge file, sections 1.3, 1.4, 2.2, 2.6 and 2.7). A token that stands in
status.lastHandledReconcileAt means that the run has finished, so that Ready is its result; but a suspended object takes
note of a token without a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FORCE, RESET, Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import made_source, references
from flux_mcp.api.unstructured import at, number, text
from flux_mcp.flux.objects import REQUESTED_AT, FluxObject, view
from flux_mcp.flux.status import is_current

SOURCE_KINDS: Final = tuple(kind for kind in FLUX_KINDS if kind.controller == "source-controller")
"""The kinds of which all are reconciled at once, in the table's order: HelmChart follows what charts come from."""
WITH_SOURCE: Final = ("Kustomization", "HelmRelease", "HelmChart")
"""The kinds that may be asked together with their source."""
_WAITING: Final = frozenset({"DependencyNotReady", "SourceNotReady"})
"""Reasons of a Ready condition that is False because something else is not ready yet."""
_SUPERSEDED: Final = "HealthCheckCanceled"
"""The reason of a run that was broken off for a newer one, which is on its way."""

_USED_UP: Final = "RetriesExceeded"


class Outcome(Enum):
    """How a request ended. The order is that of an answer: what to look at first comes first."""

    FAILED = "failed"
    WAITING = "waiting"
    RUNNING = "running"
    REQUESTED = "requested"
    SKIPPED = "skipped"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Flux object, with what else is to be known for asking it to reconcile.

    Attributes:
        uid: changes when an object is deleted and made anew.
        asked_at: the token on the object now, whoever wrote it.
        handled: the tokens that the controller took note of, by the key that it was asked with.
        next_run: when a ResourceSetInputProvider with a schedule runs next; empty for one without.
        release: the number of a HelmRelease's latest release; 0 where there is none.
        chart: the HelmChart of a HelmRelease with a chart template, whether it was made yet or not.
        chart_source: what that chart comes from.
    """

    object: FluxObject
    uid: str = ""
    asked_at: str = ""
    handled: Mapping[str, str]
    next_run: str = ""
    release: int = 0
    chart: ObjectRef | None = None
    chart_source: ObjectRef | None = None

    @property
    def ref(self) -> ObjectRef:
        """What it is called."""
        return self.object.ref


def view_target(item: Mapping[str, Any]) -> Target | None:
    """The view of one object as kubectl printed it; None if it is not a Flux object or has no name."""
    one = view(item)
    if one is None:
        return None
    status = at(item, "status")
    chart, chart_source = _chart(one, item)
    return Target(
        object=one,
        uid=text(item, "metadata", "uid"),
        asked_at=text(item, "metadata", "annotations", REQUESTED_AT),
        handled={FORCE: text(status, "lastHandledForceAt"), RESET: text(status, "lastHandledResetAt")},
        next_run=text(status, "nextSchedule", "when"),
        release=number(status, "history", "0", "version") if one.kind.kind == "HelmRelease" else 0,
        chart=chart,
        chart_source=chart_source,
    )


def _chart(one: FluxObject, item: Mapping[str, Any]) -> tuple[ObjectRef | None, ObjectRef | None]:
    """The chart that is made from a template, and what the template names; neither without a template."""
    template = next(references(item, one.kind, Relation.TEMPLATE), None)
    if template is None or any(references(item, one.kind)):
        return None, None
    # helm-controller's own rule for the name, until its status names the chart.
    made = made_source(text(item, *one.kind.made_source))
    return made or ObjectRef("HelmChart", template.namespace, f"{one.namespace}-{one.name}"), template


@dataclass(frozen=True, slots=True)
class ReconcileRequest:
    """A request that was made.

    Attributes:
        before: the object as it was.
        token: the value of every key.
        options: the keys that were written beside requestedAt.
    """

    before: Target
    token: str
    options: tuple[str, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """Whom it was made to."""
        return self.before.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileResult:
    """How a request ended, or why it was not made.

    Attributes:
        why: in our own words.
        notes: what else is to be known, in our own words.
        reason: the controller's.
        message: the controller's.
        revisions: in force before and after.
        releases: the number of a HelmRelease's latest release before and after.
    """

    ref: ObjectRef
    outcome: Outcome
    why: str = ""
    notes: tuple[str, ...] = ()
    reason: str = ""
    message: str = ""
    revisions: tuple[str, str] = ("", "")
    releases: tuple[int, int] = (0, 0)


def to_token(nanoseconds: int) -> str:
    """A moment since 1970 as RFC 3339 with nanoseconds: opaque to Flux, which only looks for a new value."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def refusal(target: Target) -> str:
    """Why an object is not asked, as what follows its name in a sentence; empty if it can be asked."""
    one = target.object
    if one.deleted is not None:
        return "is being deleted"
    if one.oci_helm_repository:
        return "is of type oci: there is nothing to run, its HelmCharts fetch from it"
    if one.disabled:
        how = f"annotation {one.kind.switch}: disabled" if one.kind.switch else "spec.suspend: true"
        return f"is suspended ({how}): Flux would take note of the request without a run"
    if not one.kind.reconcilable:
        return "is of a kind that does not reconcile on request"
    return ""


def source_of(target: Target) -> ObjectRef | None:
    """The next object up the road to where the content comes from; None at its end.

    It leads from a HelmRelease by its HelmChart, whether that was made yet or not, and from an ExternalArtifact to the
    ArtifactGenerator that makes it, which ends it: what a generator reads is asked for by itself.
    """
    if target.ref.kind not in {*WITH_SOURCE, "ExternalArtifact"}:
        return None
    return target.chart or next(iter(target.object.sources), None)


def end(request: ReconcileRequest, now: Target | None) -> ReconcileResult | None:
    """How a request ended, told from the object as it is now (None: it is gone); None while it has not ended."""
    if now is None or now.uid != request.before.uid:
        return _ended(request, now, Outcome.FAILED, "it was deleted meanwhile")
    if now.object.deleted is not None:
        return _ended(request, now, Outcome.FAILED, "it is being deleted")
    if now.object.disabled:
        why = "it was suspended meanwhile, so that it is not known whether there was a run"
        return _ended(request, now, Outcome.SKIPPED, why)
    return _result(request, now) if _handled(request, now) else None


def _handled(request: ReconcileRequest, now: Target) -> bool:
    one, before = now.object, request.before.object
    if one.kind.silent:
        return one.ready is not None and (before.ready is None or one.ready.changed != before.ready.changed)
    return one.handled_at == request.token or (_replaced(request, now) and one.handled_at == now.asked_at)


def _replaced(request: ReconcileRequest, now: Target) -> bool:
    """Whether another request took the place of this one: a newer one, not the one that was there before."""
    return now.asked_at not in {"", request.token, request.before.asked_at}


def _result(request: ReconcileRequest, now: Target) -> ReconcileResult | None:
    """The result of a run that has finished; None where the object still works on a newer generation or revision."""
    one = now.object
    stalled, ready = one.condition("Stalled"), one.ready
    if _out_of_schedule(request, now):
        why = "no run shows: so it answers outside its schedule; force=true runs it all the same"
        return _ended(request, now, Outcome.SKIPPED, why)
    if stalled is not None and stalled.status == "True" and is_current(one, stalled):
        used_up = stalled.reason == _USED_UP and RESET not in request.options
        more = "; reset=true sets its failure counters back" if used_up else ""
        return _ended(request, now, Outcome.FAILED, f"stalled: it will not be tried again by itself{more}")
    if ready is None or ready.status == "Unknown" or not is_current(one, ready) or ready.reason == _SUPERSEDED:
        return None
    if ready.status == "True":
        return _ended(request, now, Outcome.SUCCEEDED)
    return _ended(request, now, Outcome.WAITING if ready.reason in _WAITING else Outcome.FAILED)


def _out_of_schedule(request: ReconcileRequest, now: Target) -> bool:
    """Whether a provider with a schedule took note of the request and did nothing: nothing else has changed."""
    before = request.before
    return (
        now.next_run != ""
        and FORCE not in request.options
        and (before.next_run, before.object.ready) == (now.next_run, now.object.ready)
    )


def no_end(request: ReconcileRequest, now: Target | None, unseen: str = "") -> ReconcileResult:
    """What is known of a request when the waiting ends before it.

    Args:
        request: that was made.
        now: the object as it was last seen; None if it was not.
        unseen: why the object could not be looked at in the end; empty if it could.
    """
    if now is None or unseen:
        why = f"how it went was not seen: {unseen}" if unseen else ""
        return _ended(request, now, Outcome.REQUESTED, why, said=False)
    ready = now.object.ready
    if _handled(request, now):
        waits = ready is not None and ready.reason == _SUPERSEDED
        why = "a newer run took its place" if waits else "handled, but there is no result for the newest spec yet"
        return _ended(request, now, Outcome.WAITING if waits else Outcome.RUNNING, why)
    if not now.asked_at or now.asked_at == request.before.asked_at:
        return _ended(request, now, Outcome.RUNNING, "the request was taken off the object by somebody else")
    reconciling = now.object.condition("Reconciling")
    at_work = (reconciling is not None and reconciling.status == "True") or (
        ready is not None and ready.status == "Unknown"
    )
    controller = now.object.kind.controller
    idle = f"not taken up yet, see whether {controller} runs" if controller else "not taken up yet"
    return _ended(request, now, Outcome.RUNNING, "" if at_work else idle)


def _ended(
    request: ReconcileRequest, now: Target | None, outcome: Outcome, why: str = "", *, said: bool = True
) -> ReconcileResult:
    before, after = request.before, now if now is not None else request.before
    reason, message = _said(after.object, outcome) if said and now is not None else ("", "")
    return ReconcileResult(
        ref=request.ref,
        outcome=outcome,
        why=why,
        notes=tuple(_notes(request, now)) if now is not None else (),
        reason=reason,
        message=message,
        revisions=(before.object.revision, after.object.revision),
        releases=(before.release, after.release),
    )


def _said(one: FluxObject, outcome: Outcome) -> tuple[str, str]:
    """The reason and message that tell most: of an object at work those of what it does, else those of Ready."""
    conditions = [one.condition("Reconciling"), one.ready] if outcome is Outcome.RUNNING else [one.ready]
    told = next((each for each in (*conditions, one.condition("Stalled")) if each is not None), None)
    return ("", "") if told is None else (told.reason, told.message)


def _notes(request: ReconcileRequest, now: Target) -> list[str]:
    notes = ["a newer request took the place of this one"] if _replaced(request, now) else []
    lost = [key for key in request.options if now.handled[key] != request.token]
    if lost and _handled(request, now):
        words = " and ".join(key.removesuffix("At") for key in lost)
        notes.append(f"{words}: not taken up")
    return notes
