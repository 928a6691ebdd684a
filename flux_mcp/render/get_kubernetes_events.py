"""The answer of get_kubernetes_events."""

from collections.abc import Sequence
from dataclasses import dataclass

from flux_mcp.kubernetes.events import EventSeries
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, age, until_full
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import message, name_of, value


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesEvents(Answer):
    """The events that match, folded, newest first.

    Attributes:
        examined: how many events were read.
    """

    title = "get_kubernetes_events"

    matching: tuple[EventSeries, ...]
    examined: int
    limit: int | None

    @property
    def bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    def count(self, named: int) -> tuple[int, int]:
        return named, len(self.matching)

    def head(self, named: int) -> Sequence[str]:
        del named
        if self.matching:
            return ()
        return (f"No event matches; {self.examined} were read. API servers keep events for an hour by default.",)

    def levels(self) -> Sequence[Level]:
        """One line for all events of an object with the same type, reason and message."""
        return (self._write,)

    def _write(self) -> list[Line]:
        return until_full(
            (
                Line(_line(series, self.request), 1, 1, name_of(series.last.about))
                for series in self.matching[: self.limit]
            ),
            len(self.matching),
            self.bound,
            lambda rest: f"… {rest} older events left out: raise limit, or narrow with kind, name or warnings_only.",
        )

    def left_out(self, rest: int) -> str:
        return f"… {rest} older events left out: narrow with namespace, kind and name, warnings_only or contains."


def _line(series: EventSeries, request: RequestContext) -> str:
    """`Kustomization flux-system/apps: Warning HealthCheckFailed, 7 times, last seen 3m ago: "message"`."""
    event = series.last
    parts = [" ".join(map(value, filter(None, (event.type, event.reason)))) or "Event"]
    parts += [f"{series.count} times"] if series.count > 1 else []
    if event.seen is not None:
        parts.append(f"{'last seen ' if series.count > 1 else ''}{age(event.seen, request.now)} ago")
    said = f": {message(event.message)}" if event.message else ""
    return f"{name_of(event.about)}: {', '.join(parts)}{said}"
