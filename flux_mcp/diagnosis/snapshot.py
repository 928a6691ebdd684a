"""The view of a Flux object for finding causes: its ties, what it waits for the health of, and where that lives."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.kind import HealthWait
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, text
from flux_mcp.flux.graph import FluxNode, view_node
from flux_mcp.flux.inventory import InventoryEntry

NAMED: Final = 50
"""Objects of one message that are looked at."""
_NAMED: Final = re.compile(
    r"\b([A-Z][A-Za-z0-9]{1,62})/(?:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)/)?"
    r"([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)(?= status: '| not ready|'? (?:is )?not ready)"
)
_GROUPS: Final = {kind.kind: kind.group for kind in WORKLOAD_KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotObject:
    """A Flux object and what its health depends on.

    Attributes:
        waits: it waits for the health of all that it applies.
        checked: what else it waits for (spec.healthChecks).
        target: the namespace that it applies to where its objects name none.
        item: kind, names and spec as kubectl printed them, of an object that is not Ready; of others nothing is kept.
    """

    node: FluxNode
    waits: bool
    checked: frozenset[ObjectRef]
    target: str
    item: Mapping[str, Any] | None

    @property
    def ref(self) -> ObjectRef:
        """What it is called."""
        return self.node.ref


def view_snapshot_object(item: Mapping[str, Any]) -> SnapshotObject | None:
    """The view of one object; None if it is not a Flux object or has no name."""
    node = view_node(item)
    if node is None:
        return None
    spec, ready = at(item, "spec"), node.object.ready
    calm = ready is not None and ready.status == "True"
    names = {"name": node.ref.name, "namespace": node.ref.namespace}
    kept = {"apiVersion": text(item, "apiVersion"), "kind": node.ref.kind, "metadata": names, "spec": spec}
    return SnapshotObject(
        node=node,
        waits=_waits(node, spec),
        checked=frozenset(_checked(spec, node.ref.namespace)),
        target=text(spec, "targetNamespace") or node.ref.namespace,
        item=None if calm else kept,
    )


def _waits(node: FluxNode, spec: object) -> bool:
    """Whether it waits for the health of all that it applies."""
    match node.object.kind.health_wait:
        case HealthWait.ALWAYS:
            return True
        case HealthWait.OPT_IN:
            return at(spec, "wait") is True
        case HealthWait.OPT_OUT:
            return at(spec, "wait") is not False
        case HealthWait.NEVER:
            return False


def _checked(spec: object, namespace: str) -> Iterator[ObjectRef]:
    for entry in items(spec, "healthChecks"):
        if name := text(entry, "name"):
            yield ObjectRef(text(entry, "kind"), text(entry, "namespace") or namespace, name)


def named_objects(message: str, namespace: str) -> tuple[InventoryEntry, ...]:
    """The objects that a message about health names: `[Deployment/apps/web status: 'InProgress']`, each once.

    Only Flux kinds and workloads have a group here; another kind's is empty.
    """
    found: dict[InventoryEntry, None] = {}
    for match in _NAMED.finditer(message):
        kind, where, name = match.groups()
        group = by_kind[kind].group if kind in by_kind else _GROUPS.get(kind, "")
        found[InventoryEntry(kind, group, where or namespace, name)] = None
        if len(found) == NAMED:
            break
    return tuple(found)
