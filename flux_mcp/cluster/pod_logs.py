"""Reading logs: which Pods a workload has, and what their containers wrote."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import anyio
import anyio.to_thread

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DEPLOYMENT, JOB, POD, REPLICA_SET
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.cluster.get import find_one
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import BadArgument, FluxMcpError, KubectlError
from flux_mcp.kubectl.command import LOG_BYTES, LOG_LINES, Logs
from flux_mcp.kubectl.validate import check_selector
from flux_mcp.kubernetes.logs import ContainerLog, LogQuery, PodList, matching_lines
from flux_mcp.kubernetes.pods import Pod, PodContainer, PodOwner, pod, view_pod_or_owner, view_pod_owner
from flux_mcp.request import RequestContext

MAX_JOBS: Final = 5
"""Jobs of a CronJob whose Pods are looked for: as many as its history keeps, and as a selector can name."""
CRASH_LINES: Final = 20
"""Lines of a container that crashed."""


async def find_pods(
    cluster: Cluster, request: RequestContext, kind: Kind, name: str, namespace: str | None
) -> tuple[PodList, tuple[Unread, ...]]:
    """The Pod, or the Pods of a workload by its selector and their owners: three processes at most.

    Raises:
        BadArgument: the name is in several namespaces.
        NotFound: there is no such object.
        KubectlError: the object, or its Pods, could not be read.
    """
    if kind == POD:
        found = await find_one(cluster, request, POD, name, namespace, pod)
        return PodList(found.ref, (found,)), ()
    workload = await find_one(cluster, request, kind, name, namespace, view_pod_owner)
    if kind == CRON_JOB:
        return await _pods_of_cron_job(cluster, request, workload)
    kinds = (REPLICA_SET, POD) if kind == DEPLOYMENT else (POD,)
    read: ListResult[Pod | PodOwner] = await cluster.read(
        request, kinds, view_pod_or_owner, namespace=workload.ref.namespace, selector=_usable(workload.selector)
    )
    return PodList(workload.ref, _owned_pods(read, frozenset({workload.key}))), read.unread


async def _pods_of_cron_job(
    cluster: Cluster, request: RequestContext, workload: PodOwner
) -> tuple[PodList, tuple[Unread, ...]]:
    read = await cluster.read(request, (JOB,), view_pod_owner, namespace=workload.ref.namespace)
    read.require()
    jobs = sorted((job for job in read.objects if workload.key in job.owners), key=lambda job: job.order)[:MAX_JOBS]
    if not jobs:
        return PodList(workload.ref, ()), read.unread
    selector = _usable(f"job-name in ({','.join(job.ref.name for job in jobs)})")
    pods: ListResult[Pod | PodOwner] = await cluster.read(
        request, (POD,), view_pod_or_owner, namespace=workload.ref.namespace, selector=selector
    )
    owned = _owned_pods(pods, frozenset(job.key for job in jobs))
    return PodList(workload.ref, owned), (*read.unread, *pods.unread)


def _usable(selector: str) -> str | None:
    """A selector that kubectl accepts; None reads all Pods of the namespace."""
    try:
        return check_selector(selector)
    except BadArgument:
        return None


def _owned_pods(read: ListResult[Pod | PodOwner], owners: frozenset[tuple[str, str]]) -> tuple[Pod, ...]:
    """The Pods that these own, or that a ReplicaSet of theirs owns; without ReplicaSets those of the selector.

    Raises:
        KubectlError: no Pod could be read.
    """
    pods = [found for found in read.objects if isinstance(found, Pod)]
    for unread in read.unread:
        if not pods and unread.error is not None and POD.kind in unread.kinds:
            raise unread.error
    replica_sets = {found.key for found in read.objects if isinstance(found, PodOwner) and found.owners & owners}
    unknown = any(REPLICA_SET.kind in unread.kinds for unread in read.unread)
    return tuple(
        sorted(
            (found for found in pods if unknown or found.owners & (owners | replica_sets)),
            key=lambda found: found.order,
        )
    )


async def read_logs(
    cluster: Cluster, request: RequestContext, containers: Sequence[tuple[Pod, PodContainer]], query: LogQuery
) -> tuple[ContainerLog, ...]:
    """The logs of these containers, in their order; where one cannot be read, why.

    Raises:
        FluxMcpError: none could be read.
    """
    result = await _read_all(cluster, request, [(*found, query) for found in containers])
    if result and all(log.error is not None for log in result):
        raise _refusal(result)
    return result


async def read_crash_logs(
    cluster: Cluster, request: RequestContext, containers: Sequence[tuple[Pod, PodContainer]]
) -> tuple[ContainerLog, ...]:
    """The last lines of the runs in which these containers crashed or do not become ready; or why there are none."""
    # Of a container that waits or is terminated kubectl prints the run that ended.
    query = LogQuery(tail=CRASH_LINES, examine=CRASH_LINES * 5)
    return await _read_all(
        cluster,
        request,
        [
            (pod, container, replace(query, previous=container.state == "running" and not container.unready))
            for pod, container in containers
        ],
    )


async def _read_all(
    cluster: Cluster, request: RequestContext, containers: Iterable[tuple[Pod, PodContainer, LogQuery]]
) -> tuple[ContainerLog, ...]:
    async with gather() as reads:
        logs = [
            reads.start(
                f"the log of {found.ref.namespace}/{found.ref.name}/{container.name}",
                _read(cluster, request, found, container, query),
                ContainerLog(pod=found, container=container),
            )
            for found, container, query in containers
        ]
    return tuple(log.value if log.error is None else replace(log.value, error=log.error) for log in logs)


def _refusal(logs: Sequence[ContainerLog]) -> FluxMcpError:
    """The first error, with the containers whose logs could not be read."""
    error = logs[0].error
    if not isinstance(error, KubectlError):
        return error or FluxMcpError("No log was read.")
    named = ", ".join(f"{log.pod.ref.namespace}/{log.pod.ref.name}/{log.container.name}" for log in logs)
    return type(error)(f"No log could be read of {named}. {error}", brief=error.brief, resources=error.resources)


async def _read(
    cluster: Cluster, request: RequestContext, found: Pod, container: PodContainer, query: LogQuery
) -> ContainerLog:
    if query.previous and not container.ran_before:
        return ContainerLog(pod=found, container=container, no_previous=True)
    try:
        command = Logs(
            found.ref.namespace,
            found.ref.name,
            container.name,
            tail=query.examine or LOG_LINES,
            since=query.since,
            previous=query.previous,
        )
    except BadArgument as error:
        # A name from the cluster that no API server should hold.
        return ContainerLog(pod=found, container=container, error=error)
    stdout = await cluster.logs(request, command)
    if full := len(stdout) >= LOG_BYTES:
        # The API server starts at the oldest of the lines and stops at the bound, so the newest are requested again.
        stdout = await cluster.logs(request, replace(command, tail=max(1, stdout.count(b"\n") // 2)))
    lines, matched, examined = await anyio.to_thread.run_sync(matching_lines, stdout, query)
    return ContainerLog(
        pod=found,
        container=container,
        lines=lines,
        matched=matched,
        examined=examined,
        older=full or stdout.count(b"\n") >= command.tail,
        cut=len(stdout) >= LOG_BYTES,
    )
