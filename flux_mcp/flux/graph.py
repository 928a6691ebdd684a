"""How Flux objects hang together: sources, dependencies, and who applied whom.

Built once from the objects that were read; every question about neighbours is answered here. Cycles, missing targets
and objects that apply themselves are ordinary: each walk remembers where it has been.
Source: our knowledge file, sections 3.1 (labels) and 1.4 (references).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flux_mcp.api.kind import Relation
from flux_mcp.api.kinds import by_kind, kind_of
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owners_by_label
from flux_mcp.api.unstructured import at, items, labels, text
from flux_mcp.flux.graph_algorithms import components
from flux_mcp.flux.inventory import InventoryEntry, inventory
from flux_mcp.flux.objects import FluxObject, view


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """From a source to its user, from an applier to what it applied, from a dependant to what it depends on."""

    start: ObjectRef
    end: ObjectRef
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxNode:
    """A Flux object with what ties it to others.

    Attributes:
        depends_on: objects of spec.dependsOn, some of which may be of no Flux kind.
        owners: appliers by label.
        applied: its inventory; None where it has none.
        remote: it applies to another cluster (spec.kubeConfig), so its inventory is not about this one.
    """

    object: FluxObject
    depends_on: tuple[ObjectRef, ...]
    owners: tuple[ObjectRef, ...]
    applied: tuple[InventoryEntry, ...] | None
    remote: bool

    @property
    def ref(self) -> ObjectRef:
        """What it is called."""
        return self.object.ref


def view_node(item: Mapping[str, Any]) -> FluxNode | None:
    """The view of one object; None if it is not a Flux object or has no name."""
    one = view(item)
    if one is None:
        return None
    return FluxNode(
        object=one,
        depends_on=tuple(_depends_on(item, one)),
        owners=owners_by_label(labels(item, "metadata", "labels")),
        applied=inventory(item),
        remote=at(item, "spec", "kubeConfig") is not None,
    )


def _order(edge: Edge) -> tuple[str, ...]:
    """The order of an Edge, told at once: comparing the edges themselves takes most of the time of a large graph."""
    start, end = edge.start, edge.end
    return start.kind, start.namespace, start.name, end.kind, end.namespace, end.name, edge.relation


def _depends_on(item: Mapping[str, Any], one: FluxObject) -> Iterator[ObjectRef]:
    for entry in items(item, "spec", "dependsOn"):
        if name := text(entry, "name"):
            kind, version = text(entry, "kind") or one.kind.kind, text(entry, "apiVersion")
            if kind not in by_kind:
                # A ResourceSet may wait for any kind, one without namespaces among them, such as a CRD.
                yield ObjectRef(kind, text(entry, "namespace"), name)
            elif version and kind_of(version, kind) is None:
                # Another vendor's kind of that name.
                yield ObjectRef(f"{kind}.{version.partition('/')[0]}", text(entry, "namespace"), name)
            else:
                yield ObjectRef(kind, text(entry, "namespace") or one.namespace, name)


class Graph:
    """The objects and their ties.

    Args:
        objects: all that were read. What they point at and is not among them is a target that is missing, or was not
            read.
    """

    def __init__(self, objects: Iterable[FluxNode]) -> None:
        """Index the ties in both directions."""
        self.nodes: dict[ObjectRef, FluxNode] = {one.ref: one for one in objects}
        self._owners: dict[ObjectRef, dict[ObjectRef, None]] = defaultdict(dict)
        self._children: dict[ObjectRef, dict[ObjectRef, None]] = defaultdict(dict)
        self._holders: dict[InventoryEntry, dict[ObjectRef, None]] = defaultdict(dict)
        self._users: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
        self._dependents: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
        for one in self.nodes.values():
            self._index(one)

    def _index(self, one: FluxNode) -> None:
        for source in one.object.sources:
            self._users[source].append(one.ref)
        for target in one.depends_on:
            self._dependents[target].append(one.ref)
        for managed in () if one.remote else one.applied or ():
            self._holders[managed][one.ref] = None
            if managed.is_flux:
                self._tie(one.ref, managed.ref)
        for owner in one.owners:
            # helm-controller labels the HelmChart that it makes, which is the release's source and not its child.
            if not (one.ref.kind == "HelmChart" and owner.kind == "HelmRelease"):
                self._tie(owner, one.ref)

    def _tie(self, owner: ObjectRef, child: ObjectRef) -> None:
        self._owners[child][owner] = None
        self._children[owner][child] = None

    def users(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """The objects whose source this is."""
        return tuple(self._users.get(ref, ()))

    def dependents(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """The objects that name this one in dependsOn."""
        return tuple(self._dependents.get(ref, ()))

    def owners(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """The appliers of a Flux object, by inventory or label, itself excepted."""
        return tuple(owner for owner in self._owners.get(ref, ()) if owner != ref)

    def applies_itself(self, ref: ObjectRef) -> bool:
        """Whether its own inventory or label names a Flux object as its applier."""
        return ref in self._owners.get(ref, ())

    def holders(self, managed: InventoryEntry) -> tuple[ObjectRef, ...]:
        """The appliers in whose inventory an object of any kind stands."""
        return tuple(self._holders.get(managed, ()))

    def held(self) -> tuple[InventoryEntry, ...]:
        """Everything that an inventory of this cluster names."""
        return tuple(self._holders)

    def children(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """The Flux objects that this one applied."""
        return tuple(child for child in self._children.get(ref, ()) if child != ref)

    def edges(self) -> tuple[Edge, ...]:
        """Every tie, in a stable order."""
        found = set()
        for one in self.nodes.values():
            found |= {Edge(source, one.ref, Relation.SOURCE.value) for source in one.object.sources}
            found |= {Edge(one.ref, target, Relation.DEPENDS_ON.value) for target in one.depends_on}
        for child in self._owners:
            found |= {Edge(owner, child, Relation.APPLIES.value) for owner in self.owners(child)}
        return tuple(sorted(found, key=_order))

    def ancestors(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """Who applied it, who applied that, up to the top; nearest first, each once."""
        found: dict[ObjectRef, None] = {}
        waiting = list(self.owners(ref))
        while waiting:
            owner = waiting.pop(0)
            if owner not in found and owner != ref:
                found[owner] = None
                waiting.extend(self.owners(owner))
        return tuple(found)

    def source_chain(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """Its sources, their sources, nearest first, each once; those that are missing among them."""
        found: dict[ObjectRef, None] = {}
        waiting = list(self.nodes[ref].object.sources) if ref in self.nodes else []
        while waiting:
            source = waiting.pop(0)
            if source not in found and source != ref:
                found[source] = None
                waiting.extend(self.nodes[source].object.sources if source in self.nodes else ())
        return tuple(found)


def loops(graph: Graph, among: Collection[ObjectRef] | None = None) -> tuple[tuple[ObjectRef, ...], ...]:
    """The objects of each loop, or knot of loops, in order; an object that depends on itself is one.

    Args:
        graph: the objects.
        among: only loops that lie wholly among these objects.
    """
    nodes = graph.nodes if among is None else {ref: graph.nodes[ref] for ref in among if ref in graph.nodes}
    ties = {ref: tuple(target for target in one.depends_on if target in nodes) for ref, one in nodes.items()}
    found = (one for one in components(ties) if len(one) > 1 or one[0] in ties[one[0]])
    return tuple(sorted(tuple(sorted(one)) for one in found))


def loops_by_source(graph: Graph) -> dict[ObjectRef, tuple[ObjectRef, ...]]:
    """For each source, the Kustomizations of it that depend on each other in a loop.

    None of its Kustomizations, loop or not, is reconciled when it has a new revision: each gets there at its own
    interval. Source: requestsForRevisionChangeOf in kustomize-controller, which enqueues the Kustomizations of the
    source in the order of their dependencies, and none where there is no such order.
    """
    users: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
    for ref, one in graph.nodes.items():
        for source in one.object.sources if ref.kind == "Kustomization" else ():
            users[source].append(ref)
    found = {source: tuple(ref for loop in loops(graph, refs) for ref in loop) for source, refs in users.items()}
    return {source: members for source, members in found.items() if members}
