"""Container logs: which containers are read, which of their lines match, and how many fit.

Source: the Kubernetes documentation on `kubectl logs` and on Pod and container states.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubernetes.pods import Pod, PodContainer
from flux_mcp.sanitize.patterns import mask_below
from flux_mcp.sanitize.private_keys import drop_keys
from flux_mcp.sanitize.quote import LOG_LINE, clean, log_line

MAX_PODS: Final = 5
DEFAULT_TAIL: Final = 100
"""Lines of all containers together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which lines of a log are requested.

    Attributes:
        contains: a substring, in any case.
        tail: how many lines of one log are kept, the newest.
        since: seconds; 0 for all.
        previous: of the run before the last restart.
        examine: how many of the newest lines are read; None for as many as are ever read.
        width: characters of a line that are kept.
    """

    tail: int
    contains: str | None = None
    since: int = 0
    previous: bool = False
    examine: int | None = None
    width: int = LOG_LINE


@dataclass(frozen=True, slots=True)
class PodList:
    """The Pods of a workload, unready ones first.

    Attributes:
        owner: the workload, or the Pod itself.
    """

    owner: ObjectRef
    pods: tuple[Pod, ...]

    @property
    def unread(self) -> tuple[Pod, ...]:
        """The Pods whose logs are not read, since there are too many."""
        return self.pods[MAX_PODS:]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLog:
    """The log of one container.

    Attributes:
        lines: masked and ready to show, the newest last.
        matched: how many of the lines that were read match; the newest of them are in `lines`.
        examined: how many lines were read.
        older: there may be older lines, which were not read.
        cut: the newest lines were not reached, since the lines before them are too long.
        error: why the log could not be read.
        no_previous: the run before the last restart was requested, and the container never restarted.
    """

    pod: Pod
    container: PodContainer
    lines: tuple[str, ...] = ()
    matched: int = 0
    examined: int = 0
    older: bool = False
    cut: bool = False
    error: FluxMcpError | None = None
    no_previous: bool = False


def containers_to_read(pods: Sequence[Pod], name: str | None) -> tuple[tuple[Pod, PodContainer], ...]:
    """The containers of the first Pods whose logs are read, unready ones first.

    Args:
        pods: in the order in which they are looked at.
        name: of a container; None for the ordinary ones, and the init containers that did not succeed.
    """
    return tuple(
        (pod, container)
        for pod in pods[:MAX_PODS]
        for container in sorted(pod.containers, key=lambda container: container.ready)
        if (name is None and not container.ephemeral and not (container.init and container.succeeded))
        or name == container.name
    )


def matching_lines(stdout: bytes, query: LogQuery) -> tuple[tuple[str, ...], int, int]:
    """The newest lines that match, how many match, and of how many.

    `contains` is looked for in masked text: otherwise a caller could guess at a credential letter by letter.
    """
    lines = [line for line in mask_below(drop_keys(stdout.decode(errors="replace").split("\n"))) if line.strip()]
    matching = lines
    if query.contains is not None:
        part = query.contains.lower()
        matching = [line for line in lines if part in clean(line).lower()]
    return tuple(log_line(line, query.width) for line in matching[-query.tail :]), len(matching), len(lines)
