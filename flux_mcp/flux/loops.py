"""Loops of dependsOn: objects that wait for each other, so that none of them ever becomes ready."""

from flux_mcp.flux.chains import components
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.objects import ObjectRef

__all__ = ["loops"]


def loops(graph: Graph) -> tuple[tuple[ObjectRef, ...], ...]:
    """The objects of each loop, or knot of loops, in order; an object that depends on itself is one."""
    ties = {
        ref: tuple(target for target in one.depends_on if target in graph.nodes) for ref, one in graph.nodes.items()
    }
    found = (one for one in components(ties) if len(one) > 1 or one[0] in ties[one[0]])
    return tuple(sorted(tuple(sorted(one)) for one in found))
