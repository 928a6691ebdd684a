"""The names in a kubeconfig, as `kubectl config view` prints them. Credentials are not looked at."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flux_mcp.api.unstructured import at, items, text
from flux_mcp.errors import BadKubeconfig, UnknownContext
from flux_mcp.kubectl.validate import echo
from flux_mcp.request import ContextEntry

NAMED_CONTEXTS: Final = 20
"""Contexts that an error names."""


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The names in a kubeconfig. `current` is empty where none is set."""

    current: str
    contexts: tuple[ContextEntry, ...]

    def find(self, name: str) -> ContextEntry:
        """The context of that name.

        Raises:
            UnknownContext: there is none; the error names those that there are.
        """
        for context in self.contexts:
            if context.name == name:
                return context
        raise UnknownContext(
            f"The kubeconfig has no context {echo(name)}. It has {self.names()}.", brief="unknown context"
        )

    def has(self, name: str) -> bool:
        return any(entry.name == name for entry in self.contexts)

    def choose(self) -> str | None:
        """The context that kubectl would use, or the only one; None without contexts (kubectl in a Pod).

        Raises:
            BadKubeconfig: it has contexts, but none is current.
        """
        if self.current or not self.contexts:
            return self.current or None
        if len(self.contexts) == 1:
            return self.contexts[0].name
        raise BadKubeconfig(
            f"The kubeconfig has no current context: pass context, or set --kube-context. It has {self.names()}.",
            brief="no current context",
        )

    def names(self) -> str:
        """The contexts' names for an error's sentence, the first twenty."""
        names = [echo(context.name) for context in self.contexts]
        more = f" and {len(names) - NAMED_CONTEXTS} more" if len(names) > NAMED_CONTEXTS else ""
        return (", ".join(names[:NAMED_CONTEXTS]) or "no contexts") + more


def parse_kubeconfig(document: Mapping[str, Any]) -> Kubeconfig:
    """The names in what `kubectl config view --output=json` printed."""
    servers = {name: text(cluster, "server") for name, cluster in _named(document, "cluster")}
    plugins = {name: text(user, "exec", "command") for name, user in _named(document, "user")}
    entries = [
        ContextEntry(
            name,
            cluster := text(inner, "cluster"),
            user := text(inner, "user"),
            text(inner, "namespace"),
            servers.get(cluster, ""),
            plugins.get(user, ""),
            without_cluster="clusters" in document and cluster not in servers,
        )
        for name, inner in _named(document, "context")
        if name
    ]
    return Kubeconfig(text(document, "current-context"), tuple(entries))


def _named(document: Mapping[str, Any], key: str) -> Iterator[tuple[str, object]]:
    """The names and the fields of the clusters, users or contexts."""
    return ((text(entry, "name"), at(entry, key)) for entry in items(document, f"{key}s"))


def file_stamp(kubeconfig: str | None) -> object:
    """What changes when a file of the kubeconfig does, so that a change is seen without starting a process."""
    return tuple(map(_stamp, kubeconfig_files(kubeconfig)))


def in_pod() -> bool:
    """Whether this process runs in a Pod, where kubectl uses the service account without a kubeconfig."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def check_files(kubeconfig: str | None) -> None:
    """For a kubeconfig without contexts: say which file is missing or empty.

    Raises:
        BadKubeconfig: none of the files exists, or, outside a Pod, they hold no contexts.
    """
    paths = kubeconfig_files(kubeconfig)
    named = ", ".join(map(echo, paths))
    chosen = bool(kubeconfig or os.environ.get("KUBECONFIG"))
    setting = "--kubeconfig" if kubeconfig else "KUBECONFIG"
    if chosen and not any(map(os.path.exists, paths)):
        unexpanded = any(path[:1] in "~$%\"'" for path in paths)
        shell = f" No shell expands {setting} here: write the full path, without quotes." if unexpanded else ""
        raise BadKubeconfig(
            f"There is no kubeconfig at {named}.{shell or f' Set {setting} to the full path of a kubeconfig.'}",
            brief="no kubeconfig",
        )
    if not in_pod():
        exists = any(map(os.path.exists, paths))
        what = f"The kubeconfig at {named} has no contexts" if exists else f"There is no kubeconfig at {named}"
        raise BadKubeconfig(
            f"{what}: set KUBECONFIG in the MCP client's configuration, or --kubeconfig, to the full path of one.",
            brief="no kubeconfig",
        )


def kubeconfig_files(kubeconfig: str | None) -> list[str]:
    """The files that kubectl merges: the one of --kubeconfig, else those of KUBECONFIG, else the default."""
    # Without HOME and an entry in the password file `~` stays as it is.
    default = os.path.join(os.path.expanduser("~"), ".kube", "config")  # noqa: PTH111, PTH118 (Path.home() raises then)
    files = [kubeconfig] if kubeconfig else (os.environ.get("KUBECONFIG") or default).split(os.pathsep)
    return [path for path in files if path]


def _stamp(path: str) -> tuple[str, int, int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        return path, 0, 0, 0
    return path, found.st_mtime_ns, found.st_size, found.st_ino
