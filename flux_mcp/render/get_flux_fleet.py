"""The answer of get_flux_fleet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.result import Unread
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.render.answer import Answer, Level, moved_line
from flux_mcp.render.changes import names
from flux_mcp.render.text import Line, moment, unread_line
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value

CAUSES: Final = 3
"""Causes of one context that are named."""


@dataclass(frozen=True, slots=True)
class FleetCause:
    """A root cause in short: the objects that have it, the first one's status, and how many others it blocks."""

    members: tuple[ObjectRef, ...]
    status: ObjectStatus | None
    blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetContext:
    """One context.

    Attributes:
        problem: why nothing is known of it; empty where something is.
        request: None where the kubeconfig does not say enough to ask it.
        recorded: a recording answers, made at the time of the request.
        trouble: how many objects are in trouble.
        controllers: how many there are.
        down: those of which nothing is ready.
        causes: the worst first.
    """

    name: str
    problem: str = ""
    request: RequestContext | None = None
    recorded: bool = False
    installed: bool = True
    version: str = ""
    health: tuple[tuple[Health, int], ...] = ()
    trouble: int = 0
    down: tuple[ObjectRef, ...] = ()
    controllers: int = 0
    causes: tuple[FleetCause, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def order(self) -> tuple[bool, bool, int, str]:
        """What is worst first: not answering, controllers down, objects in trouble."""
        return not self.problem, not self.down, -self.trouble, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet(Answer):
    """The contexts, the worst first."""

    title = "get_flux_fleet"

    contexts: tuple[FleetContext, ...]
    left_out_contexts: tuple[str, ...]

    def count(self, named: int) -> tuple[int, int]:
        return named, len(self.contexts) + len(self.left_out_contexts)

    def head(self, named: int) -> Iterator[str]:
        del named
        known = [each for each in self.contexts if not each.problem]
        working = [each for each in known if each.installed and not each.down]
        counted = (
            ("could not be read", len(self.contexts) - len(known)),
            ("with controllers down", sum(bool(each.down) for each in known)),
            ("with objects in trouble", sum(bool(each.trouble) for each in working)),
            ("report no trouble", sum(not each.trouble and not each.unread for each in working)),
            (
                "report no trouble in what could be read",
                sum(bool(each.unread) and not each.trouble for each in working),
            ),
            ("without Flux", sum(not each.installed for each in known)),
        )
        yield f"Contexts: {', '.join(f'{number} {what}' for what, number in counted if number)}"

    def levels(self) -> Sequence[Level]:
        return (lambda: [*self._lines(CAUSES)], lambda: [*self._lines(1)])

    def _lines(self, causes: int) -> Iterator[Line]:
        for each in self.contexts:
            yield Line(_line(each, causes), 1, 1)
        if self.left_out_contexts:
            rest = ", ".join(map(value, self.left_out_contexts))
            yield Line(f"Not read: {rest}. Name them in contexts.", 0, 1)

    def left_out(self, rest: int) -> str:
        return f"… {rest} more contexts: name some in contexts."


def _line(each: FleetContext, causes: int) -> str:
    if each.problem:
        return f"Could not read: context {value(each.name)} ({each.problem})"
    how, who = each.request.identity if each.request is not None else ("", "")
    recorded = f", recorded {moment(each.request.now)}" if each.recorded and each.request is not None else ""
    about = f"Context {value(each.name)} ({how} {value(who)}{recorded})"
    if not each.installed:
        return f"{about}: no Flux"
    parts = [f"Flux {value(each.version)}" if each.version else "Flux version unknown"]
    parts.append(", ".join(f"{number} {health.value}" for health, number in each.health) or "no Flux objects")
    if each.down:
        parts.append(f"controllers down: {', '.join(value(ref.name) for ref in each.down)}")
    elif each.controllers:
        parts.append(f"{each.controllers} controllers up")
    elif not each.unread:
        parts.append("no controllers with Flux's label")
    parts += [line.replace("Could not read", "could not read", 1) for line in unread_line(each.unread)]
    parts += moved_line(each.request) if each.request is not None else ()
    shown = [_cause(cause) for cause in each.causes[:causes]]
    if shown:
        rest = len(each.causes) - causes
        parts.append(f"worst: {', '.join(shown)}{f' and {rest} more causes' if rest > 0 else ''}")
    return f"{about}: {'; '.join(parts)}"


def _cause(cause: FleetCause) -> str:
    reason = value(cause.status.reason or cause.status.health.value) if cause.status is not None else ""
    who = name_of(cause.members[0]) if len(cause.members) == 1 else names(cause.members, most=2).replace("; ", ", ")
    blocks = f", blocks {cause.blocks}" if cause.blocks else ""
    return f"{who} ({reason}{blocks})"
