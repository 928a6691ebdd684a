"""The answer of get_flux_changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change
from flux_mcp.changes.failures import Regression
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.changes import change_lines, names, regression_lines, unknown_lines
from flux_mcp.render.text import LIMIT_BOUND, Line, size, until_full

BOUND: Final = 8_250
"""Bytes of a default answer: a timeline is read from its top, and older changes can be requested."""
REGRESSIONS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxChanges(Answer):
    """What changed, newest first, and the last good and first bad revision of what fails now.

    Attributes:
        flux: the API server serves Flux kinds.
        selected: namespace, kind or name narrow the answer.
        assessed: Flux objects that were looked at for failures: those of the selection.
        complete: all Flux kinds were read.
        down: Flux's controllers of which no Pod is ready.
        oldest: how far back was requested.
        oldest_event: how far the Events reach back; None where there are none.
    """

    title = "get_flux_changes"

    changes: tuple[Change, ...]
    regressions: tuple[Regression, ...]
    flux: bool
    selected: bool
    assessed: int
    complete: bool
    down: tuple[ObjectRef, ...]
    oldest: datetime
    oldest_event: datetime | None
    limit: int | None

    @property
    def bound(self) -> int:
        return (BOUND if self.limit is None else LIMIT_BOUND) - size("\n".join(self._end())) - 1

    def count(self, named: int) -> tuple[int, int]:
        return named, len(self.changes)

    def head(self, named: int) -> Iterator[str]:
        del named
        if not self.flux:
            yield "Flux is not installed: the API server serves none of its kinds."
            return
        if self.down:
            yield f"No Pod is ready of {names(self.down)}: what depends on it does not change, nor does its status."
        if not self.changes:
            yield f"No change is recorded since {self.oldest:%Y-%m-%dT%H:%M:%SZ}."
        if self.oldest_event is None:
            unread = any("Event" in one.kinds for one in self.unread)
            why = "Without Events" if unread else "There are no Events:"
            yield f"{why} changes are known from status, ReplicaSets and managedFields only."
        elif self.oldest_event > self.oldest:
            yield (
                f"Events go back to {self.oldest_event:%Y-%m-%dT%H:%M:%SZ}: older changes are known from status, "
                "ReplicaSets and managedFields only."
            )
        if any(change.client for change in self.changes):
            yield "Clients are those of managedFields: Kubernetes does not record which user it was."

    def levels(self) -> Sequence[Level]:
        return (lambda: until_full(self._lines(), len(self.changes), self.bound, self.left_out),)

    def _lines(self) -> Iterator[Line]:
        day = ""
        for change in self.changes[: self.limit]:
            date = f"{change.at:%Y-%m-%d}" if change.at is not None else day
            text = change_lines(change)
            yield Line(text if date == day else f"{date}\n{text}", 1, 1)
            day = date

    def left_out(self, rest: int) -> str:
        return f"… {rest} older changes: narrow with since, namespace, kind and name, or raise limit."

    def _end(self) -> tuple[str, ...]:
        if not self.flux:
            return ()
        known = [one for one in self.regressions if one.good is not None]
        never = [one for one in self.regressions if one.good is None]
        lines = [regression_lines(one, self.request.now) for one in known[:REGRESSIONS]]
        if len(known) > REGRESSIONS:
            lines.append(
                f"… {len(known) - REGRESSIONS} more objects that were Ready before: narrow with kind and name."
            )
        if never:
            lines += unknown_lines(never, self.request.now)
        if lines:
            return ("Failing now:", *lines)
        if self.selected and not self.assessed:
            return ()
        which = f"{' of this selection' * self.selected}{' that was read' * (not self.complete)}"
        return (f"No Flux object{which} reports a failure.",)

    def render(self) -> str:
        return "\n".join((Answer.render(self), *self._end()))
