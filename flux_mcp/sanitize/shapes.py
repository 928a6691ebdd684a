"""Finds what has the shape of a credential: the entries of credentials.toml."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from flux_mcp.sanitize.table import Shape, table
from flux_mcp.sanitize.words import Looks, is_random, looks

MASK: Final = "***"
_SHORTEST: Final = 8
"""Characters of what looks random behind the beginning of a token."""
_POD: Final = re.compile(r"[a-z0-9-]+-[a-z0-9]{8,10}-[a-z0-9]{5}")
"""The name of a Pod, which ends in two random parts."""


class Span(NamedTuple):
    """A part of a text that is masked.

    Attributes:
        stands: what stands for it.
    """

    start: int
    end: int
    stands: str


class _ShapeIndex(NamedTuple):
    """How the shapes are found: by all beginnings at once, and by texts near one, before any pattern."""

    begins: re.Pattern[str]
    by_begin: Mapping[str, Sequence[Shape]]
    by_near: Sequence[Shape]


def shapes(text: str, low: str) -> Iterator[Span]:
    """What has the shape of a credential; `low` is the text in lower case, or empty where no hint stands in it."""
    index = _index()
    found = dict.fromkeys(shape for hit in index.begins.finditer(text) for shape in index.by_begin[hit[0]])
    if low:
        found |= dict.fromkeys(shape for shape in index.by_near if any(near in low for near in shape.near))
    for shape in found:
        for match in shape.pattern.finditer(text):
            groups = match.groupdict()
            part = groups.get("secret") or match[0]
            is_credential = is_random(part, _SHORTEST) or looks(part) is Looks.DIGITS
            if shape.certain or (is_credential and not _POD.fullmatch(match[0])):
                yield Span(*match.span("secret" if "secret" in groups else 0), MASK)


def hints() -> str:
    """A pattern of the texts near a credential, of which one stands in every match that has no beginning of its own."""
    return _any_of({near for shape in table().shapes for near in shape.near})


@cache
def _index() -> _ShapeIndex:
    every = table().shapes
    by_begin = {begin: tuple(_of(every, begin)) for shape in every for begin in shape.begins}
    by_near = tuple(shape for shape in every if shape.near)
    return _ShapeIndex(
        re.compile(f"(?<![A-Za-z0-9])(?:{_any_of(by_begin)})"),
        by_begin,
        by_near,
    )


def _of(every: Sequence[Shape], begin: str) -> Iterator[Shape]:
    """The shapes with this beginning, or with one that begins it."""
    return (shape for shape in every if any(begin.startswith(other) for other in shape.begins))


class _Tree(dict[str, "_Tree"]):
    """The letters that may follow, each with those behind it; the empty one where a text ends."""


def _any_of(texts: Iterable[str]) -> str:
    """A pattern that matches the longest of these texts, with what they have in common looked at once."""
    tree = _Tree()
    for text in texts:
        node = tree
        for letter in text:
            node = node.setdefault(letter, _Tree())
        node[""] = _Tree()
    return _branches(tree)


def _branches(tree: _Tree) -> str:
    rest = [re.escape(letter) + _branches(below) for letter, below in sorted(tree.items()) if letter]
    if not rest:
        return ""
    joined = f"(?:{'|'.join(rest)})"
    return f"{joined}?" if "" in tree else joined
