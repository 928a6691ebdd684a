"""Why a workload is not ready, from its own conditions, its Pods and their warning Events.

Source: the Kubernetes documentation on Pod lifecycle. The status takes precedence over Events, which expire after an
hour.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import text
from flux_mcp.diagnosis.catalog.failure import Advice
from flux_mcp.diagnosis.catalog.lookup import find_failure
from flux_mcp.kubernetes.events import WARNING, Event, event
from flux_mcp.kubernetes.pods import Pod, PodContainer, pod
from flux_mcp.kubernetes.workloads import Workload, view_workload

_STARTING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
_BEFORE: Final = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
"""Reasons of warning events from the time before a container of the Pod first ran."""
_SPEAKING: Final = (*_BEFORE, "Unhealthy", "BackOff", "Failed")
"""Reasons of warning events of a Pod that tell more than its status, the most telling first."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadFailure:
    """One thing that is wrong with a workload.

    Attributes:
        about: the Pods that show it, or the workload itself.
        container: whose it is; empty for the Pod or the workload as a whole.
        reason: as Kubernetes names it, such as ImagePullBackOff.
        last: how the run before ended, such as `OOMKilled exit code 137`; empty where it is not told.
        advice: None for a reason that is not in the catalog.
    """

    about: tuple[ObjectRef, ...]
    reason: str
    container: str = ""
    image: str = ""
    message: str = ""
    last: str = ""
    restarts: int = 0
    advice: Advice | None = None


@dataclass(frozen=True, slots=True)
class WorkloadEvidence:
    """What was read of some namespaces."""

    workloads: Mapping[ObjectRef, Workload]
    owned: Mapping[tuple[str, str, str], tuple[Workload, ...]]
    pods: Mapping[tuple[str, str, str], tuple[Pod, ...]]
    warnings: Mapping[ObjectRef, tuple[Event, ...]]


def view_workload_evidence(item: Mapping[str, Any]) -> Workload | Pod | Event | None:
    """The view of a workload, a Pod or an Event; None where it is not understood."""
    match text(item, "kind"):
        case "Pod":
            return pod(item)
        case "Event":
            return event(item)
        case _:
            return view_workload(item)


def index_workloads(objects: Iterable[Workload | Pod | Event]) -> WorkloadEvidence:
    """Index by owner: (namespace, kind, name)."""
    workloads: dict[ObjectRef, Workload] = {}
    owned: dict[tuple[str, str, str], list[Workload]] = defaultdict(list)
    pods: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
    warnings: dict[ObjectRef, list[Event]] = defaultdict(list)
    for one in objects:
        if isinstance(one, Workload):
            workloads[one.ref] = one
            if one.owner is not None:
                owned[one.ref.namespace, one.owner.kind, one.owner.name].append(one)
        elif isinstance(one, Pod):
            for kind, name in one.owners:
                pods[one.ref.namespace, kind, name].append(one)
        elif one.type == WARNING:
            warnings[one.about].append(one)
    return WorkloadEvidence(
        workloads,
        {key: tuple(found) for key, found in owned.items()},
        {key: tuple(found) for key, found in pods.items()},
        {key: tuple(found) for key, found in warnings.items()},
    )


def workload_failures(ref: ObjectRef, observed: WorkloadEvidence) -> tuple[WorkloadFailure, ...]:
    """What is wrong with a workload, equal things of several Pods as one; empty where nothing tells."""
    parts = _parts(ref, observed)
    pods = [one for part in parts for one in observed.pods.get((part.namespace, part.kind, part.name), ())]
    unready = sorted((one for one in pods if not one.ready and one.phase != "Succeeded"), key=lambda one: one.order)
    found = [symptom for one in unready for symptom in _of_pod(one, observed.warnings.get(one.ref, ()))]
    # A workload whose Pods all tell what is wrong need not tell it too.
    if not found:
        found = [symptom for part in parts for symptom in _of_workload(part, observed)]
    return _folded(found)


