"""Labels in which nothing means anything to Mermaid, and charts of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.render.mermaid import Box, Link, Style, flowchart, label
from tests.support.diagram import decoded, diagram_of

# What Mermaid, Markdown, HTML or a fence would take for something of theirs.
PIECES = (
    '"',
    "#",
    ";",
    "#quot;",
    "#34;",
    "`",
    "```",
    "]",
    "[",
    "%%",
    "%%{init:{}}%%",
    "<script>",
    "<br>",
    "&lt;",
    "\n",
    "\r",
    "\u2028",
    "\u202e",
    "\\",
    "end",
    "click",
    "style: x",
    "classDef: x",
    "-->",
    "-.->",
    ":::",
    "fa:fa-car",
    "$$",
    "**",
    "_",
    "é",
    "🚀",
    "a",
    ".",
    "ﬂ°°34¶ß",
)
TEXTS = st.text() | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(TEXTS)
def test_a_label_is_inert_and_shown_as_it_is(text: str) -> None:
    made = label(text)
    assert re.fullmatch(r'"(?:[A-Za-z0-9 ./,()+-]|#\d+;)*"', made)
    assert decoded(made[1:-1]) == text.replace("ﬂ", "fl")


@pytest.mark.parametrize(
    "text",
    [
        "Kustomization flux-system/apps, Failing (source-failing)",
        "HelmRelease a.b-c/0.1",
        "+14 Ready HelmRelease",
        "OCIRepository flux-system/gone, not read",
    ],
)
def test_what_answers_are_full_of_costs_nothing(text: str) -> None:
    assert label(text) == f'"{text}"'


def test_a_name_that_would_end_its_label() -> None:
    assert label('x"] --> y["#') == '"x#34;#93; --#62; y#91;#34;#35;"'


def test_the_ligature_of_mermaids_own_marks_is_written_out() -> None:
    """Else it would take them for its own, and show a quote."""
    assert decoded(label("ﬂ°°34¶ß")[1:-1]) == "fl°°34¶ß"


def chart(boxes: list[Box], links: list[Link]) -> str:
    return "\n".join(("```mermaid", *flowchart(boxes, links), "```"))


def test_a_chart() -> None:
    boxes = [Box(("one",), Style.READY), Box(("two",), Style.BAD), Box(("three",), Style.MISSING)]
    found = diagram_of(chart(boxes, [Link(0, 1, False), Link(0, 2, False), Link(1, 1, True), Link(2, 0, True)]))
    assert found.labels == ["one", "two", "three"]
    assert found.edges == [("two", "two", True), ("three", "one", True), ("one", "two", False), ("one", "three", False)]
    assert found.styles == {"one": "default", "two": "bad", "three": "missing"}


def test_arrows_that_share_a_start_share_a_line() -> None:
    lines = flowchart([Box((str(n),), Style.READY) for n in range(5)], [Link(0, n, False) for n in range(1, 5)])
    assert sum("-->" in line for line in lines) == 1


def test_ids_are_distinct_and_no_keywords() -> None:
    lines = flowchart([Box((str(n),), Style.READY) for n in range(2_000)], [])
    ids = [line.partition("[")[0] for line in lines if "[" in line and "init" not in line]
    assert len(set(ids)) == 2_000
    assert all(re.fullmatch(r"[b-df-hj-np-tw-z]{1,4}", one) and not set(one) & set("xov") for one in ids)


def test_every_style_can_be_read_on_light_and_dark() -> None:
    """Its own colour of text on its own light ground: what a theme has is neither."""
    for style in Style:
        fill = re.search(r"fill:#([0-9a-f]{3}),", style.value[1])
        assert fill
        assert min(int(digit, 16) for digit in fill[1]) >= 0x9
        assert "color:#000" in style.value[1]
    assert len({style.value[0] for style in Style}) == len({style.value[1] for style in Style}) == len(Style)


@given(st.lists(TEXTS, min_size=1, max_size=12, unique=True), st.data())
def test_any_chart_is_read_back(texts: list[str], data: st.DataObject) -> None:
    places = st.integers(0, len(texts) - 1)
    links = data.draw(st.lists(st.builds(Link, places, places, st.booleans()), unique=True))
    boxes = [Box((text,), data.draw(st.sampled_from(Style))) for text in texts]
    found = diagram_of(chart(boxes, links))
    shown = [text.replace("ﬂ", "fl") for text in texts]
    assert found.labels == shown
    assert sorted(found.edges) == sorted((shown[link.start], shown[link.end], link.dotted) for link in links)
    assert found.styles == {text: box.style.value[0] for text, box in zip(shown, boxes, strict=True)}
