"""The containers among the causes of a diagnosis that crashed, or keep a controller from being ready: their logs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from flux_mcp.api.kubernetes_kinds import POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.catalog.failure import Failure
from flux_mcp.diagnosis.catalog.lookup import find_failure
from flux_mcp.diagnosis.cause import Cause, CauseType
from flux_mcp.diagnosis.evidence import Evidence
from flux_mcp.kubernetes.pods import Pod, PodContainer

Logs = Mapping[tuple[ObjectRef, str], Sequence[str]]
"""Pod and container → the last lines of the run in which it crashed."""
_LOG: Final = "Log"
"""The reason under which the catalog knows lines of logs."""
_ONLY_CRASHED: Final = frozenset({"container-crashes", "container-failed", "readiness-probe-failing"})
"""Failures of which a log says more."""


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
            waits = cause.type is CauseType.CONTROLLER and container.unready
            if pod is not None and container.name == failure.container and (container.crashed or waits):
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


def explained(cause: Cause, logs: Logs, evidence: Evidence) -> Cause:
    """A cause with what the last words of its containers say, where the catalog knew only that they crashed."""
    if not cause.workloads and cause.type is not CauseType.CONTROLLER:
        return cause
    workloads = tuple(
        replace(one, failure=_of_log((one.message, *logs.get((one.about[0], one.container), ()))) or one.failure)
        if one.failure is None or one.failure.id in _ONLY_CRASHED
        else one
        for one in cause.workloads
    )
    failures = cause.failures
    if cause.type is CauseType.CONTROLLER and not workloads:
        pods = {pod.ref for pod in evidence.pods_of(cause.members[0])}
        known = (_of_log(lines) for (pod, _), lines in logs.items() if pod in pods)
        failures = (*(one for one in known if one is not None), *failures)
    return replace(cause, workloads=workloads, failures=failures)


def _of_log(lines: Sequence[str]) -> Failure | None:
    """The failure that the last telling line of a log reports."""
    known = (find_failure(POD.kind, _LOG, line) for line in reversed(lines))
    return next((one for one in known if one is not None), None)
