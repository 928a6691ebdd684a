"""The logs of a Pod, or of a workload's Pods: which Pods those are, which containers, and what they wrote."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio
import anyio.to_thread

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DEPLOYMENT, JOB, POD, REPLICA_SET
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.get import find_one
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import BadArgument, FluxMcpError, KubectlError
from flux_mcp.kubectl.command import LOG_BYTES, LOG_LINES, Logs
from flux_mcp.kubectl.validate import check_selector, echo
from flux_mcp.kubernetes.pods import Container, Owner, Pod, member, owner, pod
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.private_keys import drop_keys
from flux_mcp.sanitize.quote import clean, log_line

MAX_PODS: Final = 5
MAX_CONTAINERS: Final = 10
"""Logs that are read for one answer; each is a process."""
MAX_JOBS: Final = 5
"""Jobs of a CronJob whose Pods are looked for: as many as its history keeps, and as a selector can name."""


@dataclass(frozen=True, slots=True)
class PodsFound:
    """The Pods of a workload, those to look at first in front, and what could not be read to find them."""

    about: ObjectRef
    pods: tuple[Pod, ...]
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are wanted.

    Attributes:
        contains: a text in them, in any case.
        tail: how many are kept of one log, the newest.
        since: seconds; 0 for all.
        previous: of the run before the last restart.
    """

    contains: str | None
    tail: int
    since: int
    previous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLog:
    """What one container wrote.

    Attributes:
        lines: as they are shown, the newest last.
        matched: how many of the lines that were read match; the newest of them stand in `lines`.
        examined: how many were read.
        older: there may be older lines, which were not read.
        cut: the newest lines were not reached, since those before them are too long.
        error: why it could not be read.
        never: the run before the last restart was asked for, and there was no restart.
    """

    pod: Pod
    container: Container
    lines: tuple[str, ...] = ()
    matched: int = 0
    examined: int = 0
    older: bool = False
    cut: bool = False
    error: FluxMcpError | None = None
    never: bool = False


async def find_pods(
    cluster: Cluster, request: RequestContext, kind: Kind, name: str, namespace: str | None
) -> PodsFound:
    """The Pod, or the Pods of a workload by its selector and their owners: three processes at most.

    Raises:
        BadArgument: the name is in several namespaces.
        NotFound: there is no such object.
        KubectlError: it, or its Pods, could not be read.
    """
    if kind == POD:
        one = await find_one(cluster, request, POD, name, namespace, pod)
        return PodsFound(one.ref, (one,))
    workload = await find_one(cluster, request, kind, name, namespace, owner)
    if kind == CRON_JOB:
        return await _of_cron_job(cluster, request, workload)
    kinds = (REPLICA_SET, POD) if kind == DEPLOYMENT else (POD,)
    reading: ListResult[Pod | Owner] = await cluster.read(
        request, kinds, member, namespace=workload.ref.namespace, selector=_usable(workload.selector)
    )
    return PodsFound(workload.ref, _members(reading, frozenset({workload.key})), reading.unread)


async def _of_cron_job(cluster: Cluster, request: RequestContext, workload: Owner) -> PodsFound:
    reading = await cluster.read(request, (JOB,), owner, namespace=workload.ref.namespace)
    reading.require()
    jobs = sorted((job for job in reading.objects if workload.key in job.owners), key=lambda job: job.order)[:MAX_JOBS]
    if not jobs:
        return PodsFound(workload.ref, (), reading.unread)
    named = _usable(f"job-name in ({','.join(job.ref.name for job in jobs)})")
    pods: ListResult[Pod | Owner] = await cluster.read(
        request, (POD,), member, namespace=workload.ref.namespace, selector=named
    )
    return PodsFound(workload.ref, _members(pods, frozenset(job.key for job in jobs)), (*reading.unread, *pods.unread))


def _usable(selector: str) -> str | None:
    """A selector that kubectl can be asked with; without one all Pods of the namespace are read."""
    try:
        return check_selector(selector)
    except BadArgument:
        return None


