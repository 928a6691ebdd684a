"""The frame of every answer: what it is about, what could not be read, and as much of the rest as fits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from flux_mcp.cluster.result import Unread
from flux_mcp.render.text import DEFAULT_BOUND, Line, first_line, fit, unread_line
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import value

if TYPE_CHECKING:
    from flux_mcp.render.page import Page

Level = Callable[[], Sequence[Line]]
"""One way to write the lines of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool computed, and how it reads.

    The first line and the line that says what could not be read are written here alone, so that no tool can leave them
    out. A tool adds lines that always stay (`head`) and lines of which as many stay as fit (`levels`).

    Attributes:
        title: the name of the tool.
        unread: what could not be read.
        empty_namespace: the requested one, where it exists and nothing was found in it.
    """

    title: ClassVar[str]
    request: RequestContext
    unread: tuple[Unread, ...]
    empty_namespace: str = ""

    @property
    def heading(self) -> str:
        """What the first line begins with."""
        return self.title

    @property
    def bound(self) -> int:
        """Bytes of UTF-8 that the answer may take."""
        return DEFAULT_BOUND

    def count(self, named: int) -> tuple[int, int] | None:
        """How many objects are shown, and of how many; None where the answer is not a list.

        Args:
            named: objects that the lines name.
        """
        del named
        return None

    @property
    def found_nothing(self) -> bool:
        """Whether no object matches the arguments."""
        count = self.count(0)
        return count is not None and not count[1]

    def head(self, named: int) -> Iterable[str]:
        """The lines that always stay, below the first ones."""
        del named
        return ()

    def levels(self) -> Sequence[Level]:
        """The other lines, from the fullest way to write them to the shortest."""
        return (lambda: [Line(line, 0, 1) for line in self.lines()],)

    def lines(self) -> Iterable[str]:
        """The other lines, where there is one way to write them."""
        return ()

    def left_out(self, rest: int) -> str:
        """The last line where not everything fits.

        Args:
            rest: objects, or lines, that are left out.
        """
        return f"… {rest} more lines left out."

    def render(self) -> str:
        return fit(
            lambda named: (*self.opening(self.count(named)), *self.head(named)),
            self.levels(),
            self.bound,
            self.left_out,
        )

    def page(self) -> "Page | None":
        """What the page shows of it; None where it has nothing to do with the graph."""
        return None

    @final
    def opening(self, count: tuple[int, int] | None = None) -> tuple[str, ...]:
        """The lines that every answer begins with."""
        exists = f"Namespace {value(self.empty_namespace)} exists, and nothing that was requested is in it."
        return (
            first_line(self.heading, self.request, *(count or ())),
            *unread_line(self.unread),
            *moved_line(self.request),
            *((exists,) if self.empty_namespace else ()),
        )


def moved_line(request: RequestContext) -> tuple[str, ...]:
    """The line that says that a context leads elsewhere than when it was first used."""
    if request.moved is None:
        return ()
    before, now = map(value, request.moved)
    return (f"The kubeconfig was replaced: {request.where} was {before} and is {now}.",)
