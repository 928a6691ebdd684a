"""Where one answer comes from, and as whom."""

from dataclasses import dataclass
from datetime import datetime

from flux_mcp.sanitize.quote import value


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """Where a command went, for the sentence of an error.

    Attributes:
        context: the context's name; None for a kubeconfig without contexts.
        impersonating: whether --kube-as was given.
    """

    context: str | None
    impersonating: bool = False

    def __str__(self) -> str:
        return "no context" if self.context is None else f"context {value(self.context)}"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Where one answer comes from and as whom, for its first line.

    Attributes:
        context: None for a kubeconfig without contexts (kubectl then uses the service account of its Pod).
        identity: `as X` with --kube-as, else `user X`, the kubeconfig's name for it.
        now: the moment of the answer; of a recording, the moment that it was made.
        moved: the user and API server of the context when it was first used, and those of now, where they differ.
        chosen: whether the call names the context.
        in_pod: without a context kubectl uses the service account of its Pod.
        tools: the names of the tools that the server offers, so that an answer advises no other.
        several: the answer is about several contexts, and names each with its identity; this one stands for them.
    """

    context: str | None
    identity: tuple[str, str]
    now: datetime
    where: ErrorContext
    moved: tuple[str, str] | None = None
    chosen: bool = False
    in_pod: bool = False
    tools: frozenset[str] = frozenset()
    several: bool = False

    def offers(self, tool: str) -> bool:
        """Whether an answer may advise to call this tool."""
        return tool in self.tools


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """One context of the kubeconfig, by its names only.

    Attributes:
        server: the address of its API server.
        plugin: the command of its credential plugin; empty without one.
        without_cluster: the kubeconfig does not define the cluster that it names; kubectl would ask localhost:8080.
    """

    name: str
    cluster: str
    user: str
    namespace: str
    server: str = ""
    plugin: str = ""
    without_cluster: bool = False
