"""The answer of get_kubernetes_logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.cluster.pod_logs import (
    MAX_PODS,
    ContainerLog,
    PodsFound,
)
from flux_mcp.errors import KubectlError
from flux_mcp.kubernetes.pods import Container
from flux_mcp.render.answer import Answer
from flux_mcp.render.logs import fill, share
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, size
from flux_mcp.sanitize.quote import clean, value

DEFAULT_TAIL: Final = 100
_REASON: Final = 60
_WHY: Final = 160
_SPARE: Final = 160
"""Bytes that the counts and the last line may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesLogs(Answer):
    """The newest lines of some containers.

    Attributes:
        logs: in the order in which they are shown.
        more: containers that were left out, since too many match.
        tail: lines in all; None for the default.
    """

    title = "get_kubernetes_logs"

    found: PodsFound
    logs: tuple[ContainerLog, ...]
    more: int
    tail: int | None

    def render(self) -> str:
        """The answer: a line for each container, and below it what it wrote, further in than any line of ours.

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

    def _head(self, shown: int) -> Sequence[str]:
        lines = [*self.opening((shown, self._matched))]
        about = self.found.about
        if not self.found.pods:
            lines.append(f"{about.kind} {value(about.namespace)}/{value(about.name)} has no Pods.")
        if rest := len(self.found.pods) - MAX_PODS:
            ready = sum(one.ready for one in self.found.pods[MAX_PODS:])
            if rest > 0:
                lines.append(f"{rest} more Pods were not read, {ready} of them ready: name one with kind=Pod.")
        if self.more:
            lines.append(f"{self.more} more containers were not read: name one with container.")
        return lines

    def _rest(self, shown: int) -> Sequence[str]:
        if rest := self._matched - shown:
            return (f"… {rest} older lines: raise tail, or narrow with container, since or contains.",)
        return ()


def _header(log: ContainerLog, shown: int) -> str:
    """`apps/web-0/app, not ready, restarts 4, waiting CrashLoopBackOff, 20 of 340 lines:`."""
    ref = log.pod.ref
    parts = [f"{value(ref.namespace)}/{value(ref.name)}/{value(log.container.name)}", *_state(log.container)]
    if log.error is not None:
        why = log.error.brief if isinstance(log.error, KubectlError) else str(log.error)
        return f"{', '.join(parts)}: NOT READ ({clean(why)[:_WHY]})"
    if log.never:
        return f"{', '.join(parts)}: never restarted, so there is no run before this one"
    if not log.matched:
        return f"{', '.join(parts)}: {f'none of {log.examined} lines matches' if log.examined else 'no lines'}"
    if shown < log.matched or log.matched < log.examined:
        of = f"{log.matched} that match of {log.examined}" if log.matched < log.examined else f"{log.matched}"
        parts.append(f"{shown} of {of} lines")
    if log.older:
        parts.append("older ones were not read")
    if log.cut:
        parts.append("the newest were not reached since these are too long")
    return f"{', '.join(parts)}:"


def _state(container: Container) -> tuple[str, ...]:
    reason = f" {value(container.reason[:_REASON])}" if container.reason else ""
    code = f" exit code {container.exit_code}" if container.state == "terminated" and container.exit_code else ""
    told = (
        "init" if container.init else "",
        "ready" if container.ready else "not ready",
        f"restarts {container.restarts}" if container.restarts else "",
        "" if container.state == "running" else f"{container.state}{reason}{code}",
    )
    return tuple(filter(None, told))
