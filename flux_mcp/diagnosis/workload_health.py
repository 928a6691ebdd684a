"""Why a workload is not ready, from its own conditions, its Pods, their Events, and what they wait for.

Source: the Kubernetes documentation on Pod lifecycle. The status takes precedence over Events, which expire after an
hour; where the status names no cause, the Events that do are used.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.catalog.failure import Failure
from flux_mcp.diagnosis.catalog.lookup import failure, find_failure
from flux_mcp.diagnosis.evidence import Evidence
from flux_mcp.flux.managed_workloads import HOOK
from flux_mcp.kubernetes.events import WARNING, Event
from flux_mcp.kubernetes.pods import Pod, PodContainer
from flux_mcp.kubernetes.prerequisites import Prerequisite
from flux_mcp.kubernetes.rollout_status import State
from flux_mcp.kubernetes.workloads import Workload

_STARTING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
_BEFORE: Final = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "NetworkNotReady")
"""Reasons of warning Events from the time before a container of the Pod first ran."""
_TELLING: Final = (*_BEFORE, "Unhealthy", "BackOff", "Failed", "NodeNotReady")
"""Reasons of warning Events of a Pod that tell more than its status, the most telling first."""
_SCALING: Final = frozenset({"NotTriggerScaleUp", "TriggeredScaleUp", "FailedScaleUp", "FailedScheduling"})
"""Reasons with which the cluster autoscaler and Karpenter report of a Pod."""
_NOT_RETRIEVED: Final = "FailedToRetrieveImagePullSecret"
_PULLING: Final = frozenset({"ImagePullBackOff", "ErrImagePull"})
_NEXT: Final = re.compile(r", (?=\d)")
"""Before each number of nodes in what the scheduler says."""
_CONTROL_PLANE: Final = re.compile(r"taint \{node-role\.kubernetes\.io/(?:control-plane|master)")
"""What keeps ordinary Pods from nodes of the control plane is not why they find no other node."""
_NOT_MEANT: Final = re.compile(r"node affinity/selector|taint(?:s|\(s\))?(?! \{node\.(?:kubernetes|cloudprovider))")
"""What keeps a Pod from nodes that are not meant for it, and not from those that are out of order."""
_ORDINARY_PINNED: Final = re.compile(r"affinity", re.IGNORECASE)
RUNNING: Final = frozenset({"Initializing", "SidecarRunning", "Running"})
"""Reasons of ours, for containers that run although they should have ended; others are of Kubernetes."""
_PAUSED: Final = "DeploymentPaused"
_BAD: Final = (
    ("ReplicaFailure", "True"),
    ("Failed", "True"),
    ("FailureTarget", "True"),
    ("Suspended", "True"),
    ("Progressing", "Unknown"),
)
"""Conditions of a workload that say why it makes no progress."""
_KILLED: Final = frozenset({0, 137, 143})
"""Exit codes of a container that the kubelet stops."""
CLAIMS: Final = 3
"""Claims of a namespace that are named for Pods that wait for a volume."""
_PART_NAMES: Final = {
    "Deployment": r"[a-z0-9]{1,16}(?:-[a-z0-9]{1,16})?",
    "StatefulSet": r"\d{1,10}",
    "CronJob": r"\d{1,12}(?:-[a-z0-9]{1,16})?",
    "Job": r"[a-z0-9]{1,16}",
}
"""What follows the name of a workload in the names of what it makes; of a DaemonSet as of a Job."""
_PARTS: Final = frozenset({"Pod", "ReplicaSet", "Job"})
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadFailure:
    """One thing that is wrong with a workload.

    Attributes:
        about: the Pods that show it, or the workload itself, or what it waits for.
        container: whose it is; empty for the Pod or the workload as a whole.
        reason: as Kubernetes names it, such as ImagePullBackOff.
        phase, storage_class: of a claim.
        last: how the run before ended, such as `OOMKilled exit code 137`; empty where it is not known.
        failure: None for a reason that is not in the catalog.
        others: more failures that the same message reports, such as of a scheduler.
    """

    about: tuple[ObjectRef, ...]
    reason: str
    phase: str = ""
    storage_class: str = ""
    container: str = ""
    image: str = ""
    message: str = ""
    last: str = ""
    restarts: int = 0
    failure: Failure | None = None
    others: tuple[Failure, ...] = ()


def workload_failures(ref: ObjectRef, evidence: Evidence, now: datetime) -> tuple[WorkloadFailure, ...]:
    """What is wrong with a workload, equal failures of several Pods as one; empty where nothing is known."""
    workload = evidence.workloads.get(ref)
    pods = evidence.pods_of(ref)
    unready = sorted((one for one in pods if not one.ready and one.phase != "Succeeded"), key=lambda one: one.order)
    kept = [one for one in unready if one.deleted is None]
    found = [one for pod in kept for one in _of_pod(pod, workload, evidence)]
    # Pods that go away are ordinary, unless nothing takes the place of one that should be gone.
    gone = [one for one in unready if one.deleted is not None and one.deleted < now] if not kept else []
    found = found or [one for pod in gone for one in _of_deleted(pod)]
    if any(one.failure is failure("volume-claim-unbound") for one in found):
        found += _of_claims(ref.namespace, evidence)
    # A workload whose Pods say what is wrong need not say it too.
    if not found:
        found = [one for part in evidence.parts(ref) for one in _of_workload(part, evidence)][:1]
    elif workload is not None and ref.kind == "Job" and HOOK not in workload.annotations:
        # Nothing runs a Job again that has failed, whatever its Pods failed of; Helm runs its hooks again.
        found += [*_of_workload(ref, evidence)][:1]
    found = found or [one for pod in kept for one in _of_pulling_pod(pod, evidence)]
    if not found and ref.kind == "Job":
        found = [one for pod in pods if pod.phase == "Running" for one in _of_running_job(pod)]
    # That a container is not ready yet says less than what ended others.
    return _folded(sorted(found, key=lambda one: one.reason == "NotReady" and not one.message))


def _of_pulling_pod(pod: Pod, evidence: Evidence) -> Iterator[WorkloadFailure]:
    """A Pod whose newest Event is that an image is pulled, while none of its containers runs."""
    newest = max(evidence.events.get(pod.ref, ()), key=lambda event: event.seen or _NEVER, default=None)
    if newest is not None and newest.reason == "Pulling" and not any(one.state == "running" for one in pod.containers):
        yield _failure((pod.ref,), newest.reason, message=newest.message)


def _of_running_job(pod: Pod) -> Iterator[WorkloadFailure]:
    """What keeps a Pod of a Job from ending, where nothing fails: a sidecar that runs on, or the work itself."""
    running = [one for one in pod.containers if one.state == "running" and not one.init]
    done = any(one.succeeded and not one.init for one in pod.containers)
    yield from (_failure((pod.ref,), "SidecarRunning" if done else "Running", container=one) for one in running[:1])


def _of_pod(pod: Pod, workload: Workload | None, evidence: Evidence) -> Iterator[WorkloadFailure]:
    """The reason of the Pod as a whole, else its containers in trouble, else its most telling Event."""
    warnings = evidence.warnings(pod.ref)
    if find_failure(pod.ref.kind, pod.reason, pod.message) is not None:
        yield _failure((pod.ref,), pod.reason, message=pod.message)
        return
    newest = sorted(warnings, key=lambda warning: warning.seen or _NEVER, reverse=True)
    found = tuple(one for container in pod.containers if (one := _of_container(pod, container, newest)) is not None)
    if found:
        yield from (_of_old_revision(one, pod, workload) for one in found)
        return
    scheduled = next((each for each in pod.conditions if each.type == "PodScheduled"), None)
    if scheduled is not None and scheduled.status == "False":
        pinned = any(kind == "DaemonSet" for kind, _ in pod.owners)
        yield _unscheduled(
            _failure((pod.ref,), scheduled.reason or "Unschedulable", message=scheduled.message), pinned=pinned
        )
        yield from _of_autoscaler(pod, evidence)
        return
    started = any(each.state in {"running", "terminated"} or each.ran_before for each in pod.containers)
    for reason in _TELLING:
        for warning in newest if not (started and reason in _BEFORE) else ():
            if warning.reason == reason:
                yield _of_old_revision(_failure((pod.ref,), reason, message=warning.message), pod, workload)
                return
    running = next((each for each in pod.containers if each.state == "running" and not each.ready), None)
    if running is not None:
        reason = "Initializing" if running.init else "NotReady"
        yield _of_old_revision(_failure((pod.ref,), reason, container=running), pod, workload)
        return
    gate = next((one for one in pod.conditions if one.type == "Ready" and one.reason == "ReadinessGatesNotReady"), None)
    if gate is not None and gate.status == "False":
        yield _failure((pod.ref,), gate.reason, message=gate.message)


def _of_autoscaler(pod: Pod, evidence: Evidence) -> Iterator[WorkloadFailure]:
    """What an autoscaler reported last of a Pod that fits on no node: whether one is added, and why not."""
    events = [event for event in evidence.events.get(pod.ref, ()) if event.reason in _SCALING]
    for event in sorted(events, key=lambda event: event.seen or _NEVER, reverse=True):
        one = _failure((pod.ref,), event.reason, message=event.message)
        if one.failure is not None and one.failure.id.startswith("autoscaler-"):
            yield one
            return


def _of_deleted(pod: Pod) -> Iterator[WorkloadFailure]:
    why = next((one.message for one in pod.conditions if one.type == "DisruptionTarget" and one.status == "True"), "")
    held = f"finalizers: {', '.join(pod.finalizers)}" if pod.finalizers else why
    lost = find_failure(pod.ref.kind, pod.reason, pod.message)
    if lost is not None:
        yield _failure((pod.ref,), pod.reason, message=pod.message)
    else:
        yield _failure((pod.ref,), "Terminating", message=held)


def _unscheduled(one: WorkloadFailure, *, pinned: bool) -> WorkloadFailure:
    """With every reason that the scheduler counts nodes for: `2 node(s) had untolerated taint {…}, 3 Insufficient cpu`.

    A Pod of a DaemonSet is pinned to one node, so that the others do not match it says nothing.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/.
    """
    clauses = _NEXT.split(one.message.partition("preemption: ")[0].partition(": ")[2])
    ordinary = _ORDINARY_PINNED if pinned else _CONTROL_PLANE
    telling = [each for each in clauses if not ordinary.search(each)] or clauses
    # Most nodes first; the nodes that are not meant for the Pod are in the way only where there are no others.
    telling.sort(key=lambda each: (_NOT_MEANT.search(each) is not None, -_count(each)))
    known = [find_failure("Pod", one.reason, clause) for clause in telling]
    found = [*dict.fromkeys(each for each in known if each is not None and each.pattern)]
    if pinned:
        full = failure("node-resources-insufficient")
        found = [failure("daemonset-node-full") if each is full else each for each in found]
    return replace(one, failure=found[0], others=tuple(found[1:])) if found else one


def _count(clause: str) -> int:
    """The nodes that the scheduler counts for a reason."""
    number = clause.partition(" ")[0]
    return int(number) if number.isdecimal() else 0


def _of_old_revision(one: WorkloadFailure, pod: Pod, workload: Workload | None) -> WorkloadFailure:
    """The failure of a Pod of a StatefulSet that is not replaced, whatever the new revision repairs."""
    if workload is None or not workload.in_order or pod.revision in {"", workload.update_revision}:
        return one
    return replace(one, failure=failure("statefulset-pod-not-replaced")) if workload.update_revision else one


def _of_container(pod: Pod, container: PodContainer, events: Sequence[Event]) -> WorkloadFailure | None:
    about = (pod.ref,)
    if container.state == "waiting" and container.reason not in _STARTING:
        one = _failure(about, container.reason, container=container, message=container.message)
        return _pulled(one, events) if container.reason in _PULLING else _probed(one, container, events)
    if container.state == "terminated" and container.exit_code != 0:
        reason = container.reason or "Error"
        found = _failure(about, reason, container=container, message=container.message)
        return replace(found, last=f"{reason} exit code {container.exit_code}")
    if container.state == "running" and not container.ready and not container.init and container.last_reason:
        found = _failure(about, container.last_reason, container=container, message=container.last_message)
        if found.failure is None or found.failure.id == "container-failed":
            found = replace(found, failure=failure("container-crashes"))
        return _probed(found, container, events)
    return None


def _probed(one: WorkloadFailure, container: PodContainer, events: Sequence[Event]) -> WorkloadFailure:
    """With the Event of the probe for which the kubelet stops a container that does not end by itself."""
    if one.failure is None or one.failure.id not in {"container-crashes", "container-completes"}:
        return one
    for event in events if container.last_exit in _KILLED else ():
        found = find_failure("Pod", event.reason, event.message) if event.reason == "Unhealthy" else None
        if found is not None and found.pattern:
            return replace(one, message=event.message, failure=found)
    return one


def _pulled(one: WorkloadFailure, events: Sequence[Event]) -> WorkloadFailure:
    """With the Event that says why an image cannot be pulled, where the status says only that it cannot."""
    if one.failure is None or not one.failure.pattern:
        for event in events:
            found = find_failure("Pod", one.reason, event.message) if event.reason == "Failed" else None
            # Several containers may pull: the message names the image.
            if found is not None and found.pattern and (one.image in event.message or not one.image):
                one = replace(one, message=event.message, failure=found)
                break
    secret = next((event for event in events if event.reason == _NOT_RETRIEVED), None)
    if secret is None or one.failure is not failure("image-pull-denied"):
        return one
    return replace(one, message=f"{secret.message} {one.message}", failure=failure("image-pull-secret-missing"))


def _failure(
    about: tuple[ObjectRef, ...], reason: str, *, container: PodContainer | None = None, message: str = ""
) -> WorkloadFailure:
    last, known = "", None
    if container is not None and container.last_reason:
        last = f"{container.last_reason} exit code {container.last_exit}"
    # Of a crash loop the end of the last run says why: its memory, its command, or what it left as its message.
    if container is not None and reason == "CrashLoopBackOff" and container.last_reason:
        known = find_failure("Pod", container.last_reason, container.last_message)
        known = None if known is not None and known.id == "container-failed" else known
        message = container.last_message or message
    return WorkloadFailure(
        about=about,
        reason=reason,
        container=container.name if container is not None else "",
        image=container.image if container is not None else "",
        message=message,
        last=last,
        restarts=container.restarts if container is not None else 0,
        failure=known or find_failure(about[0].kind, reason, message),
    )


def _of_workload(ref: ObjectRef, evidence: Evidence) -> Iterator[WorkloadFailure]:
    """Why it has no Pods, or is given up: its conditions, else its warning Events."""
    one = evidence.workloads.get(ref)
    for kind, bad in _BAD:
        condition = one.condition(kind) if one is not None else None
        if condition is not None and condition.status == bad and (bad != "Unknown" or condition.reason == _PAUSED):
            yield _failure((ref,), condition.reason, message=condition.message)
            return
    if one is not None and one.on_delete and one.rollout is not None and one.rollout.state is State.UNROLLED:
        yield _failure((ref,), "OnDelete")
        return
    for warning in sorted(evidence.warnings(ref), key=lambda event: event.seen or _NEVER, reverse=True):
        if find_failure(ref.kind, warning.reason, warning.message) is not None:
            yield _failure((ref,), warning.reason, message=warning.message)
            return


def _of_claims(namespace: str, evidence: Evidence) -> Iterator[WorkloadFailure]:
    waiting = [one for one in evidence.prerequisites(namespace, "PersistentVolumeClaim") if one.waiting]
    yield from (prerequisite_failure(one, evidence) for one in waiting[:CLAIMS])


def prerequisite_failure(one: Prerequisite, evidence: Evidence) -> WorkloadFailure:
    """What is wrong with a claim that is not bound, or a load balancer without an address."""
    # That a claim waits for its provisioner is reported as a Normal Event.
    for event in sorted(evidence.events.get(one.ref, ()), key=lambda event: event.seen or _NEVER, reverse=True):
        if find_failure(one.ref.kind, event.reason, event.message) is not None:
            found = _failure((one.ref,), event.reason, message=event.message)
            return replace(found, phase=one.phase, storage_class=one.storage_class)
    known = {"Service": "load-balancer-pending", "PersistentVolumeClaim": "volume-claim-pending"}
    name = known.get(one.ref.kind)
    return WorkloadFailure(
        about=(one.ref,),
        reason="",
        phase=one.phase,
        storage_class=one.storage_class,
        failure=failure(name) if name else None,
    )


def failed_before(ref: ObjectRef, evidence: Evidence, since: datetime | None) -> tuple[WorkloadFailure, ...]:
    """What was wrong with Pods that are gone; of a Deployment those of the newest ReplicaSet but the present one.

    Args:
        ref: of the workload, which is ready by now.
        evidence: its ReplicaSets, and the Events of Pods that were of them.
        since: before which nothing is of interest.
    """
    if ref.kind in {"StatefulSet", "DaemonSet"}:
        return last_failures(ref, evidence, since) if since is not None else ()
    sets = sorted(evidence.owned.get(ref, ()), key=lambda one: one.created or _NEVER, reverse=True)
    present = {image.image for one in sets if one.wanted for image in one.containers}
    for one in sets:
        if one.wanted:
            continue
        image = next((each.image for each in one.containers if each.image not in present), "")
        known = _most_telling(_events_of(one, evidence))
        # A ReplicaSet is used again when an upgrade is tried again, so an old one counts where Events are of it.
        old = since is not None and one.created is not None and one.created < since
        if not known and (old or not image):
            continue
        event, found = known or (None, None)
        return (
            WorkloadFailure(
                about=(one.ref,),
                reason=event.reason if event is not None else "scaled down",
                image=image,
                message=event.message if event is not None else "",
                failure=found,
            ),
        )
    return ()


def last_failures(ref: ObjectRef, evidence: Evidence, since: datetime | None = None) -> tuple[WorkloadFailure, ...]:
    """What Events say of the Pods of a workload that are gone, by their names; empty where nothing is known."""
    parts = re.compile(_PART_NAMES.get(ref.kind, _PART_NAMES["Job"]))
    events = [
        event
        for about, found in evidence.events.items()
        if about.namespace == ref.namespace and about.kind in _PARTS and about.name.startswith(f"{ref.name}-")
        if parts.fullmatch(about.name.removeprefix(f"{ref.name}-"))
        for event in found
        if event.type == WARNING and (since is None or (event.seen is not None and event.seen >= since))
    ]
    pair = _most_telling(events)
    if pair is None:
        return ()
    event, found = pair
    return (WorkloadFailure(about=(event.about,), reason=event.reason, message=event.message, failure=found),)


def _most_telling(events: Iterable[Event]) -> tuple[Event, Failure] | None:
    """The newest Event that a pattern knows, else the newest that the catalog knows."""
    newest = sorted(events, key=lambda event: event.seen or _NEVER, reverse=True)
    known = [(one, found) for one in newest if (found := find_failure(one.about.kind, one.reason, one.message))]
    return next((pair for pair in known if pair[1].pattern), known[0]) if known else None


def _events_of(one: Workload, evidence: Evidence) -> Iterator[Event]:
    """The warnings about a ReplicaSet and about Pods of it, which may be gone."""
    yield from evidence.warnings(one.ref)
    for about in evidence.events:
        if about.kind == "Pod" and about.namespace == one.ref.namespace and about.name.startswith(f"{one.ref.name}-"):
            yield from evidence.warnings(about)


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
