"""The answer of list_flux_resources."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, tee

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.flux.status import TROUBLE, ObjectStatus
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.objects import counts, group_lines, idle_note, single_lines
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, until_full


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxResources(Answer):
    """The objects that match, in the order of trouble, and what could not be checked.

    Attributes:
        matching: every object that matches the arguments.
        examined: how many objects of the requested kinds were read.
        unchecked: how many of the matching ones have a source that was not read, so that the flags about sources
            were not looked at.
        others: objects in trouble that match but for the requested status.
        idle: when the last Kustomization ran, where all that are Ready are overdue.
        absent: requested kinds that the API server does not serve.
        limit: objects at most; None for as many as fit.
    """

    title = "list_flux_resources"

    matching: tuple[ObjectStatus, ...]
    examined: int
    unchecked: int
    others: tuple[ObjectStatus, ...]
    idle: datetime | None
    absent: tuple[Kind, ...]
    limit: int | None

    @property
    def bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    def count(self, named: int) -> tuple[int, int]:
        return named, len(self.matching)

    def levels(self) -> Sequence[Level]:
        """One line for each object in trouble, made once, then the others by kind and namespace."""
        full, folded = tee(single_lines(self.matching[: self.limit], self.request))
        return partial(self._write, full, folded=False), partial(self._write, folded, folded=True)

    def _write(self, lines: Iterator[Line], *, folded: bool) -> list[Line]:
        return until_full(
            chain(lines, group_lines(self.matching[: self.limit], self.request, folded=folded)),
            len(self.matching),
            self.bound,
            lambda rest: f"… {rest} more objects: raise limit, or narrow with status, kinds or namespace.",
        )

    def left_out(self, rest: int) -> str:
        return f"… {rest} more objects: narrow with namespace, kinds, status={TROUBLE} or name_contains."

    def head(self, named: int) -> Iterator[str]:
        del named
        if self.unchecked:
            objects = f"{self.unchecked} object{'s' if self.unchecked > 1 else ''}"
            yield f"Skipped (the sources of {objects} were not read): source-failing, source-missing, revision-behind"
        if len(self.absent) == len(FLUX_KINDS):
            yield "Flux is not installed: the API server serves none of its kinds."
            return
        if self.absent:
            yield f"Not installed: {', '.join(kind.kind for kind in self.absent)}"
        yield from idle_note(self.idle)
        yield counts(self.matching) or f"No object matches; {self.examined} were read."
        if self.others:
            yield f"Also in trouble, but of another status: {counts(self.others)} (status={TROUBLE} lists them)"
