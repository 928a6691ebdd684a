"""The answer of get_kubeconfig_contexts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.text import Line
from flux_mcp.request import ContextEntry
from flux_mcp.sanitize.quote import value


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeconfigContexts(Answer):
    """The contexts of the kubeconfig.

    Attributes:
        current: the kubeconfig's own current context by now; empty where none is set.
    """

    title = "get_kubeconfig_contexts"

    contexts: tuple[ContextEntry, ...]
    current: str

    def count(self, named: int) -> tuple[int, int]:
        return named, len(self.contexts)

    def levels(self) -> Sequence[Level]:
        """The context in use first."""
        contexts = sorted(self.contexts, key=lambda context: (context.name != self.request.context, context.name))
        return (lambda: [Line(self._line(context), 1, 1) for context in contexts],)

    def left_out(self, rest: int) -> str:
        return f"… {rest} more contexts left out."

    def head(self, named: int) -> Iterator[str]:
        del named
        if self.request.context is None and self.contexts:
            yield "No context is in use, since the kubeconfig has no current one: pass context, or set --kube-context."
        elif self.current != (self.request.context or ""):
            changed = f"is now {value(self.current)}" if self.current else "is not set any more"
            yield f"The kubeconfig's current context {changed}; this server stays with the one in use."

    def _line(self, context: ContextEntry) -> str:
        fields = (("cluster", context.cluster), ("user", context.user), ("namespace", context.namespace))
        named = ", ".join(f"{field} {value(name)}" for field, name in fields if name)
        in_use = " (in use)" if context.name == self.request.context else ""
        return f"Context {value(context.name)}{in_use}" + (f": {named}" if named else "")
