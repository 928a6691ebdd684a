"""How Flux objects refer to each other: sources, dependencies, appliers, inputs, image policies and providers.

Built once from the objects that were read; every question about neighbors is answered here. Cycles, missing targets
and objects that apply themselves are ordinary: each walk remembers where it has been.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from flux_mcp.api.kind import Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import SELECTED, Selection, owners_by_label, references, selections
from flux_mcp.api.unstructured import at, labels
from flux_mcp.flux.graph_algorithms import components
from flux_mcp.flux.inventory import Inventory, InventoryEntry, inventory
from flux_mcp.flux.objects import FluxObject, view


class Edge(NamedTuple):
    """From a source, applier, input or image policy to its user; from a dependent or an Alert to what it names.

    A tuple, as there are many.
    """

    start: ObjectRef
    end: ObjectRef
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxNode:
    """A Flux object with its references to others.

    Attributes:
        depends_on: objects of spec.dependsOn, some of which may be of no Flux kind.
        owners: appliers by label.
        applied: its inventory; None where it has none.
        remote: it applies to another cluster (spec.kubeConfig), so its inventory is not about this one.
        names: objects that it names otherwise, such as the Provider of an Alert.
        selections: objects that it refers to by labels.
        labels: of a kind that is referred to by labels.
    """

    object: FluxObject
    depends_on: tuple[ObjectRef, ...]
    owners: tuple[ObjectRef, ...]
    applied: Inventory | None
    remote: bool
    names: tuple[tuple[Relation, ObjectRef], ...] = ()
    selections: tuple[Selection, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> ObjectRef:
        return self.object.ref


def view_node(item: Mapping[str, Any]) -> FluxNode | None:
    """The view of one object; None if it is not a Flux object or has no name."""
    found = view(item)
    if found is None:
        return None
    kind, own_labels = found.kind, labels(item, "metadata", "labels")
    return FluxNode(
        object=found,
        depends_on=tuple(references(item, kind, Relation.DEPENDS_ON)),
        owners=owners_by_label(own_labels),
        applied=inventory(item),
        remote=at(item, "spec", "kubeConfig") is not None,
        names=tuple((relation, ref) for relation in _NAMED for ref in references(item, kind, relation)),
        selections=tuple(selections(item, kind)),
        labels=own_labels if kind.kind in SELECTED else {},
    )


_NAMED: Final = (Relation.INPUTS, Relation.PROVIDER)


def _order(edge: Edge) -> tuple[str, ...]:
    """The order of an Edge: comparing the edges themselves would take most of the time of a large graph."""
    start, end = edge.start, edge.end
    return start.kind, start.namespace, start.name, end.kind, end.namespace, end.name, edge.relation


class Graph:
    """The objects and the edges between them.

    Args:
        objects: all that were read. What they refer to and is not among them is missing, or was not read.
    """

    def __init__(self, objects: Iterable[FluxNode]) -> None:
        self.nodes: dict[ObjectRef, FluxNode] = {node.ref: node for node in objects}
        self._owners: dict[ObjectRef, dict[ObjectRef, None]] = defaultdict(dict)
        self._children: dict[ObjectRef, dict[ObjectRef, None]] = defaultdict(dict)
        self._holders: dict[tuple[str, str], dict[InventoryEntry, dict[ObjectRef, None]]] = {}
        self._named: dict[str, tuple[InventoryEntry, ...]] = {}
        self._users: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
        self._dependents: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
        self._selectable: dict[tuple[str, str], list[FluxNode]] = defaultdict(list)
        for node in self.nodes.values():
            self._index(node)
            if node.ref.kind in SELECTED:
                self._selectable[node.ref.kind, node.ref.namespace].append(node)

    def _index(self, node: FluxNode) -> None:
        ref = node.ref
        for source in node.object.sources:
            self._users[source].append(ref)
        for target in node.depends_on:
            self._dependents[target].append(ref)
        for managed in () if node.remote or node.applied is None else node.applied.of_flux():
            self._add_owner(ref, managed.ref)
        for owner in node.owners:
            # helm-controller labels the HelmChart that it makes, which is the release's source and not its child.
            if not (ref.kind == "HelmChart" and owner.kind == "HelmRelease"):
                self._add_owner(owner, ref)

    def _add_owner(self, owner: ObjectRef, child: ObjectRef) -> None:
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
        return tuple(self.managed(managed.kind, managed.group).get(managed, ()))

    def managed(self, kind: str, group: str) -> Mapping[InventoryEntry, Mapping[ObjectRef, None]]:
        """Every object of a kind that an inventory of this cluster names → the appliers with such an inventory."""
        if (kind, group) not in self._holders:
            found: dict[InventoryEntry, dict[ObjectRef, None]] = defaultdict(dict)
            for ref, applied in self._inventories():
                for entry in applied.of_kinds({kind: (group,)}):
                    found[entry][ref] = None
            self._holders[kind, group] = dict(found)
        return self._holders[kind, group]

    def managed_as(self, name: str) -> tuple[InventoryEntry, ...]:
        """Every object of a name that an inventory of this cluster names."""
        if name not in self._named:
            found = (entry for _, applied in self._inventories() for entry in applied.named(name))
            self._named[name] = tuple(dict.fromkeys(found))
        return self._named[name]

    def shared(self) -> Iterator[tuple[InventoryEntry, tuple[ObjectRef, ...]]]:
        """The objects in more than one inventory of this cluster, and their appliers."""
        seen: set[str] = set()
        several: dict[str, None] = {}
        for _, applied in self._inventories():
            ids = set(applied.ids)
            several |= dict.fromkeys(ids & seen)
            seen |= ids
        del seen
        found: dict[InventoryEntry, dict[ObjectRef, None]] = defaultdict(dict)
        for ref, applied in self._inventories() if several else ():
            if not several.keys().isdisjoint(applied.ids):
                for entry in applied:
                    if entry.id in several:
                        found[entry][ref] = None
        yield from ((entry, tuple(refs)) for entry, refs in found.items() if len(refs) > 1)

    def _inventories(self) -> Iterator[tuple[ObjectRef, Inventory]]:
        """The inventories of this cluster, by applier."""
        return ((ref, node.applied) for ref, node in self.nodes.items() if node.applied is not None and not node.remote)

    def children(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """The Flux objects that this one applied."""
        return tuple(child for child in self._children.get(ref, ()) if child != ref)

    def edges(self) -> tuple[Edge, ...]:
        """Every edge, in a stable order."""
        named = [
            (relation, node.ref, target)
            for node in self.nodes.values()
            for relation, target in (
                *((Relation.SOURCE, source) for source in node.object.sources),
                *((Relation.DEPENDS_ON, target) for target in node.depends_on),
                *node.names,
                *self._selected(node),
            )
        ]
        named += [(Relation.APPLIES, child, owner) for child in self._owners for owner in self.owners(child)]
        found = {
            Edge(ref, target, relation) if relation.reversed else Edge(target, ref, relation)
            for relation, ref, target in named
        }
        return tuple(sorted(found, key=_order))

    def _selected(self, node: FluxNode) -> Iterator[tuple[Relation, ObjectRef]]:
        for selection in node.selections:
            for other in self._selectable.get((selection.kind, selection.namespace), ()):
                if selection.matches(other.labels):
                    yield selection.relation, other.ref

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
    """The objects of each dependsOn loop, or of loops that share objects; an object that depends on itself is one.

    Args:
        graph: the objects.
        among: only loops that lie wholly among these objects.
    """
    nodes = graph.nodes if among is None else {ref: graph.nodes[ref] for ref in among if ref in graph.nodes}
    targets = {ref: tuple(target for target in node.depends_on if target in nodes) for ref, node in nodes.items()}
    found = (loop for loop in components(targets) if len(loop) > 1 or loop[0] in targets[loop[0]])
    return tuple(sorted(tuple(sorted(loop)) for loop in found))


def loops_by_source(graph: Graph) -> dict[ObjectRef, tuple[ObjectRef, ...]]:
    """For each source, the Kustomizations of it that depend on each other in a loop.

    None of its Kustomizations, loop or not, is reconciled when it has a new revision: each gets there at its own
    interval. Source: requestsForRevisionChangeOf in kustomize-controller, which enqueues the Kustomizations of the
    source in the order of their dependencies, and none where there is no such order.
    """
    users: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
    for ref, node in graph.nodes.items():
        for source in node.object.sources if ref.kind == "Kustomization" else ():
            users[source].append(ref)
    found = {source: tuple(ref for loop in loops(graph, refs) for ref in loop) for source, refs in users.items()}
    return {source: members for source, members in found.items() if members}
