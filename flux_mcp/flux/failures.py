"""What a failure means, where to look and what to do: by the reason of a condition first, by its message as a hint.

The rows stand in failures_*.py, by kind; adding a failure is one entry there. Source: the controllers of Flux 2.9 and
Flux Operator 0.58 (our knowledge file, section 5, whose numbers the rows carry). Reasons are the controllers' own; many
messages are those of libraries and of the API server, so a message that no row knows is no failure of the table: the
reason's general row answers, else nothing does and the caller says so.
"""

import functools
import re
from dataclasses import dataclass
from enum import Enum

__all__ = ["Advice", "Failure", "Upstream", "find_failure", "row", "rows", "silent_failures"]


class Upstream(Enum):
    """Where the cause of a failure is to be sought."""

    OWN = "in the object itself, or outside Flux"
    SOURCE = "in its source"
    DEPENDENCY = "in an object of spec.dependsOn"
    HEALTH = "in what it applied"


@dataclass(frozen=True, slots=True)
class Advice:
    """What something means, and what to do about it. No advice is a write of this server but a reconcile request."""

    meaning: str
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One row of the catalogue.

    Attributes:
        number: of the row in our knowledge file.
        kinds: of the objects that fail so.
        reasons: of a condition, or of an Event where nothing of it is in the status; empty where no reason tells it.
        hint: a pattern that is sought in the message, in any case; empty for the row that answers for its reasons
            whatever the message is.
        advice: what it means and what to do.
        look: fields of the object's spec to look at, dotted.
        upstream: where the cause is.
        silent: neither condition nor verdict shows it: it is told where somebody asks about an object that looks well.
    """

    number: int
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    hint: str
    advice: Advice
    look: tuple[str, ...] = ()
    upstream: Upstream = Upstream.OWN
    silent: bool = False


def row(  # noqa: PLR0913 (the columns of the table)
    kinds: str,
    number: int,
    reasons: str,
    hint: str,
    meaning: str,
    do: str,
    *,
    look: str = "",
    upstream: Upstream = Upstream.OWN,
    silent: bool = False,
) -> Failure:
    """One row; kinds, reasons and fields to look at are parted by spaces."""
    return Failure(
        number=number,
        kinds=tuple(kinds.split()),
        reasons=tuple(reasons.split()),
        hint=hint,
        advice=Advice(meaning, do),
        look=tuple(look.split()),
        upstream=upstream,
        silent=silent,
    )


@functools.cache
def rows() -> tuple[Failure, ...]:
    """The whole catalogue; a row with a narrower hint stands before a wider one."""
    # The rows are made with this module's classes, and nothing but a failure needs them.
    from flux_mcp.flux.failures_helm import RELEASES  # noqa: PLC0415
    from flux_mcp.flux.failures_kustomization import KUSTOMIZATIONS  # noqa: PLC0415
    from flux_mcp.flux.failures_others import OTHERS  # noqa: PLC0415
    from flux_mcp.flux.failures_sources import SOURCES  # noqa: PLC0415

    return (*KUSTOMIZATIONS, *RELEASES, *SOURCES, *OTHERS)


def find_failure(kind: str, reason: str, message: str) -> Failure | None:
    """The row for a condition or an Event of an object of this kind; None where the catalogue has none."""
    general = None
    for row in _by_reason().get((kind, reason), ()):
        if not row.hint:
            general = general or row
        elif _pattern(row.hint).search(message):
            return row
    return general


def silent_failures(kind: str) -> tuple[Failure, ...]:
    """What goes wrong with objects of this kind without their status showing it."""
    return tuple(row for row in rows() if row.silent and kind in row.kinds)


@functools.cache
def _by_reason() -> dict[tuple[str, str], list[Failure]]:
    found: dict[tuple[str, str], list[Failure]] = {}
    for row in rows():
        for kind in row.kinds:
            for reason in row.reasons:
                found.setdefault((kind, reason), []).append(row)
    return found


@functools.cache
def _pattern(hint: str) -> re.Pattern[str]:
    return re.compile(hint, re.IGNORECASE)
