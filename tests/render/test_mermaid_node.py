"""Mermaid itself reads and draws the diagrams: what it makes of them is what the answers say.

`make test-node` installs it into tests/render/node. In the version of today, and in the one before, which clients still have.
"""

import html
import json
import re
import shutil
import string
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.render.mermaid import MAX_EDGES, Box, Link, Style, flowchart, label
from tests.conftest import Ask
from tests.render.test_mermaid import PIECES
from tests.support.diagram import diagram_of
from tests.support.fake import FakeKubectl
from tests.support.items import failing, item

pytestmark = [pytest.mark.anyio, pytest.mark.node]

FOLDER = Path(__file__).parent / "node"
VERSIONS = ("mermaid", "mermaid-11")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LEGAL = string.ascii_lowercase + string.digits + "-."
"""What the name of a Flux object may hold: it is a DNS subdomain."""
WORDS = (
    "end",
    "click",
    "style",
    "class",
    "subgraph",
    "default",
    "graph",
    "flowchart",
    "direction",
    "href",
    "o",
    "x",
    "v",
    "www.example.com",
    "1.0",
    "a--b",
    "a---b",
    "x--x",
)
"""Legal names that mean something to Mermaid or to Markdown."""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    if shutil.which("node") is None:
        pytest.skip("there is no node on PATH")
    if not (FOLDER / "node_modules" / request.param).is_dir() or not (FOLDER / "node_modules" / "jsdom").is_dir():
        pytest.skip(f"{request.param} is not installed in tests/render/node: npm is missing, or could not get it")
    return str(request.param)


@pytest.fixture
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"there is none of {', '.join(BROWSERS)} on PATH")
    return found


