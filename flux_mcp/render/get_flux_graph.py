"""The answer of get_flux_graph."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.diagram import Flow, Folded, Node, fold, rank
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.render.answer import Answer
from flux_mcp.render.mermaid import MAX_EDGES, Box, Link, Style, flowchart
from flux_mcp.render.text import DEFAULT_BOUND, size
from flux_mcp.sanitize.quote import name_of

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
_DEPTHS: Final = (1, 2, 3)
"""How deep healthy leaves are folded, one after the other, until the diagram fits."""
_EVERY: Final = 1 << 30
"""Deeper than any flow."""
_MOST: Final = DEFAULT_BOUND // len('bb["Alert a/b"]\n')
"""Boxes, of which more do not fit, however short their names are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxGraph(Answer):
    """The diagram.

    Attributes:
        flow: what is to be drawn.
        about: the object that was asked about; it is never folded, and the last to be left out.
        judged: every object that was read, in the order of trouble.
        read: kinds of which it is known that this is all.
        only_namespace: the one that was read; None where all were.
    """

    title = "get_flux_graph"

    flow: Flow
    about: ObjectRef | None
    statuses: Mapping[ObjectRef, ObjectStatus]
    read: frozenset[str]
    only_namespace: str | None
    served: bool

    def render(self) -> str:
        """Whole where it fits, else with healthy leaves folded, else without what is furthest from trouble.

        The diagram stands in a fence: it tells a client, and whoever copies it, where the diagram starts and ends.
        No line of it can end the fence.
        """
        if not self.flow.nodes:
            return "\n".join((*self._head(self.flow), self._nothing()))
        if (text := self._fitting(self.flow)) is not None:
            return text
        calm = {ref: entry.health.value for ref, entry in self.statuses.items() if self._calm(ref)}
        least = fold(self.flow, calm, _EVERY)
        if (shortest := self._fitting(least)) is None:
            return self._cut(least)
        texts = (self._fitting(fold(self.flow, calm, depth)) for depth in _DEPTHS)
        return next((text for text in texts if text is not None), shortest)

    def _cut(self, whole: Flow) -> str:
        """As much as fits of a flow that does not: objects in trouble first, each with what is right above it."""
        first = [] if self.about is None else [self.about]
        order = rank(whole, [*first, *(ref for ref in self.statuses if not self._calm(ref))])[:_MOST]
        near = whole.only(set(order))
        objects, edges = self._count(whole), len(whole.arrows)

        def left_out(flow: Flow) -> str:
            rest = f"{objects - self._count(flow)} objects and {edges - len(flow.arrows)} edges"
            return f"… {rest} left out: narrow with namespace, or kind and name."

        nothing = near.only(())
        best, least, most = "\n".join((*self._head(nothing), left_out(nothing))), 1, len(order)
        while least <= most:
            middle = (least + most) // 2
            flow = near.only(set(order[:middle]))
            text = self._fitting(flow, left_out(flow))
            if text is None:
                most = middle - 1
            else:
                best, least = text, middle + 1
        return best

    def _fitting(self, flow: Flow, *last: str) -> str | None:
        """The answer; None if it is too long, or has more edges than Mermaid draws."""
        if len(flow.arrows) > MAX_EDGES or len(flow.nodes) > _MOST:
            return None
        text = "\n".join((*self._head(flow), *self._diagram(flow), *last))
        return text if size(text) <= DEFAULT_BOUND else None

    def _head(self, flow: Flow) -> Iterator[str]:
        folded = sum(node.count for node in flow.nodes if isinstance(node, Folded))
        yield from self.opening((self._count(flow) - folded, self._count(self.flow)))
        if flow.nodes:
            yield (
                f"{len(flow.arrows)} edges: source or applier --> what it feeds or made; "
                "dependant -.-> what it depends on. A box without a word is Ready."
            )
        if folded:
            yield f'{folded} healthy objects stand in boxes "+N".'

    def _calm(self, ref: ObjectRef) -> bool:
        """Whether nothing is to be said of an object but its name."""
        entry = self.statuses[ref]
        return entry.health in {Health.READY, Health.STATIC} and not entry.flags and ref != self.about

    def _nothing(self) -> str:
        if not self.served:
            return "Flux is not installed: the API server serves none of its kinds."
        return f"No object matches; {len(self.statuses)} were read."

    def _count(self, flow: Flow) -> int:
        """The objects of a flow; a target that is missing is none."""
        return sum(node.count if isinstance(node, Folded) else node in self.statuses for node in flow.nodes)

    def _diagram(self, flow: Flow) -> Iterator[str]:
        if not flow.nodes:
            return
        places = {node: place for place, node in enumerate(flow.nodes)}
        links = [Link(places[arrow.start], places[arrow.end], arrow.dotted) for arrow in flow.arrows]
        yield "```mermaid"
        yield from flowchart([self._box(node) for node in flow.nodes], links)
        yield "```"

    def _box(self, node: Node) -> Box:
        if isinstance(node, Folded):
            return Box(f"+{node.count} {node.health} {node.kind}", _STYLES[Health(node.health)])
        entry, name = self.statuses.get(node), name_of(node)
        if entry is None:
            known = node.kind in self.read and self.only_namespace in {None, node.namespace}
            return Box(f"{name}, missing", Style.MISSING) if known else Box(f"{name}, not read", Style.UNREAD)
        if entry.health is Health.READY and not entry.flags:
            return Box(name, Style.READY)
        flags = f" ({' '.join(flag.value for flag in entry.flags)})" if entry.flags else ""
        style = Style.BUSY if entry.health is Health.READY else _STYLES[entry.health]
        return Box(f"{name}, {entry.health.value}{flags}", style)
