"""Loops of dependsOn: objects that wait for each other, so that none of them ever becomes ready."""

from collections.abc import Iterator, Mapping

from flux_mcp.flux.graph import Graph
from flux_mcp.flux.objects import ObjectRef

__all__ = ["loops"]


def loops(graph: Graph) -> tuple[tuple[ObjectRef, ...], ...]:
    """The objects of each loop, or knot of loops, in order; an object that depends on itself is one."""
    ties = {ref: one.depends_on for ref, one in graph.nodes.items()}
    search = _Search(ties)
    return tuple(sorted(members for start in ties for members in search.visit(start)))


class _Search:
    """Tarjan's strongly connected components, without recursion: a chain may be longer than Python's stack."""

    def __init__(self, ties: Mapping[ObjectRef, tuple[ObjectRef, ...]]) -> None:
        self._ties = ties
        self._numbers: dict[ObjectRef, int] = {}
        self._lowest: dict[ObjectRef, int] = {}
        self._open: dict[ObjectRef, None] = {}

    def visit(self, start: ObjectRef) -> Iterator[tuple[ObjectRef, ...]]:
        walk = [self._enter(start)] if start not in self._numbers else []
        while walk:
            ref, targets = walk[-1]
            target = next(targets, None)
            if target is None:
                walk.pop()
                if walk:
                    self._lower(walk[-1][0], self._lowest[ref])
                yield from self._close(ref)
            elif target in self._open:
                self._lower(ref, self._numbers[target])
            elif target in self._ties and target not in self._numbers:
                walk.append(self._enter(target))

    def _enter(self, ref: ObjectRef) -> tuple[ObjectRef, Iterator[ObjectRef]]:
        self._numbers[ref] = self._lowest[ref] = len(self._numbers)
        self._open[ref] = None
        return ref, iter(self._ties[ref])

    def _lower(self, ref: ObjectRef, number: int) -> None:
        self._lowest[ref] = min(self._lowest[ref], number)

    def _close(self, ref: ObjectRef) -> Iterator[tuple[ObjectRef, ...]]:
        """The component that ends here, if it is a loop."""
        if self._lowest[ref] < self._numbers[ref]:
            return
        members: list[ObjectRef] = []
        while not members or members[-1] != ref:
            members.append(self._open.popitem()[0])
        if len(members) > 1 or ref in self._ties[ref]:
            yield tuple(sorted(members))
