"""The answer of get_kubernetes_logs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.errors import KubectlError
from flux_mcp.kubernetes.logs import DEFAULT_TAIL, ContainerLog, PodList
from flux_mcp.kubernetes.pods import PodContainer
from flux_mcp.render.answer import Answer
from flux_mcp.render.logs import fill, share
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, size
from flux_mcp.sanitize.quote import clean, name_of, value

_REASON: Final = 60
_WHY: Final = 160
_SPARE: Final = 200
"""Bytes that the counts and the last line may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesLogs(Answer):
    """The newest lines of some containers.

    Attributes:
        logs: in the order in which they are shown.
        more_containers: that match and were not read, since they are too many.
        tail: lines of all containers together; None for the default.
    """

    title = "get_kubernetes_logs"

    pods: PodList
    logs: tuple[ContainerLog, ...]
    more_containers: int
    tail: int | None

    def render(self) -> str:
        """The answer: a line for each container, and below it its log, indented further than any line of ours.

        The lines that fit are shared out, so that one talkative container does not hide the others.
        """
        counts = share([len(log.lines) for log in self.logs], self.tail or DEFAULT_TAIL)
        kept = [log.lines[len(log.lines) - count :] for log, count in zip(self.logs, counts, strict=True)]
        bound = DEFAULT_BOUND if self.tail is None else LIMIT_BOUND
        room = bound - size("\n".join((*self._head(0), *map(_header, self.logs, map(len, kept))))) - _SPARE
        shown = fill(kept, max(0, room))
        lines = [line for log, some in zip(self.logs, shown, strict=True) for line in (_header(log, len(some)), *some)]
        return "\n".join((*self._head(sum(map(len, shown))), *lines, *self._rest(sum(map(len, shown)))))

    @property
    def _matched(self) -> int:
        return sum(log.matched for log in self.logs)

    def _head(self, shown: int) -> Iterator[str]:
        yield from self.opening((shown, self._matched))
        if not self.pods.pods:
            yield f"{name_of(self.pods.owner)} has no Pods."
        if unread := self.pods.unread:
            ready = sum(pod.ready for pod in unread)
            yield f"Not read: the logs of {len(unread)} more Pods, {ready} of them ready. Name one with kind=Pod."
        if self.more_containers:
            yield f"Not read: the logs of {self.more_containers} more containers. Name one with container."

    def _rest(self, shown: int) -> Sequence[str]:
        if rest := self._matched - shown:
            return (f"… {rest} older lines left out: raise tail, or narrow with container, since or contains.",)
        return ()


def _header(log: ContainerLog, shown: int) -> str:
    """`Pod apps/web-0, container app: waiting CrashLoopBackOff, not ready, 4 restarts, last 20 of 340 log lines:`."""
    parts = [f"{name_of(log.pod.ref)}, {_kind(log.container)} {value(log.container.name)}: "]
    parts[0] += ", ".join(_state(log.container))
    if log.error is not None:
        why = log.error.brief if isinstance(log.error, KubectlError) else str(log.error)
        return f"{parts[0]}; could not read its log: {clean(why)[:_WHY]}"
    if log.no_previous:
        return f"{parts[0]}, never restarted, so there is no log from before a restart"
    if not log.matched:
        return f"{parts[0]}, {f'none of {log.examined} log lines matches' if log.examined else 'its log is empty'}"
    counted = f"last {shown} of {log.matched}" if shown < log.matched else f"{shown}"
    lines = "log line" if log.matched == 1 else "log lines"
    some = log.matched < log.examined
    parts.append(f"{counted} matching {lines} ({log.examined} read)" if some else f"{counted} {lines}")
    if log.older:
        parts.append("older lines were not read")
    if log.cut:
        parts.append("the newest lines were not reached since these are too long")
    return f"{', '.join(parts)}:"


def _kind(container: PodContainer) -> str:
    return "init container" if container.init else "debug container" if container.ephemeral else "container"


def _state(container: PodContainer) -> Iterator[str]:
    if container.state:
        reason = f" {value(container.reason[:_REASON])}" if container.reason else ""
        code = f" exit code {container.exit_code}" if container.state == "terminated" and container.exit_code else ""
        yield f"{container.state}{reason}{code}"
    yield "ready" if container.ready else "not ready"
    if container.restarts:
        yield f"{container.restarts} restart{'s' if container.restarts > 1 else ''}"
