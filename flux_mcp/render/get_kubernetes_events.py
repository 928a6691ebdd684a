"""The answer of get_kubernetes_events."""

from collections.abc import Sequence
from dataclasses import dataclass

from flux_mcp.kubernetes.events import EventSeries
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, age, until_full
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import message, value


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesEvents(Answer):
    """The events that match, folded, newest first.

    Attributes:
        examined: how many events were read.
        gaps: what could not be read of them.
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
        return (f"No event matches; {self.examined} were read. API servers forget events, often in an hour.",)

    def levels(self) -> Sequence[Level]:
        """One line for all events that say the same of an object."""
        return (self._write,)

    def _write(self) -> list[Line]:
        return until_full(
            (Line(_line(entry, self.request), 1, 1) for entry in self.matching[: self.limit]),
            len(self.matching),
            self.bound,
            lambda rest: f"… {rest} older events: raise limit, or narrow with kind, name or warnings_only.",
        )

    def left_out(self, rest: int) -> str:
        return f"… {rest} older events: narrow with namespace, kind and name, warnings_only or contains."


def _line(entry: EventSeries, request: RequestContext) -> str:
    """`3m Warning Kustomization flux-system/apps, HealthCheckFailed x7: "message"`."""
    one = entry.last
    namespace = f"{value(one.about.namespace)}/" if one.about.namespace else ""
    about = f"{value(one.about.kind)} {namespace}{value(one.about.name)}"
    start = " ".join(filter(None, (age(one.seen, request.now), value(one.type) if one.type else "", about)))
    count = f" x{entry.count}" if entry.count > 1 else ""
    reason = f", {value(one.reason)}{count}" if one.reason else f",{count}" if count else ""
    return f"{start}{reason}: {message(one.message)}" if one.message else f"{start}{reason}"
