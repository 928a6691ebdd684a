"""get_kubeconfig_contexts: which clusters may be asked about, and which one is."""

from dataclasses import dataclass

from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.kubeconfig import ContextEntry, Kubeconfig
from flux_mcp.render.text import DEFAULT_BOUND, Line, first_line, fit
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeconfigContexts:
    """The contexts of the kubeconfig, and the one that a call without a context is about."""

    request: RequestContext
    kubeconfig: Kubeconfig

    def render(self) -> str:
        """The context in use first."""
        contexts = sorted(self.kubeconfig.contexts, key=lambda entry: (entry.name != self.request.context, entry.name))
        return fit(
            lambda named: (
                first_line("get_kubeconfig_contexts", self.request, named, len(contexts)),
                *self._current(),
            ),
            (lambda: [Line(self._line(entry), 1, 1) for entry in contexts],),
            DEFAULT_BOUND,
            lambda rest: f"… {rest} more contexts.",
        )

    def _current(self) -> tuple[str, ...]:
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


async def get_kubeconfig_contexts(cluster: Cluster) -> KubeconfigContexts:
    """The kubeconfig's contexts, the one in use, and whether the kubeconfig's current context differs by now."""
    request = await cluster.open()
    return KubeconfigContexts(request=request, kubeconfig=await cluster.kubeconfig())