def parsed(version: str, *diagrams: str) -> list[dict[str, Any]]:
    """What Mermaid's parser makes of diagrams: labels with their classes, and edges between labels."""
    run = subprocess.run(
        ["node", "parse.mjs", version],
        cwd=FOLDER,
        input=json.dumps(diagrams),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert len(found) == len(diagrams)
    return list(found)


def agrees(found: dict[str, Any], answer: str) -> None:
    """Mermaid found the boxes, classes and edges that stand in the answer, and no others."""
    expected = diagram_of(answer)
    assert "error" not in found, found
    assert [label for label, _ in found["nodes"]] == expected.labels
    for text, classes in found["nodes"]:
        assert set(classes.split()) == {"default", expected.styles[text]}
    assert sorted(map(tuple, found["edges"])) == sorted(expected.edges)


@pytest.mark.parametrize(
    ("recording", "arguments"),
    [
        ("staging", {}),
        ("staging", {"edges": "all"}),
        ("bootstrap", {}),
        ("limited", {"edges": "all"}),
        ("staging", {"namespace": "apps"}),
        ("staging", {"kind": "Kustomization", "name": "apps"}),
        ("staging", {"kind": "FluxReport", "name": "flux"}),
    ],
)
async def test_mermaid_reads_what_the_answer_says(
    ask_recording: Ask, version: str, recording: str, arguments: dict[str, str]
) -> None:
    reply = await ask_recording(recording, "get_flux_graph", **arguments)
    agrees(parsed(version, diagram_of(reply.text).source)[0], reply.text)


async def test_mermaid_reads_what_was_folded_and_cut(fake: FakeKubectl, ask_fake: Ask, version: str) -> None:
    leaves = (item(name=f"k{n}", spec={"dependsOn": [{"name": "base"}]}) for n in range(600))
    crowd = (failing(name=f"f{n}", spec={"dependsOn": [{"name": f"f{m}"} for m in range(n)]}) for n in range(40))
    fake.lists(item(name="base"), *leaves, *crowd)
    reply = await ask_fake("get_flux_graph")
    assert "left out" in reply.text
    agrees(parsed(version, diagram_of(reply.text).source)[0], reply.text)


def chart(*labels: str) -> str:
    links = [Link(place, (place + 1) % len(labels), bool(place % 2)) for place in range(len(labels))]
    return "\n".join(flowchart([Box((text,), Style.READY) for text in labels], links))


def names() -> list[str]:
    """Every legal character at the start, in the middle and at the end, in every pair; and words of Mermaid's own."""
    pairs = [a + b for a in LEGAL for b in LEGAL]
    return [*(f"Kustomization {word}/{word}" for word in WORDS), "HelmRelease a/0" + "".join(pairs[:90]) + "0"] + [
        f"HelmRelease a/{'0'.join(pairs[start : start + 60])}0" for start in range(0, len(pairs), 60)
    ]


def hostile() -> list[str]:
    pieces = [piece for piece in PIECES if "ﬂ" not in piece] + ["fl°°34¶ß"]
    return [f"Kustomization {piece}/x{piece}{other}" for piece in pieces for other in ("", '"', ";", "]")]


def test_labels_of_any_characters_are_read(version: str) -> None:
    for labels in (names(), hostile()):
        (found,) = parsed(version, chart(*labels))
        assert "error" not in found, found
        assert [text for text, _ in found["nodes"]] == labels
        assert len(found["edges"]) == len(labels)


def test_every_id_is_taken(version: str) -> None:
    """As many boxes as an answer ever has."""
    (found,) = parsed(version, "\n".join(flowchart([Box((str(n),), Style.READY) for n in range(900)], [])))
    assert "error" not in found, found
    assert len(found["nodes"]) == 900


def test_the_bound_on_edges_is_that_of_mermaid(version: str) -> None:
    boxes = [Box((str(n),), Style.READY) for n in range(MAX_EDGES + 2)]
    full = [Link(0, n, dotted=False) for n in range(1, MAX_EDGES + 1)]
    fits, does_not = parsed(
        version, "\n".join(flowchart(boxes, full)), "\n".join(flowchart(boxes, [*full, Link(0, MAX_EDGES + 1, False)]))
    )
    assert len(fits["edges"]) == MAX_EDGES
    assert "error" in does_not


def drawn(browser: str, version: str, diagram: str, folder: Path) -> dict[str, Any]:
    """What is seen of a diagram in a browser."""
    shutil.copy(FOLDER / "draw.html", folder)
    shutil.copy(FOLDER / "node_modules" / version / "dist" / "mermaid.min.js", folder / "mermaid.js")
    (folder / "diagram.js").write_text(f"window.diagram = {json.dumps(diagram)};")
    network = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", *network]
    run = subprocess.run(
        [browser, *flags, "--virtual-time-budget=30000", "--dump-dom", (folder / "draw.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = re.search(r'<pre id="told">(.+?)</pre>', run.stdout, re.DOTALL)
    assert told, run.stderr[-2000:]
    return dict(json.loads(html.unescape(told[1])))


BLUE = "rgb(34, 136, 255)"


@pytest.mark.parametrize(
    ("recording", "arguments", "edges", "dotted"),
    [("staging", {"edges": "all"}, 96, 11), ("staging", {}, 11, 11), ("bootstrap", {}, 11, 1)],
    ids=["staging-all", "staging", "bootstrap"],
)
async def test_a_browser_draws_the_recordings(
    ask_recording: Ask,
    browser: str,
    version: str,
    tmp_path: Path,
    recording: str,
    arguments: dict[str, str],
    edges: int,
    dotted: int,
) -> None:
    """Every label and arrow is there; dependencies, and they alone, are dashed lines and blue."""
    expected = diagram_of((await ask_recording(recording, "get_flux_graph", **arguments)).text)
    found = drawn(browser, version, expected.source, tmp_path)
    assert "error" not in found, found
    assert sorted(map(without_space, found["labels"])) == sorted(map(without_space, expected.labels))
    assert found["arrows"] == len(expected.edges) == edges
    assert found["active"] == []
    assert [line["dashed"] for line in found["lines"]] == [line["color"] == BLUE for line in found["lines"]]
    assert sum(line["dashed"] for line in found["lines"]) == dotted


@pytest.mark.parametrize("recording", ["staging", "bootstrap"])
async def test_labels_can_be_read_on_a_screen(
    ask_recording: Ask, browser: str, version: str, tmp_path: Path, recording: str
) -> None:
    """No label of the default diagram is under 12 pixels where the diagram is scaled to a width of 1600."""
    found = drawn(
        browser, version, diagram_of((await ask_recording(recording, "get_flux_graph")).text).source, tmp_path
    )
    assert min(found["fonts"]) * min(1, 1600 / found["width"]) >= 12


def test_labels_are_seen_as_they_are_and_do_nothing(browser: str, version: str, tmp_path: Path) -> None:
    """White space aside, which HTML folds; and where Mermaid has marks of its own for a `;`, that is what is seen."""
    labels = [*names(), *hostile(), 'Kustomization a/<img src=x onerror="document.title=1">']
    found = drawn(browser, version, chart(*labels), tmp_path)
    assert "error" not in found, found
    assert sorted(map(without_space, found["labels"])) == sorted(
        without_space(text.replace("¶ß", ";")) for text in labels
    )
    assert found["active"] == []
    assert found["title"] == ""


def without_space(text: str) -> str:
    return "".join(text.split())


def test_a_label_that_is_not_escaped_would_be_seen(version: str) -> None:
    """So that the tests above can fail."""
    text = 'a"] --> x["b'
    (found,) = parsed(version, chart(text).replace(label(text), f'"{text}"'))
    assert len(found["nodes"]) == 2
