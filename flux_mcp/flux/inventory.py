"""Inventories: what an applier has applied, by its status.

An entry's id is `namespace_name_group_kind`; a colon in the name of an RBAC object is written as two underscores.
Source: object/objmetadata.go of https://github.com/fluxcd/cli-utils.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import kind_of
from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, text

_WORKLOADS: Final = {(kind.kind, kind.group): kind for kind in WORKLOAD_KINDS}


@dataclass(frozen=True, slots=True, order=True)
class InventoryEntry:
    """An object that an inventory names. `namespace` is empty for a cluster-scoped one."""

    kind: str
    group: str
    namespace: str
    name: str

    @property
    def ref(self) -> ObjectRef:
        """Its name without its group."""
        return ObjectRef(self.kind, self.namespace, self.name)

    @property
    def is_flux(self) -> bool:
        """Whether it is of a Flux kind, not of another vendor's kind of the same name."""
        return kind_of(self.group, self.kind) is not None

    @property
    def workload(self) -> Kind | None:
        """The kind of workload that it is; None where it is none, or another vendor's."""
        return _WORKLOADS.get((self.kind, self.group))

    def __str__(self) -> str:
        """`Deployment apps/web`, `ClusterRole view`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def parse_id(id_: str) -> InventoryEntry | None:
    """The object of an id; None if it is not one."""
    namespace, first, rest = id_.partition("_")
    rest, last, kind = rest.rpartition("_")
    name, middle, group = rest.rpartition("_")
    if not (first and last and middle and kind and name):
        return None
    return InventoryEntry(kind, group, namespace, name.replace("__", ":"))


def inventory(item: Mapping[str, Any]) -> tuple[InventoryEntry, ...] | None:
    """What the object of this item applied; None where its status has no inventory, so that it is not known."""
    entries = at(item, "status", "inventory")
    if isinstance(entries, list):
        return tuple(_artifacts(entries, text(item, "metadata", "namespace")))
    if not isinstance(entries, dict):
        return None
    ids = (text(entry, "id") for entry in items(entries, "entries"))
    return tuple(entry for id_ in ids if (entry := parse_id(id_)) is not None)


def _artifacts(entries: list[Any], namespace: str) -> Iterator[InventoryEntry]:
    """An ArtifactGenerator lists the ExternalArtifacts that it made, since Flux 2.10 with a kind, and Namespaces."""
    for entry in entries:
        if name := text(entry, "name"):
            if text(entry, "kind") == "Namespace":
                yield InventoryEntry("Namespace", "", "", name)
            else:
                group = "source.toolkit.fluxcd.io"
                yield InventoryEntry("ExternalArtifact", group, text(entry, "namespace") or namespace, name)
