"""Mermaid flowcharts: boxes and arrows as text that its parser takes, whatever the labels hold.

Source: Mermaid's documentation on flowcharts ("Entity codes to escape characters", "Styling a node", "Styling links")
and on maxEdges. A label stands in quotes, and what is no plain character in it stands as an entity code (`#34;`), so
that no label ends itself, its line or the fence around the diagram, and none is read as Markdown, HTML, an icon or a
formula.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import product
from typing import Final, NamedTuple

MAX_EDGES: Final = 500
"""Edges that Mermaid draws (maxEdges); with more it draws nothing."""
_ID_LETTERS: Final = "bcdfghjklmnpqrstwz"
"""Without vowels no id is a keyword, such as `end`; o, x and v mean something in arrows and directions."""
_ODD: Final = re.compile(r"[^A-Za-z0-9 ./,()+-]")
_MARK: Final = "\ufb02"
"""The ligature fl, with which the marks begin that Mermaid puts in the place of entity codes while it works."""
_INIT: Final = '%%{init:{"flowchart":{"wrappingWidth":400},"elk":{"lineHops":false}}}%%'
"""Labels wrap at 400 pixels: at Mermaid's own 200 nearly every name is broken at a hyphen. Without lineHops Mermaid 12
draws a dotted arrow that crosses another one solid."""
_DOTTED: Final = "stroke:#28f"
"""A blue that can be seen on light and dark grounds."""


class Style(Enum):
    """How a box looks: the name of its class in the diagram, and its CSS. Dark on light, since themes may be dark.

    What needs attention has a border three times as wide.
    """

    # The class `default` is that of every box that is given none.
    READY = "default", "fill:#dfd,stroke:#080,color:#000"
    BAD = "bad", "fill:#fbb,stroke:#b00,color:#000,stroke-width:3px"
    BUSY = "busy", "fill:#fe9,stroke:#a60,color:#000"
    OFF = "off", "fill:#ddd,stroke:#333,color:#000,stroke-width:3px"
    STATIC = "static", "fill:#fff,stroke:#666,color:#000"
    MISSING = "missing", "fill:#fff,stroke:#b00,color:#000,stroke-width:3px,stroke-dasharray:4"
    UNREAD = "unread", "fill:#fff,stroke:#666,color:#000,stroke-dasharray:4"


class Box(NamedTuple):
    """One box.

    Attributes:
        lines: of its label, not escaped.
    """

    lines: tuple[str, ...]
    style: Style


class Link(NamedTuple):
    """An arrow between the boxes at two positions."""

    start: int
    end: int
    dotted: bool


def label(*lines: str) -> str:
    """Any text as a quoted label, in which nothing means anything to Mermaid but the line breaks."""
    return f'"{"<br>".join(_ODD.sub(lambda odd: f"#{ord(odd[0])};", line.replace(_MARK, "fl")) for line in lines)}"'


def flowchart(boxes: Sequence[Box], links: Sequence[Link]) -> list[str]:
    """The lines of a flowchart: a box a line, then the arrows, all that share a start on one line, then the styles."""
    ids = [name for name, _ in zip(_ids(), boxes, strict=False)]
    dotted = [link for link in links if link.dotted]
    return [
        _INIT,
        "flowchart LR",
        *(f"{name}[{label(*box.lines)}]" for name, box in zip(ids, boxes, strict=True)),
        # Dotted ones first: a style of links goes by their number.
        *_arrows(ids, dotted),
        *_arrows(ids, [link for link in links if not link.dotted]),
        *([f"linkStyle {','.join(map(str, range(len(dotted))))} {_DOTTED}"] if dotted else ()),
        *_styles(ids, boxes),
    ]


def _ids() -> Iterator[str]:
    """`b`, `c`, … `bb`, `bc`, …: one or two letters cost a reader least."""
    length = 1
    while True:
        yield from map("".join, product(_ID_LETTERS, repeat=length))
        length += 1


def _arrows(ids: Sequence[str], links: Sequence[Link]) -> Iterator[str]:
    ends: dict[int, list[str]] = {}
    for link in links:
        ends.setdefault(link.start, []).append(ids[link.end])
    for start, names in ends.items():
        yield f"{ids[start]} {'-.->' if links[0].dotted else '-->'} {' & '.join(names)}"


def _styles(ids: Sequence[str], boxes: Sequence[Box]) -> Iterator[str]:
    for style in Style:
        name, css = style.value
        members = [member for member, box in zip(ids, boxes, strict=True) if box.style is style]
        if members and style is not Style.READY:
            yield f"class {','.join(members)} {name}"
        if members:
            yield f"classDef {name} {css}"
