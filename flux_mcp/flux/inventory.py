"""Inventories: what an applier has applied, by its status.

An entry's id is `namespace_name_group_kind`; a colon in the name of an RBAC object is written as two underscores.
Source: object/objmetadata.go of https://github.com/fluxcd/cli-utils.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import kind_of
from flux_mcp.api.kubernetes_kinds import JOB, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, text

_WORKLOADS: Final = {(kind.kind, kind.group): kind for kind in WORKLOAD_KINDS}


class InventoryEntry(NamedTuple):
    """An object that an inventory names. `namespace` is empty for a cluster-scoped one."""

    kind: str
    group: str
    namespace: str
    name: str

    @property
    def id(self) -> str:
        """As it stands in an inventory."""
        return f"{self.namespace}_{self.name.replace(':', '__')}_{self.group}_{self.kind}"

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

    @property
    def stays(self) -> bool:
        """Whether it is a workload that is there until somebody deletes it; a Job may delete itself."""
        return self.workload is not None and self.kind != JOB.kind

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


class Inventory(Collection[InventoryEntry]):
    """What an inventory names.

    The entries are kept as one text and made when they are needed: a large fleet has hundreds of thousands of them, and
    nearly no question is about all.
    """

    __slots__ = ("_entries", "_ids")

    def __init__(self, ids: Sequence[str] = (), entries: Iterable[InventoryEntry] = ()) -> None:
        """Take the ids as they stand in a status, or entries that have none; what is no id is left out."""
        lines = "\n".join((*ids, ""))
        if lines.count("\n") == len(ids) and ":" not in lines:
            self._ids, self._entries = lines, tuple(entries)
        else:
            self._ids, self._entries = "", (*filter(None, map(parse_id, ids)), *entries)

    def __len__(self) -> int:
        """How many objects it names."""
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        """Whether it names any."""
        return any(True for _ in self)

    def __iter__(self) -> Iterator[InventoryEntry]:
        """All that it names, in its order."""
        yield from filter(None, map(parse_id, self._lines()))
        yield from self._entries

    def __contains__(self, entry: object) -> bool:
        """Whether it names an object."""
        return any(entry == one for one in self)

    @property
    def ids(self) -> list[str]:
        """The ids, equal in two inventories that name the same object; what is no id among them."""
        return [*self._lines(), *(entry.id for entry in self._entries)]

    def without(self, other: "Inventory") -> list[InventoryEntry]:
        """The objects that the other one does not name, sorted."""
        return sorted(filter(None, map(parse_id, {*self.ids}.difference(other.ids))))

    def of_flux(self) -> Iterator[InventoryEntry]:
        """Those of Flux kinds."""
        return (entry for entry in self._with("fluxcd.") if entry.is_flux)

    def of_kinds(self, groups: Mapping[str, Collection[str]]) -> Iterator[InventoryEntry]:
        """Those of some kinds, each with the groups that it may be of."""
        entries = filter(None, (parse_id(line) for line in self._lines() if line.rpartition("_")[2] in groups))
        for entry in (*entries, *self._entries):
            if entry.group in groups.get(entry.kind, ()):
                yield entry

    def named(self, name: str) -> Iterator[InventoryEntry]:
        """Those of one name."""
        return (entry for entry in self._with(f"_{name.replace(':', '__')}_") if entry.name == name)

    def within(self, namespace: str) -> bool:
        """Whether it names something in a namespace."""
        return f"\n{namespace}_" in f"\n{self._ids}" or any(entry.namespace == namespace for entry in self._entries)

    def _lines(self) -> list[str]:
        return self._ids.split("\n")[:-1]

    def _with(self, part: str) -> Iterator[InventoryEntry]:
        """The entries whose ids hold a text, and perhaps others."""
        if part in self._ids:
            yield from filter(None, (parse_id(line) for line in self._lines() if part in line))
        yield from self._entries


def groups_of(kinds: Iterable[Kind]) -> Mapping[str, Collection[str]]:
    """The name of each kind → the groups of those that are called so."""
    groups: dict[str, set[str]] = {}
    for kind in kinds:
        groups.setdefault(kind.kind, set()).add(kind.group)
    return groups


_WORKLOAD_GROUPS: Final = groups_of(WORKLOAD_KINDS)


def managed_refs(
    inventories: Iterable[Inventory | None], groups: Mapping[str, Collection[str]] = _WORKLOAD_GROUPS
) -> set[ObjectRef]:
    """The objects of some kinds, by default of workloads, that any of these inventories names."""
    return {entry.ref for applied in inventories if applied is not None for entry in applied.of_kinds(groups)}


def inventory(item: Mapping[str, Any]) -> Inventory | None:
    """What the object of this item applied; None where its status has no inventory, so that it is not known."""
    entries = at(item, "status", "inventory")
    if isinstance(entries, list):
        return Inventory(entries=_artifacts(entries, text(item, "metadata", "namespace")))
    if not isinstance(entries, dict):
        return None
    listed = items(entries, "entries")
    try:
        return Inventory([entry["id"] for entry in listed])
    except (KeyError, TypeError):
        return Inventory([text(entry, "id") for entry in listed])


def _artifacts(entries: list[Any], namespace: str) -> Iterator[InventoryEntry]:
    """An ArtifactGenerator lists the ExternalArtifacts that it made, since Flux 2.10 with a kind, and Namespaces."""
    for entry in entries:
        if name := text(entry, "name"):
            if text(entry, "kind") == "Namespace":
                yield InventoryEntry("Namespace", "", "", name)
            else:
                group = "source.toolkit.fluxcd.io"
                yield InventoryEntry("ExternalArtifact", group, text(entry, "namespace") or namespace, name)
