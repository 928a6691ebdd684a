"""get_kubernetes_logs: the newest lines that the containers of a Pod or of a workload wrote."""

from typing import Final

from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.discovery import resolve_known
from flux_mcp.cluster.pod_logs import (
    MAX_CONTAINERS,
    Wanted,
    choose,
    find_pods,
    read_logs,
)
from flux_mcp.errors import BadArgument
from flux_mcp.kubectl.validate import echo
from flux_mcp.render.get_kubernetes_logs import DEFAULT_TAIL, KubernetesLogs
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
    """The newest log lines of a Pod, or of a workload's Pods, unready first."""
    known = _kind(kind)
    check_target(known, name, namespace)
    wanted = Wanted(contains=contains, tail=tail or DEFAULT_TAIL, since=since or 0, previous=previous)
    request = await cluster.open(context)
    found = await find_pods(cluster, request, known, name, namespace)
    chosen = choose(found.pods, container)
    logs = await read_logs(cluster, request, chosen[:MAX_CONTAINERS], wanted)
    return KubernetesLogs(
        request=request,
        unread=found.unread,
        found=found,
        logs=logs,
        more=max(0, len(chosen) - MAX_CONTAINERS),
        tail=tail,
    )


def _kind(spelling: str) -> Kind:
    known = resolve_known(spelling)
    if known is None or known not in KINDS:
        allowed = ", ".join(kind.kind for kind in KINDS)
        raise BadArgument("kind", f"must be one that has Pods ({allowed}), not {echo(spelling)}")
    return known
