"""What a read brought, and what it did not: a failed list is never an empty list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from flux_mcp.errors import Forbidden, KubectlError
from flux_mcp.flux.kinds import FluxKind
from flux_mcp.kubectl.reply import Place

__all__ = ["Gap", "Reading", "find_gaps", "merge"]

T = TypeVar("T")

CHUNK: Final = 500
"""Objects that kubectl asks for at a time: a list that broke off may end at a multiple of it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Kinds that could not be read, and why.

    Attributes:
        kinds: kind names.
        why: a few words.
        error: what kubectl's answer meant; None where the kinds are simply not installed.
        partly: whether some objects were read, but it may not be all.
    """

    kinds: tuple[str, ...]
    why: str
    error: KubectlError | None = None
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """The objects that were read.

    Attributes:
        read: the kinds that were read in full.
        absent: the kinds that the API server does not serve.
        gaps: the kinds that could not be read.
    """

    objects: tuple[T, ...]
    read: frozenset[str]
    absent: tuple[FluxKind, ...] = ()
    gaps: tuple[Gap, ...] = ()


def _count(objects: Iterable[T], kind_of: Callable[[T], str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in objects:
        counts[kind_of(one)] = counts.get(kind_of(one), 0) + 1
    return counts


def find_gaps(
    asked: Sequence[FluxKind], found: Sequence[KubectlError], objects: Iterable[T], kind_of: Callable[[T], str]
) -> tuple[Gap, ...]:
    """Which of the kinds that were asked for were not read.

    Where kubectl did not say which kind an error is about (a time-out does not), every kind that came back empty counts
    as not read, and one that ended at a full chunk as read in part.
    """
    counts = _count(objects, kind_of)
    grouped: dict[tuple[str, bool], tuple[list[str], KubectlError]] = {}
    named: set[str] = set()
    for error in found:
        kinds = [kind for kind in asked if kind.resource in error.resources]
        named |= {kind.kind for kind in kinds}
        for kind in kinds:
            partly = counts.get(kind.kind, 0) > 0
            grouped.setdefault((error.brief, partly), ([], error))[0].append(kind.kind)
    for error in (error for error in found if not any(kind.resource in error.resources for kind in asked)):
        for kind in asked:
            size = counts.get(kind.kind, 0)
            if kind.kind not in named and size % CHUNK == 0:
                grouped.setdefault((error.brief, size > 0), ([], error))[0].append(kind.kind)
    return tuple(Gap(tuple(kinds), why, error, partly) for (why, partly), (kinds, error) in grouped.items())


def merge(found: Sequence[KubectlError], place: Place) -> KubectlError:
    """One error for a question of which nothing was answered."""
    if len(found) > 1 and all(type(error) is Forbidden for error in found):
        resources = [resource for error in found for resource in error.resources]
        who = found[0].brief.removeprefix("forbidden: ")
        hint = " If it may in one namespace, pass namespace." if "in all namespaces" in who else ""
        return Forbidden(
            f"Forbidden: {who}; {place}: {', '.join(resources)}.{hint}", brief=found[0].brief, resources=resources
        )
    return found[0]
