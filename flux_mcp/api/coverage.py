"""Of which objects it is known that they do not exist."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flux_mcp.api.kubernetes_kinds import NAMESPACE
from flux_mcp.api.ref import ObjectRef


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of which kinds it is known that all objects were read.

    Attributes:
        everywhere: kinds, in all namespaces that were requested.
        within: kind → the only namespaces of which that is known.
    """

    everywhere: frozenset[str] = frozenset()
    within: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def knows(self, ref: ObjectRef) -> bool:
        """Whether an object that was not read does not exist."""
        namespace = ref.name if ref.kind == NAMESPACE.kind else ref.namespace
        return ref.kind in self.everywhere or namespace in self.within.get(ref.kind, ())

    def only(self, namespace: str) -> "Coverage":
        """The same, where only this namespace was requested."""
        return Coverage(within={kind: frozenset({namespace}) for kind in self.everywhere})

    def __or__(self, other: "Coverage") -> "Coverage":
        """What is known from both."""
        kinds = {*self.within, *other.within}
        within = {kind: self.within.get(kind, frozenset()) | other.within.get(kind, frozenset()) for kind in kinds}
        return Coverage(self.everywhere | other.everywhere, within)
