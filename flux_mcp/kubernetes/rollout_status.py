"""The status of a workload, no better than its fields say: ready Pods may be of an older generation or template.

Source: the Kubernetes API 1.28 to 1.36 and the rules of `kubectl rollout status`; of a Job its conditions; of a CronJob
its last run and its last success.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from flux_mcp.api.unstructured import at, items, number, parse_time, text

Item = Mapping[str, Any]


class State(Enum):
    """What a workload does, in the order of trouble."""

    FAILED = "failed"
    NOT_READY = "not ready"
    DELETING = "being deleted"
    UNROLLED = "not rolled out"
    RUNNING = "running"
    IDLE = "not running"
    READY = "ready"
    SCHEDULED = "scheduled"
    DONE = "complete"

    @property
    def trouble(self) -> bool:
        """Whether somebody may want to look at it."""
        return self in {State.FAILED, State.NOT_READY, State.DELETING, State.UNROLLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The status of one workload.

    Attributes:
        counts: `2 of 3 ready`, of a Job `0 of 1 completions`; empty for a CronJob, and where none are wanted.
        reasons: of its conditions, as they stand in the cluster.
        notes: what else to know, in our own words.
        schedule: of a CronJob.
        last_run: of a CronJob: when it last created a Job.
        last_success: of a CronJob: when a Job of it last completed.
    """

    state: State
    counts: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    schedule: str = ""
    last_run: datetime | None = None
    last_success: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """Numbers of Pods; of a Job, completions.

    Attributes:
        wanted: by the spec; of a DaemonSet the nodes that it should run on.
        present: that exist, of any template.
        updated: of the latest template.
    """

    wanted: int
    present: int
    ready: int
    updated: int


def rollout(item: Item) -> Rollout | None:
    """The status of the workload of this item; None if its kind is no workload."""
    kind, counted = text(item, "kind"), replicas(item)
    if kind == "CronJob":
        found = _cron_job(item)
    elif counted is None:
        return None
    else:
        found = _job(item, counted) if kind == "Job" else _rolled(item, counted)
    if text(item, "metadata", "deletionTimestamp"):
        return Rollout(state=State.DELETING, counts=found.counts, reasons=found.reasons, notes=("being deleted",))
    return found


def _reason(item: Item, kind: str, status: str = "True") -> str | None:
    """The reason of a condition that has this status; None where none has."""
    for condition in items(item, "status", "conditions"):
        if text(condition, "type") == kind and text(condition, "status") == status:
            return text(condition, "reason") or kind
    return None


def replicas(item: Item) -> Replicas | None:
    """The Pods of a workload, of a Job its completions; None for a CronJob and for what is no workload."""
    kind, status = text(item, "kind"), at(item, "status")
    match kind:
        case "Deployment" | "StatefulSet" | "ReplicaSet":
            wanted, present = _wanted(item, "replicas"), number(status, "replicas")
            ready, updated = number(status, "readyReplicas"), number(status, "updatedReplicas")
            if kind == "ReplicaSet":
                updated = present
            # `kubectl rollout status` counts updated Pods only while the revisions differ.
            elif kind == "StatefulSet" and not _changes_revision(status):
                updated = max(wanted, present)
        case "DaemonSet":
            wanted = present = number(status, "desiredNumberScheduled")
            ready, updated = number(status, "numberReady"), number(status, "updatedNumberScheduled")
        case "Job":
            wanted = _wanted(item, "completions")
            present = ready = updated = number(status, "succeeded")
        case _:
            return None
    return Replicas(wanted=wanted, present=present, ready=ready, updated=updated)


def _wanted(item: Item, field: str) -> int:
    """The whole number there, or the default of the API."""
    wanted = at(item, "spec", field)
    return wanted if type(wanted) is int else 1


def _changes_revision(status: object) -> bool:
    current, newest = text(status, "currentRevision"), text(status, "updateRevision")
    return "" not in {current, newest} and current != newest


