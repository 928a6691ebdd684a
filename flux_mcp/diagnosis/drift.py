"""Which fields of which objects drifted: a HelmRelease reports only how many; Events and ReplicaSets may tell more."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, EVENT, REPLICA_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, text
from flux_mcp.diagnosis.cause import Detail, Fact
from flux_mcp.diagnosis.search import Search
from flux_mcp.kubernetes.events import Event

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
MOST: Final = 10
"""Objects that drifted and are named."""
_DRIFTED: Final = re.compile(
    r"^([A-Z]\w{1,62})/(?:([a-z0-9-]{1,63})/)?([a-z0-9.-]{1,253}) "
    r"(removed|created|deleted|excluded|(?:changed \([^)\n]{1,100}\)))",
    re.MULTILINE,
)
_AUTOSCALERS: Final = frozenset({"HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"})
_SIZE: Final = re.compile(r"New size: (\d{1,9})")
_SCALED: Final = re.compile(r"^Scaled (?:up|down) replica set \S{1,253} (?:from (\d{1,9}) )?to (\d{1,9})")


def follow_drift(search: Search) -> None:
    """The objects that drifted, each with the field where that is known."""
    condition = search.status.object.condition("Drifted")
    objects = [*_DRIFTED.finditer(condition.message)] if condition is not None else []
    for match in objects[:MOST]:
        kind, namespace, name, how = match.groups()
        ref = ObjectRef(kind, namespace or "", name)
        search.need(ref.namespace, (EVENT, *((DEPLOYMENT, REPLICA_SET) if kind == DEPLOYMENT.kind else ())))
        changes = [*_changes(search, ref, condition.changed if condition is not None else None)]
        search.details += changes or [Detail(Fact.DRIFT_UNKNOWN, (ref,), (how,))]
    search.blame("drift-autoscaler" if _autoscaled(search) else "drift")


def follow_corrections(search: Search, event: Event) -> None:
    """What drifts again after each correction, and which other Flux objects apply it too."""
    search.quote(event)
    search.failures.clear()
    others: set[ObjectRef] = set()
    for kind, namespace, name, _ in (match.groups() for match in [*_DRIFTED.finditer(event.message)][:MOST]):
        for entry in search.snapshot.graph.managed_as(name):
            if (entry.kind, entry.namespace) == (kind, namespace or ""):
                others.update(search.applied_by(entry))
    search.blame("object-applied-twice" if others else "drift-again")


def _autoscaled(search: Search) -> bool:
    """Whether an autoscaler scaled a workload whose replicas drifted; its Event is shown."""
    drifted = [one for one in search.details if one.fact is Fact.DRIFT and one.texts[0] == "spec.replicas"]
    places = {one.refs[0].namespace for one in drifted}
    for about, found in search.snapshot.evidence.events.items() if drifted else ():
        if about.kind not in _AUTOSCALERS or about.namespace not in places:
            continue
        sizes = {one.texts[2] for one in drifted}
        for event in found:
            size = _SIZE.search(event.message)
            named = any(one.refs[0].name in {about.name, *re.split(r"[^a-z0-9.-]", event.message)} for one in drifted)
            if (size is not None and size[1] in sizes) or named:
                search.details.append(Detail(Fact.EVENT, (about,), (event.reason, event.message), event.seen))
                return True
    return False


def _changes(search: Search, ref: ObjectRef, until: datetime | None) -> Iterator[Detail]:
    """The replicas that a Deployment was scaled to since it was released, and the images that it got since."""
    evidence = search.snapshot.evidence
    released = search.subject.releases[0].deployed if search.subject.releases else None
    scaled = [
        (event.seen, found)
        for event in evidence.events.get(ref, ())
        if event.reason == "ScalingReplicaSet"
        and event.seen is not None
        and (released is None or event.seen > released)
        and (found := _SCALED.search(event.message)) is not None
        and found[1]
    ]
    # What comes after drift was reported may be its correction, unless drift is only reported.
    corrects = text(at(search.subject.item, "spec"), "driftDetection", "mode") != "warn"
    before_report = [pair for pair in scaled if until is None or pair[0] <= until]
    newest = max(before_report or ([] if corrects else scaled), key=lambda pair: pair[0], default=None)
    sets = sorted(evidence.owned.get(ref, ()), key=lambda one: one.created or _NEVER, reverse=True)
    # A new ReplicaSet scales too: then the template changed, not the number.
    renewed = bool(sets) and released is not None and sets[0].created is not None and sets[0].created > released
    if renewed and len(sets) > 1:
        before = {one.name: one.image for one in sets[1].containers}
        for one in sets[0].containers:
            if one.name in before and before[one.name] != one.image:
                texts = (f"image of container {one.name}", before[one.name], one.image)
                yield Detail(Fact.DRIFT, (ref,), texts, sets[0].created)
        if all(before.get(one.name) in {None, one.image} for one in sets[0].containers):
            yield Detail(
                Fact.DRIFT, (ref,), ("spec.template, ReplicaSet", sets[1].ref.name, sets[0].ref.name), sets[0].created
            )
    elif newest is not None:
        yield Detail(Fact.DRIFT, (ref,), ("spec.replicas", newest[1][1], newest[1][2]), newest[0])
