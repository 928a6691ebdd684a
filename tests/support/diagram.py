"""What a diagram in an answer says, read back from its text: boxes by label, arrows between labels, styles."""

import re
from dataclasses import dataclass
from itertools import product

_BOX = re.compile(r'([a-z]+)\["([^"\n]*)"\]')
_ARROWS = re.compile(r"([a-z]+) (-->|-\.->) ([a-z]+(?: & [a-z]+)*)")
_LINKS = re.compile(r"linkStyle (\d+(?:,\d+)*) stroke:#28f")
_CLASS = re.compile(r"class ([a-z]+(?:,[a-z]+)*) ([a-z]+)")
_CLASS_DEF = re.compile(r"classDef ([a-z]+) (\S+)")


@dataclass(frozen=True)
class Diagram:
    """Labels as they are shown; an edge is start, end, and whether it is dotted."""

    labels: list[str]
    edges: list[tuple[str, str, bool]]
    styles: dict[str, str]
    css: dict[str, str]
    source: str


def diagram_of(answer: str) -> Diagram:
    """The one diagram of an answer. Every line must be understood, every id be that of a box, and what is dotted blue."""
    before, source, after = re.split(r"^```(?:mermaid)?$", answer, flags=re.MULTILINE)
    assert answer == f"{before}```mermaid{source}```{after}"
    settings, first, *lines = source.strip("\n").split("\n")
    assert re.fullmatch(r"%%\{init:.*\}%%", settings)
    assert first == "flowchart LR"
    labels: dict[str, str] = {}
    edges: list[tuple[str, str, bool]] = []
    colored: list[int] = []
    styles: dict[str, str] = {}
    css: dict[str, str] = {}
    for line in lines:
        if box := _BOX.fullmatch(line):
            assert box[1] not in labels
            labels[box[1]] = decoded(box[2])
        elif arrows := _ARROWS.fullmatch(line):
            ends = arrows[3].split(" & ")
            edges += [(labels[a], labels[b], arrows[2] == "-.->") for a, b in product([arrows[1]], ends)]
        elif links := _LINKS.fullmatch(line):
            colored += map(int, links[1].split(","))
        elif named := _CLASS.fullmatch(line):
            styles |= {labels[one]: named[2] for one in named[1].split(",")}
        else:
            defined = _CLASS_DEF.fullmatch(line)
            assert defined, line
            css[defined[1]] = defined[2]
    assert colored == [number for number, (*_, dotted) in enumerate(edges) if dotted]
    styles = {label: styles.get(label, "default") for label in labels.values()}
    assert set(styles.values()) == set(css)
    return Diagram(list(labels.values()), edges, styles, css, source.strip("\n"))


def decoded(label: str) -> str:
    """A label as it is shown, a line break as a space."""
    label = label.replace("<br>", " ")
    assert not set(re.sub(r"#\d+;", "", label)) & set("#;\"'`<>&[]{}|\\%$*_~:@=\n")
    return re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label)


def name_in(label: str) -> str:
    """`Kind namespace/name` of a label, without what is said of it."""
    return label.partition(", ")[0]
