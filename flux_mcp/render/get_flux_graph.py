"""The answer of get_flux_graph."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from flux_mcp.api.kind import Relation
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.diagram import AppliedNode, Flow, FoldedNode, Node, fold, rank, without_root
from flux_mcp.flux.status import Health, ObjectStatus, idle_since
from flux_mcp.render.answer import Answer
from flux_mcp.render.mermaid import MAX_EDGES, Box, Link, Style, flowchart
from flux_mcp.render.objects import counts, idle_note
from flux_mcp.render.page import Page
from flux_mcp.render.text import DEFAULT_BOUND, size
from flux_mcp.sanitize.quote import name_of, value

_STYLES: Final = {
    Health.STALLED: Style.BAD,
    Health.FAILING: Style.BAD,
    Health.DELETING: Style.BUSY,
    Health.PENDING: Style.BUSY,
    Health.STALE: Style.BUSY,
    Health.WAITING: Style.BUSY,
    Health.PROGRESSING: Style.BUSY,
    Health.SUSPENDED: Style.OFF,
    Health.READY: Style.READY,
    Health.STATIC: Style.STATIC,
}
_SOLID: Final = {
    Relation.SOURCE: ("source to user", "from sources"),
    Relation.APPLIES: ("applier to applied", "from appliers"),
    Relation.INPUTS: ("input provider to ResourceSet", "from input providers"),
    Relation.POLICY: ("image policy to automation", "from image policies"),
    Relation.PROVIDER: ("Alert to Provider", "from Alerts to Providers"),
}
"""What an arrow means, and how such arrows are counted."""
LARGE: Final = 100
"""Edges above which the arrows of the applier that applies most are drawn as one."""
_DEPTHS: Final = (1, 2, 3)
"""How deep healthy leaves are folded, one after the other, until the diagram fits."""
_EVERY: Final = 1 << 30
"""Deeper than any flow."""


@dataclass(frozen=True, kw_only=True)
class FluxGraph(Answer):
    """The diagram.

    Attributes:
        flow: what is drawn.
        matching: what the arguments select; more than `flow` where only dependencies are drawn.
        edges: which were requested; None where the diagram shows what can be read.
        about: the object that was named; it is never folded, and the last to be left out.
        statuses: every object that was read, in the order of trouble.
        read: kinds of which it is known that this is all.
        only_namespace: the one that was read; None where all were.
        served: whether the API server serves any Flux kind.
        room: bytes of UTF-8 that the answer may take.
    """

    title = "get_flux_graph"

    flow: Flow
    matching: Flow
    edges: str | None
    about: ObjectRef | None
    statuses: Mapping[ObjectRef, ObjectStatus]
    read: frozenset[str]
    only_namespace: str | None
    served: bool
    room: int = DEFAULT_BOUND

    @property
    def bound(self) -> int:
        return self.room

    @property
    def _most(self) -> int:
        """Boxes, of which more do not fit, however short their names are."""
        return self.bound // len('bb["Alert a/b"]\n')

    @property
    def found_nothing(self) -> bool:
        return not self.flow.nodes

    def render(self) -> str:
        """In full where it fits, else with healthy leaves folded, else without what is furthest from trouble.

        The diagram stands in a fence: it shows a client, and whoever copies it, where the diagram starts and ends.
        No line of it can end the fence.
        """
        if not self.flow.nodes:
            return "\n".join((*self._head(self.flow), *self._nothing()))
        flow = without_root(self.flow, self.about) if len(self.flow.arrows) > LARGE else self.flow
        if (text := self._fitting(flow)) is not None:
            return text
        healthy = {ref: status.health.value for ref, status in self.statuses.items() if self._is_healthy(ref)}
        least = fold(flow, healthy, _EVERY)
        if (shortest := self._fitting(least)) is None:
            return self._cut(least)
        texts = (self._fitting(fold(flow, healthy, depth)) for depth in _DEPTHS)
        return next((text for text in texts if text is not None), shortest)

    def page(self) -> Page:
        """All objects that match and their edges, unless only the dependencies were requested."""
        flow = self.matching if self.edges is None else self.flow
        return Page(
            tool=self.title,
            request=self.request,
            warnings=self.opening()[1:],
            notes=tuple(self._nothing()),
            flow=flow,
            statuses={ref: status for ref, status in self.statuses.items() if ref in flow.nodes},
            absent=self._absent,
        )

    def _absent(self, ref: ObjectRef) -> str:
        known = ref.kind in self.read and self.only_namespace in {None, ref.namespace}
        return "missing" if known else "not read"

    def _cut(self, flow: Flow) -> str:
        """As much as fits of a flow that does not: objects in trouble first, each with what is right above it."""
        first = [] if self.about is None else [self.about]
        order = rank(flow, [*first, *(ref for ref in self.statuses if not self._is_healthy(ref))])[: self._most]
        near = flow.only(set(order))
        objects, edges = self._count(flow), len(flow.arrows)

        def left_out(part: Flow) -> str:
            rest = f"{objects - self._count(part)} objects and {edges - len(part.arrows)} edges"
            return f"… {rest} left out: narrow with namespace, or kind and name."

        nothing = near.only(())
        best, least, most = "\n".join((*self._head(nothing), left_out(nothing))), 1, len(order)
        while least <= most:
            middle = (least + most) // 2
            part = near.only(set(order[:middle]))
            text = self._fitting(part, left_out(part))
            if text is None:
                most = middle - 1
            else:
                best, least = text, middle + 1
        return best

    def _fitting(self, flow: Flow, *last: str) -> str | None:
        """The answer; None if it is too long, or has more edges than Mermaid draws."""
        if len(flow.arrows) > MAX_EDGES or len(flow.nodes) > self._most:
            return None
        text = "\n".join((*self._head(flow), *self._diagram(flow), *last))
        return text if size(text) <= self.bound else None

    def _head(self, flow: Flow) -> Iterator[str]:
        folded = sum(node.count for node in flow.nodes if isinstance(node, FoldedNode))
        yield from self.opening((self._count(flow) - folded, self._all))
        yield from idle_note(idle_since(self.statuses.values(), self.request.now))
        if flow.nodes:
            yield " ".join(_legend(flow))
        if folded:
            yield f'{folded} healthy objects are drawn as boxes "+N".'
        for node in flow.nodes:
            if isinstance(node, AppliedNode):
                yield f"{name_of(node.applier)} applies {node.count} more objects; one arrow is drawn for all of them."
        yield from self._not_drawn

    @cached_property
    def _all(self) -> int:
        return self._count(self.matching)

    @cached_property
    def _not_drawn(self) -> Sequence[str]:
        """What a diagram of the dependencies alone does not show; the same however often it is cut."""
        if self.flow is self.matching:
            return ()
        lines = []
        others = self.matching.nodes.keys() - self.flow.nodes.keys()
        objects = [status for ref, status in self.statuses.items() if ref in others]
        edges = Counter(arrow.relation for arrow in self.matching.arrows)
        edges -= Counter(arrow.relation for arrow in self.flow.arrows)
        if objects:
            lines.append(f"Not drawn: {len(objects)} objects without dependsOn ({counts(objects)}).")
        if edges:
            each = ", ".join(
                f"{edges[relation]} {counted}" for relation, (_, counted) in _SOLID.items() if edges[relation]
            )
            lines.append(
                f"Not drawn: {edges.total()} other edges ({each}). Call again with edges=all to draw everything."
            )
        return lines

    def _is_healthy(self, ref: ObjectRef) -> bool:
        """Whether an object may be folded: only its name is to be shown, and nobody named it."""
        status = self.statuses[ref]
        return status.health in {Health.READY, Health.STATIC} and not status.flags and ref != self.about

    def _nothing(self) -> Iterator[str]:
        if not self.served:
            yield "Flux is not installed: the API server serves none of its kinds."
        elif not self.matching.nodes:
            yield f"No object matches; {len(self.statuses)} were read."

    def _count(self, flow: Flow) -> int:
        """The objects of a flow; a target that is missing is none."""
        return sum(node.count if isinstance(node, FoldedNode) else node in self.statuses for node in flow.nodes)

    def _diagram(self, flow: Flow) -> Iterator[str]:
        if not flow.nodes:
            return
        places = {node: place for place, node in enumerate(flow.nodes)}
        links = [Link(places[arrow.start], places[arrow.end], arrow.dotted) for arrow in flow.arrows]
        yield "```mermaid"
        yield from flowchart([self._box(node) for node in flow.nodes], links)
        yield "```"

    def _box(self, node: Node) -> Box:
        """Kind and name on lines of their own: a diagram half as wide can be read at twice the size."""
        if isinstance(node, FoldedNode):
            return Box((f"+{node.count} {node.health}", node.kind), _STYLES[Health(node.health)])
        if isinstance(node, AppliedNode):
            return Box((f"{node.count} more objects",), Style.STATIC)
        kind, name = value(node.kind), value(node.name)
        name = f"{value(node.namespace)}/{name}" if node.namespace else name
        status = self.statuses.get(node)
        if status is None:
            absent = self._absent(node)
            return Box((kind, f"{name}, {absent}"), Style.MISSING if absent == "missing" else Style.UNREAD)
        if status.health is Health.READY and not status.flags:
            return Box((kind, name), Style.READY)
        flags = f" ({' '.join(flag.value for flag in status.flags)})" if status.flags else ""
        style = Style.BUSY if status.health is Health.READY else _STYLES[status.health]
        return Box((kind, f"{name}, {status.health.value}{flags}"), style)


def _legend(flow: Flow) -> Iterator[str]:
    """What the arrows of a diagram mean, of those that are in it."""
    relations = {arrow.relation for arrow in flow.arrows}
    yield f"{len(flow.arrows)} edges."
    if solid := [meaning for relation, (meaning, _) in _SOLID.items() if relation in relations]:
        yield f"Solid arrows: {', '.join(solid)}."
    if Relation.DEPENDS_ON in relations:
        yield "Dotted blue arrows: dependent to dependency."
    yield "A box without health is Ready."
