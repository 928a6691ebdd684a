"""The answer of get_kubeconfig_contexts."""

from collections.abc import Sequence
from dataclasses import dataclass

from flux_mcp.kubectl.kubeconfig import ContextEntry, Kubeconfig
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.text import Line
from flux_mcp.sanitize.quote import value


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeconfigContexts(Answer):
    """The contexts of the kubeconfig, and the one that a call without a context is about."""

    title = "get_kubeconfig_contexts"

    kubeconfig: Kubeconfig

    def count(self, named: int) -> tuple[int, int]:
        return named, len(self.kubeconfig.contexts)

    def levels(self) -> Sequence[Level]:
        """The context in use first."""
        contexts = sorted(self.kubeconfig.contexts, key=lambda entry: (entry.name != self.request.context, entry.name))
        return (lambda: [Line(self._line(entry), 1, 1) for entry in contexts],)

    def left_out(self, rest: int) -> str:
        return f"… {rest} more contexts."

    def head(self, named: int) -> tuple[str, ...]:
        del named
        now = self.kubeconfig.current
        if now == (self.request.context or ""):
            return ()
        told = f"is now {value(now)}" if now else "is not set"
        return (f"The kubeconfig's own current context {told}; this server keeps to the one in use.",)

    def _line(self, entry: ContextEntry) -> str:
        parts = [f"{value(entry.name)}{' (in use)' if entry.name == self.request.context else ''}"]
        parts += [f"{key} {value(told)}" for key, told in self._names(entry) if told]
        return ", ".join(parts)

    def _names(self, entry: ContextEntry) -> tuple[tuple[str, str], ...]:
        return ("cluster", entry.cluster), ("user", entry.user), ("namespace", entry.namespace)
