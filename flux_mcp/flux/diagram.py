"""The flow that a diagram shows: arrows from sources and appliers down, from dependants to what they depend on.

What is above an object is what it needs: its sources, its appliers, what it depends on. What is below needs it. Cycles
are ordinary, and chains may be thousands long: nothing here recurses.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flux_mcp.api.kind import Relation, Role
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Edge, Graph


@dataclass(frozen=True, slots=True)
class Folded:
    """Healthy objects of one kind and verdict below one parent, told by their number.

    Attributes:
        number: tells it from others that look the same.
    """

    number: int
    kind: str
    health: str
    count: int


Node: TypeAlias = ObjectRef | Folded


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a source or an applier to what it feeds or made; dotted, from a dependant to what it depends on."""

    start: Node
    end: Node
    dotted: bool


class Flow:
    """Nodes, and the arrows between them.

    Args:
        nodes: in the order in which they are told of.
        arrows: between these nodes; others are dropped.
    """

    def __init__(self, nodes: Iterable[Node], arrows: Iterable[Arrow]) -> None:
        """Index the arrows in both directions."""
        self.nodes: dict[Node, None] = dict.fromkeys(nodes)
        self.arrows = tuple(
            arrow for arrow in dict.fromkeys(arrows) if arrow.start in self.nodes and arrow.end in self.nodes
        )
        self._above: dict[Node, dict[Node, None]] = defaultdict(dict)
        self._below: dict[Node, dict[Node, None]] = defaultdict(dict)
        self._parents: dict[Node, list[Node]] = defaultdict(list)
        for arrow in self.arrows:
            upper, lower = (arrow.end, arrow.start) if arrow.dotted else (arrow.start, arrow.end)
            self._above[lower][upper] = None
            self._below[upper][lower] = None
            if not arrow.dotted:
                self._parents[lower].append(upper)

    def above(self, node: Node) -> Collection[Node]:
        """Its sources, its appliers and what it depends on."""
        return self._above.get(node, {})

    def below(self, node: Node) -> Collection[Node]:
        """What it feeds, what it made and what depends on it."""
        return self._below.get(node, {})

    def parent(self, node: Node) -> Node | None:
        """What it is counted under: what applied it, else its source; None where there is neither."""
        parents = self._parents.get(node, [])
        return next((one for one in parents if not _is_source(one)), parents[0] if parents else None)

    def only(self, nodes: Collection[Node]) -> "Flow":
        """These nodes in the order of this flow, and every arrow between them."""
        return Flow((node for node in self.nodes if node in nodes), self.arrows)

    def around(self, node: Node) -> "Flow":
        """A node, all that is above it and all that is below it."""
        return self.only({node, *_walk(node, self.above), *_walk(node, self.below)})

    def beside(self, nodes: Iterable[Node]) -> "Flow":
        """Nodes and their direct neighbours."""
        wanted = set(nodes)
        return self.only(wanted | {other for node in wanted for other in (*self.above(node), *self.below(node))})


def _is_source(node: Node) -> bool:
    return node.kind in by_kind and by_kind[node.kind].role is Role.SOURCE


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
    """All objects, whatever their ties point at, and the arrows between them."""
    edges = tuple(_flowing(graph))
    found: set[ObjectRef] = {*graph.nodes, *(edge.start for edge in edges), *(edge.end for edge in edges)}
    nodes = sorted(found, key=lambda ref: (ref.kind, ref.namespace, ref.name))
    return Flow(nodes, (Arrow(edge.start, edge.end, edge.relation == Relation.DEPENDS_ON.value) for edge in edges))


def _flowing(graph: Graph) -> Iterator[Edge]:
    """Edges through which something comes to the cluster: what images are scanned for is none of it."""
    for edge in graph.edges():
        scans = edge.end.kind in by_kind and by_kind[edge.end.kind].role is Role.IMAGE
        if not (scans and edge.relation == Relation.SOURCE.value):
            yield edge


def fold(flow: Flow, calm: Mapping[ObjectRef, str], depth: int) -> Flow:
    """The flow with its healthy leaves folded together by kind, verdict and parent, where there are several.

    Args:
        flow: of objects only.
        calm: the objects that may be folded, with their verdicts.
        depth: how often: with 1 what has nothing below it, with 2 also what has only such below it, and so on.
    """
    levels = _levels(flow, calm)
    numbers: dict[tuple[str, str, Node | int | None], int] = {}
    members: dict[int, list[ObjectRef]] = defaultdict(list)
    placed: dict[Node, int] = {}
    # From the top, since objects under parents that are folded together are folded together, too.
    for ref in sorted((ref for ref in levels if levels[ref] <= depth), key=levels.__getitem__, reverse=True):
        parent = flow.parent(ref)
        under = placed.get(parent, parent) if parent is not None else None
        placed[ref] = numbers.setdefault((ref.kind, calm[ref], under), len(numbers))
        members[placed[ref]].append(ref)
    shown: dict[Node, Node] = {}
    for number, refs in members.items():
        if len(refs) > 1:
            one = Folded(number, refs[0].kind, calm[refs[0]], len(refs))
            shown |= dict.fromkeys(refs, one)
    return Flow(
        (shown.get(node, node) for node in flow.nodes),
        (
            Arrow(start, end, arrow.dotted)
            for arrow in flow.arrows
            for start, end in ((shown.get(arrow.start, arrow.start), shown.get(arrow.end, arrow.end)),)
            if start != end or arrow.start == arrow.end
        ),
    )


def _levels(flow: Flow, calm: Collection[ObjectRef]) -> dict[ObjectRef, int]:
    """1 for what has nothing below it, else one more than the highest below it; only where all of that is calm."""
    open_below = {ref: len(flow.below(ref)) for ref in calm if ref in flow.nodes}
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
    """All nodes, what is to be kept longest first: these objects, each with what is right above it, then the others."""
    order: dict[Node, None] = {}
    for ref in first:
        if ref in flow.nodes:
            order[ref] = None
            order |= dict.fromkeys(flow.above(ref))
    return list(order | flow.nodes)
