"""Verdicts: one word for how an object is, and flags for what else is to be known.

The words and their order are those of our knowledge file, section 2.4; the first that fits wins. They agree with what
`flux get`, kstatus and the controllers say, and go on where those stop: a suspended object is not Ready, a generation
that was not seen is not Ready, and a source that fails under an applier that still looks Ready is said.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph_algorithms import downstream
from flux_mcp.flux.objects import FluxObject
from flux_mcp.kubernetes.conditions import Condition

STUCK_DELETING: Final = 600.0
"""Seconds after which a deletion hangs."""
SOURCE_GRACE: Final = 60.0
"""Seconds for which SourceNotReady is the ordinary wait for a chart that was just asked for."""


class Health(Enum):
    """How an object is. The order is that of trouble: what to look at first comes first."""

    STALLED = "Stalled"
    FAILING = "Failing"
    DELETING = "Deleting"
    PENDING = "Pending"
    STALE = "Stale"
    WAITING = "Waiting"
    PROGRESSING = "Progressing"
    SUSPENDED = "Suspended"
    READY = "Ready"
    STATIC = "Static"


class Flag(Enum):
    """What is to be known beside a verdict."""

    STUCK = "stuck"
    AFTER_FAILURE = "after-failure"
    SOURCE_FAILING = "source-failing"
    REVISION_BEHIND = "revision-behind"
    REQUEST_PENDING = "request-pending"
    DRIFTED = "drifted"


_FAILED: Final = frozenset({Health.FAILING, Health.STALLED})
_SETTLED: Final = frozenset({Health.DELETING, Health.SUSPENDED, Health.STATIC})
_KIND_ORDER: Final = {entry.kind: position for position, entry in enumerate(sorted(FLUX_KINDS, key=lambda k: k.kind))}
_HEALTH_ORDER: Final = {health: 2 * position for position, health in enumerate(Health)}


@dataclass(frozen=True, slots=True)
class ObjectStatus:
    """An object with its verdict.

    Attributes:
        reason: the Ready condition's; of an object that is progressing after a failure, the failure's.
        message: likewise.
        since: when Ready last changed, else when the object was made.
        missing_sources: sources up the chain that are not among the objects: they do not exist, or were not read.
    """

    object: FluxObject
    health: Health
    flags: tuple[Flag, ...]
    reason: str
    message: str
    since: datetime | None
    missing_sources: tuple[ObjectRef, ...] = ()

    @property
    def trouble(self) -> bool:
        """Whether somebody should look: not for Ready, Static, Suspended or an ordinary run, unless a flag says so."""
        if self.health in {Health.READY, Health.PROGRESSING}:
            return bool(self.flags)
        return self.health not in {Health.SUSPENDED, Health.STATIC}

    @property
    def order(self) -> tuple[int, int, str, str]:
        """The order of trouble: verdict (Ready with a flag before Suspended), kind, namespace, name."""
        flagged = self.health is Health.READY and self.flags
        place = _HEALTH_ORDER[Health.SUSPENDED] - 1 if flagged else _HEALTH_ORDER[self.health]
        return place, _KIND_ORDER[self.object.kind.kind], self.object.namespace, self.object.name


def find_health(spelling: str) -> Health | None:
    """The verdict of that name, in any case."""
    return next((health for health in Health if health.value.lower() == spelling.lower()), None)


def count(statuses: Iterable[ObjectStatus]) -> tuple[tuple[Health, int], ...]:
    """How many objects have each verdict, in the order of trouble, without zeros."""
    counts = Counter(entry.health for entry in statuses)
    return tuple((health, counts[health]) for health in Health if counts[health])


def assess(objects: Iterable[FluxObject], now: datetime) -> tuple[ObjectStatus, ...]:
    """Verdict and flags of every object, in the order of trouble. Sources are looked up among the same objects."""
    everything = tuple(objects)
    known = {entry.ref: entry for entry in everything}
    health_values = {ref: health_of(entry, now) for ref, entry in known.items()}
    sources = _sources(known, health_values)
    return tuple(
        sorted((_assess(entry, health_values, sources, now) for entry in everything), key=lambda entry: entry.order)
    )


def health_of(entry: FluxObject, now: datetime) -> Health:  # noqa: PLR0911 (the first that fits wins)
    """The verdict of one object. It depends on this object and the clock alone."""
    ready, reconciling = entry.ready, _is_true(entry, "Reconciling")
    if entry.deleted is not None:
        return Health.DELETING
    if entry.disabled:
        return Health.SUSPENDED
    if entry.kind.static or entry.oci_helm_repository:
        return Health.STATIC
    if (stalled := entry.condition("Stalled")) is not None and stalled.status == "True" and is_current(entry, stalled):
        return Health.STALLED
    if ready is None:
        return Health.PROGRESSING if reconciling else Health.PENDING
    if not is_current(entry, ready):
        return Health.STALE
    if ready.status == "False":
        return _not_ready(ready, now)
    return Health.PROGRESSING if ready.status == "Unknown" or reconciling else Health.READY


def _not_ready(ready: Condition, now: datetime) -> Health:
    if ready.reason == "DependencyNotReady":
        return Health.WAITING
    fresh = ready.changed is not None and _seconds(ready.changed, now) <= SOURCE_GRACE
    if ready.reason == "HealthCheckCanceled" or (ready.reason == "SourceNotReady" and fresh):
        return Health.PROGRESSING
    return Health.FAILING


def is_current(entry: FluxObject, condition: Condition) -> bool:
    """Whether a condition speaks of the generation that is wanted; where nothing tells, it does.

    status.observedGeneration is -1 on an object that has only failed, which tells nothing.
    """
    observed = condition.observed_generation or entry.observed_generation
    return observed <= 0 or observed >= entry.generation


def _is_true(entry: FluxObject, kind: str) -> bool:
    condition = entry.condition(kind)
    return condition is not None and condition.status == "True"


def _is_false(entry: FluxObject, kind: str) -> bool:
    condition = entry.condition(kind)
    return condition is not None and condition.status == "False"


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else (now - since).total_seconds()


@dataclass(frozen=True, slots=True)
class _Sources:
    """What is to be known of the sources up each object's chain, and the artifacts of all.

    Attributes:
        failing: of the sources that fail, the first two: a loop may lead an object to itself.
        missing: those that are not among the objects.
    """

    failing: Mapping[ObjectRef, tuple[ObjectRef, ...]]
    missing: Mapping[ObjectRef, tuple[ObjectRef, ...]]
    known: Mapping[ObjectRef, FluxObject]


def _sources(known: Mapping[ObjectRef, FluxObject], health_values: Mapping[ObjectRef, Health]) -> _Sources:
    users: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
    for ref, entry in known.items():
        for source in entry.sources:
            users[source].append(ref)
    failing = downstream(users, [ref for ref in users if health_values.get(ref) in _FAILED], most=2)
    missing = [ref for ref in users if ref not in known]
    return _Sources(failing, downstream(users, missing, most=len(missing)), known)


def _assess(
    entry: FluxObject, health_values: Mapping[ObjectRef, Health], sources: _Sources, now: datetime
) -> ObjectStatus:
    health, ready = health_values[entry.ref], entry.ready
    fails_above = any(ref != entry.ref for ref in sources.failing.get(entry.ref, ()))
    found = {
        Flag.STUCK: _stuck(entry, health, now),
        Flag.AFTER_FAILURE: health is Health.PROGRESSING and _failed_before(entry),
        Flag.SOURCE_FAILING: health not in _SETTLED and fails_above,
        Flag.REVISION_BEHIND: health is Health.READY and _behind(entry, sources.known),
        Flag.REQUEST_PENDING: health not in {Health.SUSPENDED, Health.STATIC}
        and entry.requested_at not in {"", entry.handled_at},
        Flag.DRIFTED: _is_true(entry, "Drifted"),
    }
    flags = tuple(flag for flag in Flag if found[flag])
    reason, message = (ready.reason, ready.message) if ready is not None else ("", "")
    if Flag.AFTER_FAILURE in flags:
        reason, message = _last_failure(entry) or (reason, message)
    since = ready.changed if ready is not None and ready.changed is not None else entry.created
    missing = () if health in _SETTLED else sources.missing.get(entry.ref, ())
    return ObjectStatus(entry, health, flags, reason, message, since, missing)


def _stuck(entry: FluxObject, health: Health, now: datetime) -> bool:
    if health is Health.DELETING:
        return _seconds(entry.deleted, now) > STUCK_DELETING
    if health is not Health.PROGRESSING:
        return False
    running = (
        entry.ready if entry.ready is not None and entry.ready.status != "True" else entry.condition("Reconciling")
    )
    return running is not None and _seconds(running.changed, now) > entry.timeout + 60


def _failed_before(entry: FluxObject) -> bool:
    """Whether the last finished run failed, told from what an object that is running again still holds."""
    return (
        entry.history_status not in {"", "ReconciliationSucceeded"}
        # A HelmRelease has no lastAppliedRevision since v2. Where a history tells how the last run ended, the two may
        # differ in any rollout: the revision that is attempted is written at the start of a run.
        or (
            entry.kind.kind != "HelmRelease"
            and not entry.history_status
            and entry.attempted_revision not in {"", entry.applied_revision}
        )
        or _is_false(entry, "Released")
        or _is_false(entry, "Healthy")
        or entry.failures > 0
    )


def _last_failure(entry: FluxObject) -> tuple[str, str] | None:
    for kind in ("Released", "Healthy"):
        condition = entry.condition(kind)
        if condition is not None and condition.status == "False":
            return condition.reason, condition.message
    if entry.history_status not in {"", "ReconciliationSucceeded"}:
        return entry.history_status, entry.ready.message if entry.ready is not None else ""
    return None


def _behind(entry: FluxObject, known: Mapping[ObjectRef, FluxObject]) -> bool:
    if entry.kind.kind != "Kustomization":
        return False
    revisions = [known[ref].artifact_revision for ref in entry.sources if ref in known]
    return any(revision not in {"", entry.applied_revision} for revision in revisions)