def _parts(ref: ObjectRef, observed: WorkloadEvidence) -> tuple[ObjectRef, ...]:
    """The workload and what stands between it and its Pods: ReplicaSets, a CronJob's Jobs."""
    between = observed.owned.get((ref.namespace, ref.kind, ref.name), ())
    return (ref, *(one.ref for one in between))


def _of_pod(one: Pod, warnings: Sequence[Event]) -> Iterator[WorkloadFailure]:
    """The containers that are in trouble, else what is said of the Pod, else its most telling event."""
    found = tuple(symptom for container in one.containers if (symptom := _of_container(one, container)) is not None)
    if found:
        yield from found
        return
    if find_failure(one.ref.kind, one.reason, one.message) is not None:
        yield _symptom((one.ref,), one.reason, message=one.message)
        return
    scheduled = next((each for each in one.conditions if each.type == "PodScheduled"), None)
    if scheduled is not None and scheduled.status == "False":
        yield _symptom((one.ref,), scheduled.reason or "Unschedulable", message=scheduled.message)
        return
    started = any(each.state in {"running", "terminated"} or each.ran_before for each in one.containers)
    newest = sorted(warnings, key=lambda warning: warning.seen or _NEVER, reverse=True)
    for reason in _SPEAKING:
        for warning in newest if not (started and reason in _BEFORE) else ():
            if warning.reason == reason:
                yield _symptom((one.ref,), reason, message=warning.message)
                return
    running = next((each for each in one.containers if each.state == "running" and not each.ready), None)
    if running is not None:
        yield _symptom((one.ref,), "NotReady", container=running)


def _of_container(one: Pod, container: PodContainer) -> WorkloadFailure | None:
    if container.state == "waiting" and container.reason not in _STARTING:
        return _symptom((one.ref,), container.reason, container=container, message=container.message)
    if container.state == "terminated" and container.exit_code != 0:
        return _symptom((one.ref,), container.reason or "Error", container=container, message=container.message)
    if container.state == "running" and not container.ready and not container.init and container.last_reason:
        return _symptom((one.ref,), container.last_reason, container=container)
    return None


def _symptom(
    about: tuple[ObjectRef, ...], reason: str, *, container: PodContainer | None = None, message: str = ""
) -> WorkloadFailure:
    last = ""
    if container is not None and container.last_reason:
        last = f"{container.last_reason} exit code {container.last_exit}"
    # A crash loop whose last run was killed for its memory is a matter of memory.
    telling = container.last_reason if container is not None and container.last_reason == "OOMKilled" else reason
    found = find_failure(about[0].kind, telling, message)
    return WorkloadFailure(
        about=about,
        reason=reason,
        container=container.name if container is not None else "",
        image=container.image if container is not None else "",
        message=message,
        last=last,
        restarts=container.restarts if container is not None else 0,
        advice=found.advice if found is not None else None,
    )


def _of_workload(ref: ObjectRef, observed: WorkloadEvidence) -> Iterator[WorkloadFailure]:
    """Why it has no Pods, or is given up: its conditions, else its warning events."""
    one = observed.workloads.get(ref)
    for kind, bad in (("ReplicaFailure", "True"), ("Failed", "True"), ("FailureTarget", "True")):
        condition = one.condition(kind) if one is not None else None
        if condition is not None and condition.status == bad:
            yield _symptom((ref,), condition.reason, message=condition.message)
            return
    for warning in observed.warnings.get(ref, ()):
        if find_failure(ref.kind, warning.reason, warning.message) is not None:
            yield _symptom((ref,), warning.reason, message=warning.message)
            return


def _folded(found: Iterable[WorkloadFailure]) -> tuple[WorkloadFailure, ...]:
    together: dict[tuple[str, str, str, str], list[WorkloadFailure]] = {}
    for one in found:
        together.setdefault((one.about[0].kind, one.container, one.reason, one.image), []).append(one)
    return tuple(
        replace(
            group[0],
            about=tuple(ref for one in group for ref in one.about),
            restarts=sum(one.restarts for one in group),
        )
        for group in together.values()
    )