def _rolled(item: Item, pods: Replicas) -> Rollout:
    idle = "no node matches" if text(item, "kind") == "DaemonSet" else "scaled to zero"
    seen = number(item, "status", "observedGeneration") >= number(item, "metadata", "generation")
    counts = f"{pods.ready} of {pods.wanted} ready"
    notes = tuple(_notes(item, pods, seen=seen))
    failed = _reason(item, "ReplicaFailure")
    stuck = _reason(item, "Progressing", "False")
    unavailable = _reason(item, "Available", "False")
    done = seen and pods.updated >= pods.wanted and pods.present <= max(pods.wanted, pods.updated)
    if not pods.wanted and done and not pods.present:
        return Rollout(state=State.IDLE, notes=(*notes, idle))
    reasons = tuple(dict.fromkeys(filter(None, (failed, stuck)))) or ((unavailable,) if unavailable else ())
    if pods.ready < pods.wanted or unavailable:
        return Rollout(state=State.NOT_READY, counts=counts, reasons=reasons, notes=notes)
    if not done or reasons:
        return Rollout(state=State.UNROLLED, counts=counts, reasons=reasons, notes=notes)
    return Rollout(state=State.READY, counts=counts, notes=notes)


def _notes(item: Item, pods: Replicas, *, seen: bool) -> Iterator[str]:
    if not seen:
        yield "latest generation not yet observed"
    if at(item, "spec", "paused") is True:
        yield "paused"
    if pods.ready and pods.updated < pods.wanted:
        yield f"{pods.updated} of {pods.wanted} updated"
    strategy = at(item, "spec", "updateStrategy")
    if pods.updated < pods.wanted and text(strategy, "type") == "OnDelete":
        yield "OnDelete: Pods are updated when they are deleted"
    if pods.updated < pods.wanted and (partition := number(strategy, "rollingUpdate", "partition")):
        yield f"partition {partition} holds updates back"
    if pods.present > max(pods.wanted, pods.updated):
        yield f"{_count(pods.present)} still exist"


def _count(number: int, kind: str = "Pod") -> str:
    return f"{number} {kind}{'' if number == 1 else 's'}"


def _job(item: Item, completions: Replicas) -> Rollout:
    counts = f"{completions.ready} of {completions.wanted} completions"
    failures = number(item, "status", "failed")
    notes = (f"{_count(failures)} failed",) if failures else ()
    if failed := _reason(item, "Failed") or _reason(item, "FailureTarget"):
        return Rollout(state=State.FAILED, counts=counts, reasons=(failed,), notes=("failed", *notes))
    if _reason(item, "Complete"):
        return Rollout(state=State.DONE, counts=counts, notes=("complete",))
    if at(item, "spec", "suspend") is True:
        return Rollout(state=State.IDLE, counts=counts, notes=("suspended", *notes))
    active = number(item, "status", "active")
    return Rollout(
        state=State.RUNNING, counts=counts, notes=(f"{_count(active)} running" if active else "no Pod running", *notes)
    )


def _cron_job(item: Item) -> Rollout:
    last_run = parse_time(text(item, "status", "lastScheduleTime"))
    last_success = parse_time(text(item, "status", "lastSuccessfulTime"))
    active = len(items(item, "status", "active"))
    notes = [f"{_count(active, 'Job')} running"] if active else []
    notes += [] if last_run or last_success else ["never ran"]
    state = State.SCHEDULED
    if at(item, "spec", "suspend") is True:
        state, notes = State.IDLE, ["suspended", *notes]
    elif last_run is not None and not active and (last_success is None or last_success < last_run):
        state, notes = State.FAILED, ["last run did not succeed", *notes]
    return Rollout(
        state=state,
        notes=tuple(notes),
        schedule=text(item, "spec", "schedule"),
        last_run=last_run,
        last_success=last_success,
    )
