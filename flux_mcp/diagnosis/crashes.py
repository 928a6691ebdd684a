"""The containers that crashed among the causes of a diagnosis: their last log lines may say why."""

from collections.abc import Iterable, Iterator, Mapping

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.cause import Cause, CauseType
from flux_mcp.diagnosis.evidence import Evidence
from flux_mcp.kubernetes.pods import Pod, PodContainer


def crashed_containers(causes: Iterable[Cause], evidence: Evidence) -> tuple[tuple[Pod, PodContainer], ...]:
    """Of each failure the container of the first Pod that shows it, and of a controller the one that ended last."""
    pods = {pod.ref: pod for found in evidence.pods.values() for pod in found}
    found: dict[tuple[ObjectRef, str], tuple[Pod, PodContainer]] = {}
    for cause in causes:
        for pod, container in (*_of_workloads(cause, pods), *_of_controller(cause, evidence)):
            found.setdefault((pod.ref, container.name), (pod, container))
    return tuple(found.values())


def _of_workloads(cause: Cause, pods: Mapping[ObjectRef, Pod]) -> Iterator[tuple[Pod, PodContainer]]:
    for failure in cause.workloads:
        pod = pods.get(failure.about[0])
        for container in pod.containers if pod is not None else ():
            if pod is not None and container.name == failure.container and container.crashed:
                yield pod, container


def _of_controller(cause: Cause, evidence: Evidence) -> Iterator[tuple[Pod, PodContainer]]:
    """A controller that is ready now and restarts again and again shows no failure of its Deployment."""
    if cause.type is CauseType.CONTROLLER and not cause.workloads:
        ended = [
            (container.last_finished, pod, container)
            for pod in evidence.pods_of(cause.members[0])
            for container in pod.containers
            if container.last_finished is not None and container.last_exit != 0
        ]
        yield from ((pod, container) for _, pod, container in sorted(ended, key=lambda end: end[0])[-1:])
