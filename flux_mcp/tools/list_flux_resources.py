"""list_flux_resources: all Flux objects and how they are, trouble first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import with_sources
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import KindNotInstalled
from flux_mcp.flux.objects import FluxObject, view
from flux_mcp.flux.status import Health, ObjectStatus, assess
from flux_mcp.render.objects import counts, group_lines, single_lines
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, first_line, fit, unread_line, until_full
from flux_mcp.request import RequestContext
from flux_mcp.tools.arguments import (
    TROUBLE,
    Context,
    Kinds,
    Limit,
    NameContains,
    Namespace,
    Selector,
    Status,
    StatusFilter,
)

_TROUBLE: Final = StatusFilter(frozenset(), trouble=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxResources:
    """The objects that match, in the order of trouble, and what could not be told.

    Attributes:
        matching: every object that matches the arguments.
        examined: how many objects of the asked kinds were read.
        unchecked: how many of the matching ones have a source that was not read, so that the flags source-failing and
            revision-behind were not looked at.
        left_out: objects in trouble that match but for the status that was asked for.
    """

    request: RequestContext
    matching: tuple[ObjectStatus, ...]
    examined: int
    unchecked: int
    left_out: tuple[ObjectStatus, ...]
    absent: tuple[Kind, ...]
    unread: tuple[Unread, ...]
    limit: int | None

    def render(self) -> str:
        """The answer: counts, then one line for each object in trouble, then the others by kind and namespace."""
        shown = self.matching[: self.limit]
        bound = DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

        def lines(*, folded: bool) -> list[Line]:
            return until_full(
                chain(single_lines(shown, self.request), group_lines(shown, self.request, folded=folded)),
                len(self.matching),
                bound,
                lambda rest: f"… {rest} more objects: raise limit, or narrow with status, kinds or namespace.",
            )

        return fit(
            self._head,
            (lambda: lines(folded=False), lambda: lines(folded=True)),
            bound,
            lambda left: f"… {left} more objects: narrow with namespace, kinds, status=trouble or name_contains.",
        )

    def _head(self, named: int) -> Sequence[str]:
        lines = [first_line("list_flux_resources", self.request, named, len(self.matching)), *unread_line(self.unread)]
        if self.unchecked:
            lines.append(
                f"Not checked: source-failing and revision-behind of {self.unchecked} objects: "
                "their sources were not read."
            )
        if len(self.absent) == len(FLUX_KINDS):
            return (*lines, "Flux is not installed: the API server serves none of its kinds.")
        if self.absent:
            lines.append(f"Not installed: {', '.join(kind.kind for kind in self.absent)}")
        if self.matching:
            lines.append(counts(self.matching))
        else:
            lines.append(f"No object matches; {self.examined} were read.")
        if self.left_out:
            lines.append(f"Not asked for: {counts(self.left_out)}, in trouble too (status={TROUBLE})")
        return lines


async def list_flux_resources(
    cluster: Cluster,
    *,
    kinds: Kinds = None,
    namespace: Namespace = None,
    status: Status = None,
    name_contains: NameContains = None,
    selector: Selector = None,
    limit: Limit = None,
    context: Context = None,
) -> FluxResources:
    """All Flux objects and their status, trouble first: verdict, flags, reason, age, revision, message."""
    wanted = kinds or FLUX_KINDS
    request = await cluster.open(context)
    reading = await cluster.read(request, with_sources(wanted), view, namespace=namespace, selector=selector)
    asked = reading.only(kind.kind for kind in wanted)
    if kinds is not None and len(asked.absent) == len(wanted):
        told = ", ".join(kind.kind for kind in wanted)
        raise KindNotInstalled(f"The cluster does not serve {told}; {request.where}.", brief="not installed")
    asked.require()
    statuses = tuple(entry for entry in assess(reading.objects, request.now) if entry.object.kind in wanted)
    matching = tuple(_select(statuses, status, name_contains))
    others = _select(statuses, _TROUBLE, name_contains) if status is not None and _of_trouble(status) else ()
    whole = namespace is None and selector is None
    return FluxResources(
        request=request,
        matching=matching,
        examined=len(statuses),
        unchecked=sum(_unchecked(entry, reading, whole=whole, namespace=namespace) for entry in matching),
        left_out=tuple(entry for entry in others if entry not in matching),
        absent=asked.absent,
        unread=asked.unread,
        limit=limit,
    )


def _select(
    statuses: Sequence[ObjectStatus], status: StatusFilter | None, name_contains: str | None
) -> Iterator[ObjectStatus]:
    part = (name_contains or "").lower()
    for entry in statuses:
        if (status is None or status.fits(entry)) and part in entry.object.name.lower():
            yield entry


def _of_trouble(status: StatusFilter) -> bool:
    """Whether somebody who asks for these health values asks for trouble."""
    return bool(status.health - {Health.READY, Health.STATIC, Health.SUSPENDED, Health.PROGRESSING})


def _unchecked(entry: ObjectStatus, reading: ListResult[FluxObject], *, whole: bool, namespace: str | None) -> bool:
    """Whether a source is missing from what was read because it was not looked for, not because it is not there."""
    return any(
        ref.kind not in reading.read or not (whole or (namespace is not None and ref.namespace == namespace))
        for ref in entry.missing_sources
    )
