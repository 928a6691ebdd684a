"""Health of Flux objects: one word each, and flags beside it.

The first word of `Health` that applies is an object's health. The words agree with `flux get`, kstatus
(https://fluxcd.io/flux/components/kustomize/kustomizations/#status) and the controllers, and go further: an object
that is suspended, or whose latest generation is not yet observed, is not Ready, and a source that fails under an
applier that still looks Ready is flagged.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import parse_duration
from flux_mcp.flux.graph_algorithms import downstream
from flux_mcp.flux.objects import FluxObject
from flux_mcp.kubernetes.conditions import Condition

STUCK_DELETING: Final = 600.0
"""Seconds after which a deletion is stuck."""
NEW_REVISION: Final = 30.0
"""Seconds in which a new revision of a source is ordinarily applied."""
OVERDUE: Final = 60.0
"""Seconds after the timeout of a run from which the run is stuck."""
SOURCE_GRACE: Final = 60.0
"""Seconds for which SourceNotReady is the ordinary wait for a chart that was just requested."""


class Health(Enum):
    """The order is that of trouble: what to look at first comes first."""

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


TROUBLE: Final = "trouble"
"""What all health values but Ready, Static, Suspended and Progressing, and all flags, are together for a user."""


class Flag(Enum):
    """What to know beside an object's health."""

    STUCK = "stuck"
    AFTER_FAILURE = "after-failure"
    SOURCE_FAILING = "source-failing"
    SOURCE_MISSING = "source-missing"
    REVISION_BEHIND = "revision-behind"
    REQUEST_PENDING = "request-pending"
    DRIFTED = "drifted"


_RUNS: Final = re.compile(r"with (?:a )?timeout of ([0-9hms.]{1,20})")
"""The timeout of a run, in the messages of its conditions."""
_FAILED: Final = frozenset({Health.FAILING, Health.STALLED})
_SETTLED: Final = frozenset({Health.DELETING, Health.SUSPENDED, Health.STATIC})
_KIND_ORDER: Final = {kind: position for position, kind in enumerate(sorted(kind.kind for kind in FLUX_KINDS))}
_HEALTH_ORDER: Final = {health: 2 * position for position, health in enumerate(Health)}


