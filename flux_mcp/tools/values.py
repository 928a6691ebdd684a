"""Values that a caller may want for an argument, for completion in a shell and in an MCP client."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import anyio

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import find_kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS, NAMESPACE, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.audit.rule import Severity
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.namespaces import names_of
from flux_mcp.errors import FluxMcpError
from flux_mcp.flux.status import TROUBLE, Health
from flux_mcp.reconcile.outcome import SOURCE_KINDS
from flux_mcp.sanitize.quote import clean_name
from flux_mcp.tools.arguments import ALL, DEPENDENCIES

MOST: Final = 100
"""Values that the MCP specification lets a completion return."""
PATIENCE: Final = 5.0
"""Seconds for which a completion may read the cluster."""
_FLUX: Final = tuple(kind.kind for kind in FLUX_KINDS)
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "list_flux_workloads": tuple(kind.kind for kind in WORKLOAD_KINDS),
    "reconcile_flux_sources": tuple(kind.kind for kind in SOURCE_KINDS),
} | dict.fromkeys(
    ("trace_kubernetes_resource", "get_kubernetes_events", "get_kubernetes_resources", "get_kubernetes_logs"),
    (*(kind.kind for kind in KUBERNETES_KINDS), *_FLUX),
)
"""The kinds that a tool takes first; for all others those of Flux."""
_FIXED: Final[Mapping[str, tuple[str, ...]]] = {
    "status": (*(health.value for health in Health), TROUBLE),
    "severity": tuple(severity.value for severity in Severity),
    "edges": (ALL, DEPENDENCIES),
    "since": ("10m", "1h", "24h", "7d"),
}
LISTS: Final = frozenset({"kinds", "status", "contexts"})
"""Arguments that take several values."""


async def values(
    cluster: Cluster, argument: str, start: str, others: Mapping[str, Any] | None = None, tool: str = ""
) -> list[str]:
    """The values of an argument that begin as given, in any case; none where the cluster does not answer in time.

    Args:
        start: what is typed so far.
        others: the other arguments.
        tool: whose argument it is.
    """
    found: Iterable[str] = ()
    with anyio.move_on_after(PATIENCE):
        try:
            found = await _all(cluster, argument, others or {}, tool)
        except FluxMcpError:
            return []
    return [value for value in dict.fromkeys(found) if value.lower().startswith(start.lower())][:MOST]


async def _all(cluster: Cluster, argument: str, others: Mapping[str, Any], tool: str) -> Sequence[str]:
    match argument:
        case "kind" | "kinds":
            return _KINDS.get(tool, _FLUX)
        case "context" | "with_context" | "contexts":
            return [clean_name(entry.name) for entry in (await cluster.kubeconfig()).contexts]
        case "namespace":
            return sorted({clean_name(ref.name) for ref in await _refs(cluster, NAMESPACE.kind, others)})
        case "name":
            kind, namespace = str(others.get("kind") or ""), others.get("namespace")
            refs = await _refs(cluster, kind, others)
            return sorted({clean_name(ref.name) for ref in refs if namespace in {None, "", ref.namespace}})
        case _:
            return _FIXED.get(argument, ())


async def _refs(cluster: Cluster, kind: str, others: Mapping[str, Any]) -> Sequence[ObjectRef]:
    """The Flux objects of a kind, of every kind where that is none of Flux; or the Namespaces."""
    request = await cluster.open(others.get("context") or None)
    known = NAMESPACE if kind == NAMESPACE.kind else find_kind(kind)
    return await names_of(cluster, request, FLUX_KINDS if known is None else (known,))
