"""What was measured, with the bound beside it: on screen as it comes, and as a page."""

from collections.abc import Sequence
from typing import Final

_NARROWEST: Final = 6


class Table:
    """Rows of figures. The last column says whether the bound holds: `yes`, `no` and what does not, or nothing."""

    def __init__(self, title: str, about: str, *columns: str) -> None:
        self.title, self.about = title, about
        self._columns = (*columns, "bound", "holds")
        self._rows: list[tuple[str, ...]] = []

    def add(self, *cells: str, bound: str = "", broken: Sequence[str] = ()) -> None:
        """Add a row and print it; `broken` names the figures that are above their bound."""
        if not self._rows:
            print(f"\n{self.title}\n", *self._head(), sep="\n", flush=True)
        self._rows.append((*cells, bound, f"no: {', '.join(broken)}" if broken else "yes" if bound else ""))
        print(self._line(self._rows[-1]), flush=True)

    def __bool__(self) -> bool:
        return bool(self._rows)

    @property
    def broken(self) -> list[str]:
        """The rows whose bound does not hold."""
        return [f"{self.title}: {row[0].strip()}, {row[-1]}" for row in self._rows if row[-1].startswith("no")]

    def lines(self) -> list[str]:
        """The table in Markdown."""
        return [*self._head(), *map(self._line, self._rows)]

    def _head(self) -> tuple[str, str]:
        return self._line(self._columns), self._line(["-" * max(len(name), _NARROWEST) for name in self._columns])

    def _line(self, cells: Sequence[str]) -> str:
        padded = (cell.ljust(max(len(name), _NARROWEST)) for cell, name in zip(cells, self._columns, strict=True))
        return f"| {' | '.join(padded)} |"


def above(name: str, figure: float, bound: float) -> list[str]:
    """The name of a figure that is above its bound."""
    return [name] if figure > bound else []


def megabytes(count: float) -> str:
    """Bytes in MB."""
    return f"{count / 1e6:.0f}" if count >= 1e7 else f"{count / 1e6:.1f}"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"
