"""The part of the graph that a diagram shows.

What is above an object is what it needs: its sources, appliers, inputs and dependencies. What is below needs it. Cycles
are ordinary, and chains may be thousands long: nothing here recurses.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from flux_mcp.api.kind import Relation, Role
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph


@dataclass(frozen=True, slots=True)
class FoldedNode:
    """Several healthy objects of one kind and health below one parent, drawn as one box.

    Attributes:
        number: distinguishes it from others that look the same.
    """

    number: int
    kind: str
    health: str
    count: int


@dataclass(frozen=True, slots=True)
class AppliedNode:
    """One box for all objects of the diagram that an applier applied, where an arrow to each would cover it."""

    applier: ObjectRef
    count: int


Node: TypeAlias = ObjectRef | FoldedNode | AppliedNode


class _Links(NamedTuple):
    """What is above each node, what is below it, and what it may be folded under."""

    above: Mapping[Node, Mapping[Node, None]]
    below: Mapping[Node, Mapping[Node, None]]
    parents: Mapping[Node, Sequence[Node]]


class Arrow(NamedTuple):
    """An edge of the diagram, from the same end as in the graph. A tuple, as there are many."""

    start: Node
    end: Node
    relation: Relation

    @property
    def dotted(self) -> bool:
        return self.relation is Relation.DEPENDS_ON


class Flow:
    """Nodes, and the arrows between them: one between two nodes, and one dotted beside it.

    Args:
        nodes: in the order in which they are drawn.
        arrows: between these nodes; others are dropped.
    """

    def __init__(self, nodes: Iterable[Node], arrows: Iterable[Arrow]) -> None:
        self.nodes: dict[Node, None] = dict.fromkeys(nodes)
        first: dict[tuple[Node, Node, bool], Arrow] = {}
        for arrow in arrows:
            if arrow.start in self.nodes and arrow.end in self.nodes:
                first.setdefault((arrow.start, arrow.end, arrow.dotted), arrow)
        self.arrows = tuple(first.values())

    @cached_property
    def _links(self) -> _Links:
        """Made when it is first needed, since most flows are only drawn."""
        above: dict[Node, dict[Node, None]] = defaultdict(dict)
        below: dict[Node, dict[Node, None]] = defaultdict(dict)
        parents: dict[Node, list[Node]] = defaultdict(list)
        for arrow in self.arrows:
            upper, lower = (arrow.end, arrow.start) if arrow.relation.reversed else (arrow.start, arrow.end)
            above[lower][upper] = None
            below[upper][lower] = None
            if not arrow.dotted:
                parents[lower].append(upper)
        return _Links(above, below, parents)

    def above(self, node: Node) -> Collection[Node]:
        """What it needs."""
        return self._links.above.get(node, {})

    def below(self, node: Node) -> Collection[Node]:
        """What needs it."""
        return self._links.below.get(node, {})

    def parent(self, node: Node) -> Node | None:
        """What it is folded under: what applied it, else its source; None where there is neither."""
        parents = self._links.parents.get(node, [])
        return next((parent for parent in parents if not _is_source(parent)), parents[0] if parents else None)

    def only(self, nodes: Collection[Node]) -> "Flow":
        """These nodes in the order of this flow, and every arrow between them."""
        return Flow((node for node in self.nodes if node in nodes), self.arrows)

    def around(self, node: Node) -> "Flow":
        """A node, all that is above it and all that is below it."""
        return self.only({node, *_walk(node, self.above), *_walk(node, self.below)})

    def beside(self, nodes: Iterable[Node]) -> "Flow":
        """Nodes and their direct neighbors."""
        wanted = set(nodes)
        return self.only(wanted | {other for node in wanted for other in (*self.above(node), *self.below(node))})

    def dependencies(self, also: ObjectRef | None = None) -> "Flow":
        """The dotted arrows alone, the nodes at their ends, and one node more."""
        dotted = [arrow for arrow in self.arrows if arrow.dotted]
        ends = {also, *(arrow.start for arrow in dotted), *(arrow.end for arrow in dotted)}
        return Flow((node for node in self.nodes if node in ends), dotted)


def _is_source(node: Node) -> bool:
    return isinstance(node, ObjectRef) and node.kind in by_kind and by_kind[node.kind].role is Role.SOURCE


def _walk(start: Node, onward: Callable[[Node], Collection[Node]]) -> set[Node]:
    found: set[Node] = set()
    waiting = [start]
    while waiting:
        for node in onward(waiting.pop()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def flow_of(graph: Graph) -> Flow:
    """All objects, whatever they refer to, and the arrows between them."""
    edges = graph.edges()
    found: set[ObjectRef] = {*graph.nodes, *(edge.start for edge in edges), *(edge.end for edge in edges)}
    nodes = sorted(found, key=lambda ref: (ref.kind, ref.namespace, ref.name))
    return Flow(nodes, (Arrow(edge.start, edge.end, edge.relation) for edge in edges))


def without_root(flow: Flow, named: ObjectRef | None = None) -> Flow:
    """The flow with one arrow in place of all from the applier that applied most to objects that keep another arrow.

    Args:
        flow: of objects only.
        named: the object whose arrows are all kept.
    """
    applied = Counter(arrow.start for arrow in flow.arrows if arrow.relation is Relation.APPLIES)
    root = max(applied, key=applied.__getitem__, default=None)
    if not isinstance(root, ObjectRef):
        return flow
    often = Counter(end for arrow in flow.arrows for end in {arrow.start, arrow.end})
    dropped = {
        arrow
        for arrow in flow.arrows
        if arrow.start == root
        and arrow.relation is Relation.APPLIES
        and often[arrow.end] > 1
        and named not in {arrow.start, arrow.end}
    }
    if not dropped:
        return flow
    box = AppliedNode(root, len(dropped))
    kept = (arrow for arrow in flow.arrows if arrow not in dropped)
    return Flow((*flow.nodes, box), (*kept, Arrow(root, box, Relation.APPLIES)))


def fold(flow: Flow, healthy: Mapping[ObjectRef, str], depth: int) -> Flow:
    """The flow with its healthy leaves folded together by kind, health and parent, where there are several.

    Args:
        flow: without folded nodes.
        healthy: the objects that may be folded, with their health.
        depth: how often: with 1 what has nothing below it, with 2 also what has only such below it, and so on.
    """
    levels = _levels(flow, healthy)
    numbers: dict[tuple[str, str, Node | int | None], int] = {}
    members: dict[int, list[ObjectRef]] = defaultdict(list)
    placed: dict[Node, int] = {}
    # From the top, since objects under parents that are folded together are folded together, too.
    for ref in sorted((ref for ref in levels if levels[ref] <= depth), key=levels.__getitem__, reverse=True):
        parent = flow.parent(ref)
        under = placed.get(parent, parent) if parent is not None else None
        placed[ref] = numbers.setdefault((ref.kind, healthy[ref], under), len(numbers))
        members[placed[ref]].append(ref)
    drawn: dict[Node, Node] = {}
    for number, refs in members.items():
        if len(refs) > 1:
            drawn |= dict.fromkeys(refs, FoldedNode(number, refs[0].kind, healthy[refs[0]], len(refs)))
    return Flow(
        (drawn.get(node, node) for node in flow.nodes),
        (
            Arrow(start, end, arrow.relation)
            for arrow in flow.arrows
            for start, end in ((drawn.get(arrow.start, arrow.start), drawn.get(arrow.end, arrow.end)),)
            if start != end or arrow.start == arrow.end
        ),
    )


def _levels(flow: Flow, healthy: Collection[ObjectRef]) -> dict[ObjectRef, int]:
    """1 for what has nothing below it, else one more than the highest below it; only where all of that is healthy."""
    open_below = {ref: len(flow.below(ref)) for ref in healthy if ref in flow.nodes}
    level, found = 1, dict[ObjectRef, int]()
    leaves = [ref for ref, count in open_below.items() if not count]
    while leaves:
        found |= dict.fromkeys(leaves, level)
        uppers = []
        for leaf in leaves:
            for upper in flow.above(leaf):
                if isinstance(upper, ObjectRef) and upper in open_below:
                    open_below[upper] -= 1
                    if not open_below[upper]:
                        uppers.append(upper)
        level, leaves = level + 1, uppers
    return found


def rank(flow: Flow, first: Sequence[ObjectRef]) -> list[Node]:
    """All nodes, what is kept longest first: these objects, each with what is right above it, then the others."""
    order: dict[Node, None] = {}
    for ref in first:
        if ref in flow.nodes:
            order[ref] = None
            order |= dict.fromkeys(flow.above(ref))
    return list(order | flow.nodes)
