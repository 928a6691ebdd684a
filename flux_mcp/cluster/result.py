"""What a read brought, and what it did not: a failed list is never an empty list."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from flux_mcp.api.coverage import Coverage
from flux_mcp.api.kind import Kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.errors import KindNotInstalled, KubectlError, RecordedInPart, ServerError
from flux_mcp.request import ErrorContext


class Named(Protocol):
    """A view of an object, which has its name whatever else it has."""

    @property
    def ref(self) -> ObjectRef: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Unread:
    """Kinds that could not be read, and why.

    Attributes:
        kinds: kind names; empty where it is not known what is missing.
        why: a few words.
        error: what kubectl's answer meant, where it reported something.
        partly: whether some objects were read, but it may not be all.
    """

    kinds: tuple[str, ...]
    why: str
    error: KubectlError | None = None
    partly: bool = False

    def of(self, what: str) -> "Unread":
        """The same, with what the kinds are of: ` in apps` behind each."""
        return replace(self, kinds=tuple(f"{kind}{what}" for kind in self.kinds))


@dataclass(frozen=True, slots=True)
class ListResult(Generic[T]):
    """The objects that were read.

    Attributes:
        objects: in the order of the API server.
        read: the kinds of which it is known that this is all; those that are not installed among them.
        absent: the kinds that the API server does not serve.
        gaps: what could not be read.
    """

    objects: tuple[T, ...]
    read: frozenset[str]
    absent: tuple[Kind, ...] = ()
    unread: tuple[Unread, ...] = ()

    def only(self, kinds: Iterable[str]) -> "ListResult[T]":
        """The part about some kinds; without what is unread of a kind that was read only for its place in the flow."""
        wanted = frozenset(kinds)
        unread = (
            replace(unread_item, kinds=tuple(kind for kind in unread_item.kinds if kind in wanted))
            for unread_item in self.unread
            if not unread_item.kinds or wanted & set(unread_item.kinds)
        )
        return ListResult(
            tuple(view for view in self.objects if view.ref.kind in wanted),
            self.read & wanted,
            tuple(kind for kind in self.absent if kind.kind in wanted),
            tuple(unread),
        )

    def beside(self, other: "ListResult[T]") -> "ListResult[T]":
        """What two reads of the same kinds brought together."""
        return ListResult(
            (*self.objects, *other.objects),
            self.read & other.read,
            self.absent,
            tuple(dict.fromkeys((*self.unread, *other.unread))),
        )

    @property
    def coverage(self) -> Coverage:
        """What is known to have been read in full; of a recording of some namespaces these."""
        parts = [(kind, unread.error) for unread in self.unread for kind in unread.kinds]
        failed = {kind for kind, error in parts if not isinstance(error, RecordedInPart)}
        within = {
            kind: frozenset(error.namespaces)
            for kind, error in parts
            if isinstance(error, RecordedInPart) and kind not in failed
        }
        return Coverage(self.read, within)

    @property
    def blank(self) -> bool:
        """Whether there are gaps, and of no kind was anything read."""
        absent = {kind.kind for kind in self.absent}
        return not self.objects and self.read <= absent and any(unread_item.kinds for unread_item in self.unread)

    def require_served(self, where: ErrorContext) -> None:
        """Refuse to go on with kinds that are not installed.

        Raises:
            KindNotInstalled: none of them is.
        """
        absent = {kind.kind for kind in self.absent}
        if absent and not self.objects and self.read <= absent and not any(item.kinds for item in self.unread):
            raise not_installed(self.absent, where)

    def require(self, where: ErrorContext | None = None) -> None:
        """Refuse to go on with nothing.

        Args:
            where: for kinds that somebody named.

        Raises:
            KindNotInstalled: kinds were named, and none of them is installed.
            KubectlError: there are gaps, and of no kind was anything read.
        """
        if where is not None:
            self.require_served(where)
        if self.blank:
            raise self._refusal()

    def _refusal(self) -> KubectlError:
        """The first error, and of which kinds nothing was read."""
        first = self.unread[0]
        error = first.error or ServerError(f"{first.why}.", brief=first.why)
        kinds = [kind for unread_item in self.unread for kind in unread_item.kinds]
        if len(kinds) == 1:
            return error
        sentence = f"{error} Nothing was read of {', '.join(kinds)}."
        return type(error)(sentence, brief=error.brief, resources=error.resources)


def not_installed(kinds: Iterable[Kind], where: ErrorContext) -> KindNotInstalled:
    """The error for kinds that the API server does not serve."""
    names = ", ".join(kind.kind for kind in kinds)
    return KindNotInstalled(f"The cluster does not serve {names}; {where}.", brief="not installed")


def find_unread(kinds: Sequence[Kind], errors: Sequence[KubectlError], objects: Iterable[Named]) -> tuple[Unread, ...]:
    """Which of the kinds that were requested were not read, or not all of.

    Where kubectl did not say which kind an error is about (a timeout, an expired page), every kind that has no error of
    its own counts as read in part, and as not read where it came back empty.

    Args:
        kinds: the kinds that kubectl was to read.
        errors: what it reported; one for every way to fail, so never none after a non-zero exit.
        objects: what it printed.
    """
    counts = Counter(view.ref.kind for view in objects)
    grouped: dict[tuple[str, bool], tuple[dict[str, None], KubectlError]] = {}
    named = {kind.kind for kind in kinds for error in errors if kind.resource in error.resources}
    for error in errors:
        about = [kind.kind for kind in kinds if kind.resource in error.resources]
        for kind in about or [kind.kind for kind in kinds if kind.kind not in named]:
            partly = counts[kind] > 0 or isinstance(error, RecordedInPart)
            grouped.setdefault((error.brief, partly), ({}, error))[0][kind] = None
    return tuple(Unread(tuple(kinds), why, error, partly) for (why, partly), (kinds, error) in grouped.items())