@dataclass(frozen=True, slots=True)
class ObjectStatus:
    """An object with its health.

    Attributes:
        reason: the Ready condition's; of an object that is progressing after a failure, the failure's.
        message: likewise.
        since: the last transition of Ready, else the creation of the object.
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
        """Whether somebody should look: not for Ready, Static, Suspended or an ordinary run, unless flagged."""
        if self.health in {Health.READY, Health.PROGRESSING}:
            return bool(self.flags)
        return self.health not in {Health.SUSPENDED, Health.STATIC}

    @property
    def failing_since(self) -> datetime | None:
        """Since when it fails, from a condition that does not move with each retry, as Ready does; None without one."""
        if self.health not in {Health.STALLED, Health.FAILING}:
            return None
        # A chart is Stalled anew with each retry.
        for kind, status in (("FetchFailed", "True"), ("Stalled", "True"), ("Released", "False")):
            found, ready = self.object.condition(kind), self.object.ready
            if found is not None and found.status == status and found.changed is not None:
                # Stalled follows when the retries are used up, and Ready may not have moved since before.
                failed = ready.changed if ready is not None and ready.status == "False" else None
                return min(found.changed, failed or found.changed)
        return None

    @property
    def order(self) -> tuple[int, int, str, str]:
        """The order of trouble: health (Ready with a flag before Suspended), kind, namespace, name."""
        flagged = self.health is Health.READY and self.flags
        rank = _HEALTH_ORDER[Health.SUSPENDED] - 1 if flagged else _HEALTH_ORDER[self.health]
        return rank, _KIND_ORDER[self.object.kind.kind], self.object.namespace, self.object.name


def with_missing_sources(
    statuses: Iterable[ObjectStatus], absent: Callable[[ObjectRef], bool]
) -> tuple[ObjectStatus, ...]:
    """Flag what is Ready though its source does not exist: nothing newer comes, and no condition says so.

    Args:
        statuses: from `assess`.
        absent: whether an object that was not found is known not to exist.
    """
    flagged = (
        replace(status, flags=(*status.flags, Flag.SOURCE_MISSING))
        if status.health is Health.READY
        and any(ref in status.missing_sources and absent(ref) for ref in status.object.sources)
        else status
        for status in statuses
    )
    return tuple(sorted(flagged, key=lambda status: status.order))


def find_health(spelling: str) -> Health | None:
    """The health of that name, in any case."""
    return next((health for health in Health if health.value.lower() == spelling.lower()), None)


def count(statuses: Iterable[ObjectStatus]) -> tuple[tuple[Health, int], ...]:
    """How many objects have each health, in the order of trouble, without zeros."""
    counts = Counter(status.health for status in statuses)
    return tuple((health, counts[health]) for health in Health if counts[health])


def assess(objects: Iterable[FluxObject], now: datetime) -> tuple[ObjectStatus, ...]:
    """Health and flags of every object, in the order of trouble. Sources are looked up among the same objects."""
    objects = tuple(objects)
    known = {flux.ref: flux for flux in objects}
    health_values = {ref: health_of(flux, now) for ref, flux in known.items()}
    sources = _sources(known, health_values)
    statuses = (_assess(flux, health_values, sources, now) for flux in objects)
    return tuple(sorted(statuses, key=lambda status: status.order))


def health_of(flux: FluxObject, now: datetime) -> Health:  # noqa: PLR0911 (the first that fits wins)
    """The health of one object. It depends on this object and the clock alone."""
    ready, reconciling = flux.ready, _is_true(flux, "Reconciling")
    if flux.deleted is not None:
        return Health.DELETING
    if flux.disabled:
        return Health.SUSPENDED
    # Before Flux 2.2 a HelmRepository of type oci was validated, and its conditions report that.
    if flux.kind.static or (flux.oci_helm_repository and not flux.conditions):
        return Health.STATIC
    if (stalled := flux.condition("Stalled")) is not None and stalled.status == "True" and is_current(flux, stalled):
        return Health.STALLED
    if ready is None:
        return Health.PROGRESSING if reconciling else Health.PENDING
    if not is_current(flux, ready):
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


def is_current(flux: FluxObject, condition: Condition) -> bool:
    """Whether a condition is about the latest generation, as far as is known.

    status.observedGeneration stays -1 on an object that has only failed.
    """
    observed = condition.observed_generation or flux.observed_generation
    return observed <= 0 or observed >= flux.generation or flux.kind.own_spec


def _is_true(flux: FluxObject, kind: str) -> bool:
    condition = flux.condition(kind)
    return condition is not None and condition.status == "True"


def _is_false(flux: FluxObject, kind: str) -> bool:
    condition = flux.condition(kind)
    return condition is not None and condition.status == "False"


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else (now - since).total_seconds()


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources up each object's chain.

    Attributes:
        failing: of the sources that fail, the first two: a loop may lead an object to itself.
        missing: those that are not among the objects.
        known: the objects.
    """

    failing: Mapping[ObjectRef, tuple[ObjectRef, ...]]
    missing: Mapping[ObjectRef, tuple[ObjectRef, ...]]
    known: Mapping[ObjectRef, FluxObject]


def _sources(known: Mapping[ObjectRef, FluxObject], health_values: Mapping[ObjectRef, Health]) -> _Sources:
    users: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
    for ref, flux in known.items():
        for source in flux.sources:
            users[source].append(ref)
    failing = downstream(users, [ref for ref in users if health_values.get(ref) in _FAILED], most=2)
    missing = [ref for ref in users if ref not in known]
    return _Sources(failing, downstream(users, missing, most=len(missing)), known)


