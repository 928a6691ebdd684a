"""Lines about requests to reconcile that several answers share."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.workload_health import workload_failures
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Health
from flux_mcp.reconcile.dependencies import Dependencies, Dependency
from flux_mcp.reconcile.explanation import Explanation, FailureEvidence
from flux_mcp.reconcile.outcome import Outcome, ReconcileResult, Why
from flux_mcp.render.causes import BRIEF, failure_line
from flux_mcp.render.objects import object_line
from flux_mcp.render.text import revision
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import message, name_of, value

STANDS: Final = "The requests stand; get_flux_resource shows later how they ended."
"""The line below requests whose completion was not observed."""
NAMED: Final = 5
"""Objects that are named of one sort."""
_WORDS: Final = {
    Why.DELETED: "deleted meanwhile",
    Why.DELETING: "it is being deleted",
    Why.SUSPENDED: "suspended meanwhile: whether it ran is not known",
    Why.STALLED: "stalled: Flux does not retry",
    Why.EXHAUSTED: "stalled: Flux does not retry; reset=true resets its failure counters",
    Why.OUT_OF_SCHEDULE: "outside its schedule: no run is visible; force=true runs it now",
    Why.SUPERSEDED: "a newer run replaced it",
    Why.GENERATION_UNOBSERVED: "handled; latest generation not yet observed",
    Why.REVISION_NOT_APPLIED: "handled; the revision of its source is not applied yet",
    Why.REMOVED: "the request was removed from the object",
    Why.EARLIER_RUN: "not taken up: a run from before the request has not ended",
    Why.NOT_TAKEN_UP: "not taken up",
    Why.UNOBSERVED: "{}",
    Why.REPLACED: "a newer request replaced this one",
    Why.OPTIONS_LOST: "{}: not taken up",
    Why.WATCHED: "not requested: its ArtifactGenerator writes it",
    Why.NOT_REQUESTED: "not requested: {}",
    Why.WITHOUT_EFFECT: "not requested: it {}",
    Why.SOURCE_NOT_SUCCEEDED: "not requested: its source {} has not succeeded",
}
_OUTCOMES: Final = {Outcome.REQUESTED: "requested; completion not observed"}
_REVISIONS_MATTER: Final = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.WAITING})


def outcome_line(result: ReconcileResult) -> str:
    """`Kind namespace/name, outcome (why), reason, revision: "message"`, without what is not there."""
    reasons = ([(result.why, result.detail)] if result.why is not None else []) + [*result.notes]
    why = "; ".join(_WORDS[each].format(detail) for each, detail in reasons)
    outcome = _OUTCOMES.get(result.outcome, result.outcome.value)
    parts = (
        name_of(result.ref),
        f"{outcome} ({why})" if why else outcome,
        value(result.reason) if result.reason else "",
        revisions(result) + (" (unchanged)" if _unchanged(result) else ""),
    )
    return ", ".join(filter(None, parts)) + (f": {message(result.message)}" if result.message else "")


def revisions(result: ReconcileResult) -> str:
    """`main@b649360`, or `main@b649360 → main@0d5e3f1` where it changed; so for the number of a Helm release."""
    before, after = (revision(text) if text else "" for text in result.revisions)
    shown = f"{before or 'nothing'} → {after}" if result.revisions[0] != result.revisions[1] else after
    first, last = result.releases
    return ", ".join(filter(None, (shown, f"release {first} → {last}" if first != last else "")))


def _unchanged(result: ReconcileResult) -> bool:
    known = result.outcome in _REVISIONS_MATTER and result.revisions[0] != ""
    return known and result.revisions[0] == result.revisions[1] and result.releases[0] == result.releases[1]


def result_lines(result: ReconcileResult, explanation: Explanation, request: RequestContext) -> Iterator[str]:
    """The line of a result, and below it what explains it."""
    yield outcome_line(result)
    details: list[str] = []
    if (ready := result.summary) is not None:
        details.append(f"condition Ready {ready.status}, {value(ready.reason)}: {message(ready.message)}")
    details += controller_lines(result, explanation)
    if result.outcome is Outcome.WAITING and explanation.dependencies is not None:
        details += _dependencies(explanation.dependencies, request)
    if result.outcome is Outcome.FAILED and explanation.failure is not None and explanation.failure.about == result.ref:
        details += _failure(explanation.failure, request)
    yield from (f"  {line}" for line in details)


def controller_lines(result: ReconcileResult | None, explanation: Explanation) -> Iterator[str]:
    """Whether the controller runs that has not taken up a request."""
    if result is None or result.after is None or result.why not in {Why.NOT_TAKEN_UP, Why.EARLIER_RUN}:
        return
    component = result.after.object.kind.controller
    if not component or explanation.controllers is None:
        return
    found = [one for one in explanation.controllers if one.component == component]
    for one in found[:NAMED]:
        down = ": it does not run" if one.down else ""
        yield f"{name_of(one.ref)}: {one.ready} of {one.wanted} Pods ready{down}"
    if not found:
        yield f"no Deployment of {component} was found by Flux's label, so whether it runs is not known"


def _dependencies(dependencies: Dependencies, request: RequestContext) -> Iterator[str]:
    """What an object waits for, with the state of each."""
    if dependencies.loop:
        yield f"loop of dependsOn: {_loop(dependencies.loop)}"
        return
    blocking = dependencies.blocking
    for one in blocking[:NAMED]:
        yield f"waits for {_state(one, request)}"
        if one.source is not None and one.behind:
            yield f"  its source {name_of(one.source.ref)} has {revision(one.source.object.artifact_revision)}"
    if len(blocking) > NAMED:
        yield f"waits for {len(blocking) - NAMED} more objects"


def _state(one: Dependency, request: RequestContext) -> str:
    """An object as it is; of one at work what its controller does, rather than that it does."""
    if one.status is None:
        return f"{name_of(one.ref)}: {f'could not be read ({one.unread})' if one.unread else 'not found'}"
    working = one.status.object.condition("Reconciling") if one.status.health is Health.PROGRESSING else None
    status = one.status if working is None else replace(one.status, reason=working.reason, message=working.message)
    return object_line(status, request)


def loop_lines(explanation: Explanation) -> Iterator[str]:
    """Why no Kustomization of a source follows a new revision of it."""
    for source, members in explanation.loops.items():
        yield (
            f"{name_of(source)}: no Kustomization of it follows a new revision before its own interval, because of a "
            f"loop of dependsOn: {_loop(members)}"
        )


def _loop(members: Sequence[ObjectRef]) -> str:
    if len(members) == 1:
        return f"{name_of(members[0])} depends on itself"
    more = f" and {len(members) - NAMED} more" if len(members) > NAMED else ""
    return f"{', '.join(map(name_of, members[:NAMED]))}{more} wait for each other"


def _failure(failure: FailureEvidence, request: RequestContext) -> Iterator[str]:
    """The objects that a failure names: Flux objects with their state, workloads with what is wrong now."""
    for status in failure.flux[:NAMED]:
        yield object_line(status, request)
    for workload in failure.workloads[:NAMED]:
        yield from _workload(workload, failure, request)


def _workload(workload: InventoryEntry, failure: FailureEvidence, request: RequestContext) -> Iterator[str]:
    found = workload_failures(workload.ref, failure.health, request.now)
    yield from (failure_line(one, BRIEF) for one in found)
    known = failure.health.workloads.get(workload.ref)
    if not found and known is not None:
        yield f"{name_of(workload.ref)}: {known.ready} of {known.wanted} ready now"
    elif not found and failure.health.was_read(workload.namespace, workload.kind):
        yield f"{name_of(workload.ref)}: not found"
