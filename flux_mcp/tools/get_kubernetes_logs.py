"""get_kubernetes_logs: the newest lines that the containers of a Pod or of a workload wrote."""

from typing import Final

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.pod_logs import find_pods, read_logs
from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.validate import echo
from flux_mcp.kubernetes.logs import DEFAULT_TAIL, MAX_PODS, LogQuery, PodList, containers_to_read
from flux_mcp.kubernetes.pods import Pod, PodContainer
from flux_mcp.render.get_kubernetes_logs import KubernetesLogs
from flux_mcp.tools.arguments import (
    Contains,
    Context,
    OneContainer,
    OneKind,
    OneName,
    OneNamespace,
    Previous,
    Since,
    Tail,
    check_target,
)

MAX_CONTAINERS: Final = 10
"""Logs that are read for one answer; each is a process."""
KINDS: Final = (POD, DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, JOB, CRON_JOB)


async def get_kubernetes_logs(  # noqa: PLR0913 (one parameter an argument)
    cluster: Cluster,
    *,
    kind: OneKind,
    name: OneName,
    namespace: OneNamespace = None,
    container: OneContainer = None,
    since: Since = None,
    contains: Contains = None,
    tail: Tail = None,
    previous: Previous = False,
    context: Context = None,
) -> KubernetesLogs:
    """The latest log lines of a Pod, or of at most 5 Pods of a workload, unready ones first; credentials are masked."""
    known = _kind(kind)
    check_target(known, name, namespace)
    query = LogQuery(contains=contains, tail=tail or DEFAULT_TAIL, since=since or 0, previous=previous)
    request = await cluster.open(context)
    pods, unread = await find_pods(cluster, request, known, name, namespace)
    containers = _containers(pods, container)
    logs = await read_logs(cluster, request, containers[:MAX_CONTAINERS], query)
    return KubernetesLogs(
        request=request,
        unread=unread,
        pods=pods,
        logs=logs,
        more_containers=max(0, len(containers) - MAX_CONTAINERS),
        tail=tail,
    )


def _containers(pods: PodList, name: str | None) -> tuple[tuple[Pod, PodContainer], ...]:
    """The containers whose logs are read.

    Raises:
        BadArgument: no Pod has a container of that name; the names are listed.
    """
    found = containers_to_read(pods.pods, name)
    if name is not None and pods.pods and not found:
        names = dict.fromkeys(container.name for pod in pods.pods[:MAX_PODS] for container in pod.containers)
        raise BadArgument("container", f"must be one of {', '.join(map(echo, names))}, not {echo(name)}")
    return found


def _kind(spelling: str) -> Kind:
    known = resolve_known(spelling)
    if known is None or known not in KINDS:
        allowed = ", ".join(kind.kind for kind in KINDS)
        raise BadArgument("kind", f"must be one that has Pods ({allowed}), not {echo(spelling)}")
    return known