def _assess(
    flux: FluxObject, health_values: Mapping[ObjectRef, Health], sources: _Sources, now: datetime
) -> ObjectStatus:
    health, ready = health_values[flux.ref], flux.ready
    fails_above = any(ref != flux.ref for ref in sources.failing.get(flux.ref, ()))
    stuck = _stuck(flux, health, now)
    behind = health is Health.READY and bool(newer_sources(flux, sources.known, flux.applied_revision, now))
    # A run that goes on handles the request: its end is written with it.
    waits = health not in {Health.SUSPENDED, Health.STATIC} and (health is not Health.PROGRESSING or stuck)
    found = (
        (Flag.STUCK, stuck),
        (Flag.AFTER_FAILURE, health is Health.PROGRESSING and _failed_before(flux)),
        (Flag.SOURCE_FAILING, health not in _SETTLED and fails_above),
        (Flag.REVISION_BEHIND, behind),
        (Flag.REQUEST_PENDING, waits and flux.requested_at not in {"", flux.handled_at}),
        (Flag.DRIFTED, _is_true(flux, "Drifted")),
    )
    flags = tuple(flag for flag, holds in found if holds)
    reason, message = (ready.reason, ready.message) if ready is not None else ("", "")
    if Flag.AFTER_FAILURE in flags:
        reason, message = _last_failure(flux) or (reason, message)
    since = ready.changed if ready is not None and ready.changed is not None else flux.created
    missing = () if health in _SETTLED else sources.missing.get(flux.ref, ())
    return ObjectStatus(flux, health, flags, reason, message, since, missing)


def _stuck(flux: FluxObject, health: Health, now: datetime) -> bool:
    if health is Health.DELETING:
        return _seconds(flux.deleted, now) > STUCK_DELETING
    ends = run_ends(flux) if health is Health.PROGRESSING else None
    return ends is not None and _seconds(ends, now) > OVERDUE


def run_ends(flux: FluxObject) -> datetime | None:
    """When the timeout of the run that goes on is over."""
    running = flux.ready if flux.ready is not None and flux.ready.status != "True" else flux.condition("Reconciling")
    if running is None or running.changed is None:
        return None
    timeouts = (
        found
        for condition in flux.conditions
        for match in [_RUNS.search(condition.message)]
        if match and (found := parse_duration(match[1]))
    )
    return running.changed + timedelta(seconds=max(flux.timeout, *timeouts, 0.0))


def _failed_before(flux: FluxObject) -> bool:
    """Whether the last finished run failed, by the status that an object keeps while it runs again.

    Not by lastAttemptedRevision, which is written at the start of a run: it differs in any rollout and first run.
    """
    return (
        flux.history_status not in {"", "ReconciliationSucceeded"}
        or _is_false(flux, "Released")
        or _is_false(flux, "Healthy")
        or flux.failures > 0
    )


def _last_failure(flux: FluxObject) -> tuple[str, str] | None:
    for kind in ("Released", "Healthy"):
        condition = flux.condition(kind)
        if condition is not None and condition.status == "False":
            return condition.reason, condition.message
    if flux.history_status not in {"", "ReconciliationSucceeded"}:
        return flux.history_status, flux.ready.message if flux.ready is not None else ""
    return None


def idle_since(statuses: Iterable[ObjectStatus], now: datetime) -> datetime | None:
    """When the last of the Kustomizations ran that are Ready, where each was due twice since then.

    A controller that does not run leaves every status as it was. None where one ran in time, or none tells.
    """
    runs = [
        (status.object.last_run, 2 * status.object.interval + SOURCE_GRACE)
        for status in statuses
        if status.object.kind.kind == "Kustomization" and status.health is Health.READY
    ]
    known = [(last, patience) for last, patience in runs if last is not None]
    overdue = all(_seconds(last, now) > patience for last, patience in known)
    return max(last for last, _ in known) if known and overdue else None


def newer_sources(
    flux: FluxObject, known: Mapping[ObjectRef, FluxObject], revision: str, now: datetime
) -> tuple[ObjectRef, ...]:
    """The sources of a Kustomization that have a newer revision than this one; none for other kinds."""
    return tuple(
        ref
        for ref in (flux.sources if flux.kind.kind == "Kustomization" else ())
        if (one := known.get(ref)) is not None
        and one.artifact_revision not in {"", revision}
        # A revision that has just come is applied in a moment.
        and (one.fetched is None or _seconds(one.fetched, now) > NEW_REVISION)
    )