def _members(reading: ListResult[Pod | Owner], owners: frozenset[tuple[str, str]]) -> tuple[Pod, ...]:
    """The Pods that these own, or that a ReplicaSet of theirs owns; those of the selector where that is not known.

    Raises:
        KubectlError: no Pod could be read.
    """
    pods = [one for one in reading.objects if isinstance(one, Pod)]
    for unread_item in reading.unread:
        if not pods and unread_item.error is not None and POD.kind in unread_item.kinds:
            raise unread_item.error
    between = {one.key for one in reading.objects if isinstance(one, Owner) and one.owners & owners}
    unknown = any(REPLICA_SET.kind in unread_item.kinds for unread_item in reading.unread)
    owned = (one for one in pods if unknown or one.owners & (owners | between))
    return tuple(sorted(owned, key=lambda one: one.order))


def choose(pods: Sequence[Pod], name: str | None) -> tuple[tuple[Pod, Container], ...]:
    """The containers whose logs are wanted, those that are not ready in front.

    Args:
        pods: the first five are looked at.
        name: of a container; None for the ordinary ones, and the init containers that did not finish.

    Raises:
        BadArgument: no Pod has a container of that name; the names are listed.
    """
    several = pods[:MAX_PODS]
    found = [
        (one, container)
        for one in several
        for container in sorted(one.containers, key=lambda container: container.ready)
        if (name is None and not container.ephemeral and not (container.init and container.finished))
        or name == container.name
    ]
    if name is not None and several and not found:
        known = dict.fromkeys(container.name for one in several for container in one.containers)
        raise BadArgument("container", f"must be one of {', '.join(map(echo, known))}, not {echo(name)}")
    return tuple(found)


async def read_logs(
    cluster: Cluster, request: RequestContext, chosen: Sequence[tuple[Pod, Container]], wanted: Wanted
) -> tuple[ContainerLog, ...]:
    """The logs of these containers, in their order; of one that cannot be read, why.

    Raises:
        FluxMcpError: none could be read.
    """
    logs: dict[int, ContainerLog] = {}

    async def read(position: int, one: Pod, container: Container) -> None:
        try:
            logs[position] = await _read(cluster, request, one, container, wanted)
        except FluxMcpError as error:
            logs[position] = ContainerLog(pod=one, container=container, error=error)

    async with anyio.create_task_group() as group:
        for position, (one, container) in enumerate(chosen):
            group.start_soon(read, position, one, container)
    found = tuple(logs[position] for position in range(len(chosen)))
    if found and all(log.error is not None for log in found):
        raise _refusal(found)
    return found


def _refusal(logs: Sequence[ContainerLog]) -> FluxMcpError:
    """The first error, with the containers of which nothing could be read."""
    error = logs[0].error
    if not isinstance(error, KubectlError):
        return error or FluxMcpError("No log was read.")
    named = ", ".join(f"{log.pod.ref.namespace}/{log.pod.ref.name}/{log.container.name}" for log in logs)
    return type(error)(f"No log could be read of {named}. {error}", brief=error.brief, resources=error.resources)


async def _read(
    cluster: Cluster, request: RequestContext, one: Pod, container: Container, wanted: Wanted
) -> ContainerLog:
    if wanted.previous and not container.ran_before:
        return ContainerLog(pod=one, container=container, never=True)
    command = Logs(one.ref.namespace, one.ref.name, container.name, since=wanted.since, previous=wanted.previous)
    stdout = await cluster.logs(request, command)
    if full := len(stdout) >= LOG_BYTES:
        # The API server starts at the oldest of the lines and stops at the bound, so the newest are asked for again.
        stdout = await cluster.logs(request, replace(command, tail=max(1, stdout.count(b"\n") // 2)))
    lines, matched, examined = await anyio.to_thread.run_sync(_keep, stdout, wanted)
    return ContainerLog(
        pod=one,
        container=container,
        lines=lines,
        matched=matched,
        examined=examined,
        older=full or stdout.count(b"\n") >= LOG_LINES,
        cut=len(stdout) >= LOG_BYTES,
    )


def _keep(stdout: bytes, wanted: Wanted) -> tuple[tuple[str, ...], int, int]:
    """The newest of the lines that match, how many match, and of how many.

    What is masked is not looked at for `contains`: else a caller could guess at it letter by letter.
    """
    lines = [line for line in drop_keys(stdout.decode(errors="replace").split("\n")) if line.strip()]
    matching = lines
    if wanted.contains is not None:
        part = wanted.contains.lower()
        matching = [line for line in lines if part in clean(line).lower()]
    return tuple(map(log_line, matching[-wanted.tail :])), len(matching), len(lines)
