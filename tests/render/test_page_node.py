"""The page in a real browser: what is seen of it, what can be done with it, and that text of the cluster stays text."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.extension import advertise

from flux_mcp.kubectl.connect import connect
from flux_mcp.render.page import html, template
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.render.test_page import data_of, name_of
from tests.support.browser import FOLDER, needs, visit
from tests.support.crowd import crowd, record
from tests.support.fake import FIXTURES, ROOT
from tests.support.items import READY, item

pytestmark = [pytest.mark.anyio, pytest.mark.node]

NAMES = "[...document.querySelectorAll('#troubles .row')].map((row) => row.querySelector('.kind').textContent + row.querySelector('.name').textContent)"
BOXES = "document.querySelectorAll('.node').length"
DETAILS = "document.getElementById('details').innerText"
TRANSFORM = "document.getElementById('view').getAttribute('transform')"
SMALL = """(() => {
  const scale = document.getElementById("view").getCTM().a;
  return [...document.querySelectorAll(".node text")].filter((text) => parseFloat(getComputedStyle(text).fontSize) * scale < 7.5).length;
})()"""
"""How many labels cannot be read at the scale that the page opens with."""


@pytest.fixture
async def staging(tmp_path: Path) -> Path:
    """The page as `graph` writes it: the graph with the causes of diagnose_flux."""
    file = tmp_path / "staging.html"
    graph, diagnosis = await data_of(FIXTURES / "staging"), await data_of(FIXTURES / "staging", "diagnose_flux")
    file.write_text(html(graph | {"causes": diagnosis["causes"]}))
    return file


async def test_everything_is_there_and_nothing_is_requested(staging: Path) -> None:
    found = visit(
        staging,
        ("value", BOXES),
        ("value", "document.querySelectorAll('.edge').length"),
        ("value", "document.querySelectorAll('#view .edge.depends').length"),
        ("value", "document.querySelectorAll('a, iframe, img, form, object, embed, link').length"),
        ("value", "document.querySelectorAll('[style]').length"),
    )
    # 96 edges; two of them may be between the same boxes, and the legend has two lines.
    assert found.values == [57, 98, 11, 0, 0]
    assert (found.requests, found.problems) == ([], [])


async def test_the_left_side_has_the_causes_in_the_order_of_diagnose_flux(staging: Path) -> None:
    data = await data_of(FIXTURES / "staging", "diagnose_flux")
    first = [name_of(data["objects"][cause["members"][0]]) for cause in data["causes"] if cause["members"]]
    shown = "[...document.querySelectorAll('#troubles > ol > li > ul:first-child > li:first-child .row')].map((row) => row.querySelector('.kind').textContent + row.querySelector('.name').textContent)"
    found = visit(staging, ("value", shown), ("value", NAMES))
    assert found.values[0] == first
    troubled = {name_of(found) for found in data["objects"] if found.get("trouble")}
    assert troubled <= set(found.values[1])


async def test_without_a_diagnosis_the_troubles_stand_in_the_order_of_trouble(tmp_path: Path) -> None:
    data = await data_of(FIXTURES / "staging")
    (tmp_path / "page.html").write_text(html(data))
    found = visit(tmp_path / "page.html", ("value", NAMES))
    assert found.values[0] == [name_of(data["objects"][place]) for place in data["troubles"]]


async def test_a_click_shows_what_is_known_of_an_object(staging: Path) -> None:
    """Its message, conditions, cause and fix, and what it blocks, from the recording's own JSON."""
    found = visit(
        staging,
        ("value", "document.getElementById('details').hidden"),
        ("press", "0"),
        ("click", ".node[aria-label^='HelmRelease apps/payments']"),
        ("value", DETAILS),
        ("press", "Escape"),
        ("value", "document.getElementById('details').hidden"),
    )
    assert (found.values[0], found.values[2], found.problems) == (True, True, [])
    text = found.values[1]
    for part in (
        "HelmRelease apps/payments",
        "Stalled",
        "InstallFailed",
        "RetriesExceeded",
        "Released",
        "cause: ",
        "fix: ",
    ):
        assert part in text
    assert "Helm install failed for release apps/payments with chart webapp@1.3.0" in text
    assert re.search(r"Blocks 1\n.*flux-system/apps", text, re.DOTALL)


async def test_the_keyboard_alone_is_enough(staging: Path) -> None:
    """From the search over the filters, the buttons and the list into the graph."""
    found = visit(
        staging,
        ("press", "/"),
        ("type", "payments installfailed"),
        ("until", f"{BOXES} === 1"),
        ("value", "document.getElementById('live').textContent"),
        ("press", *["Tab"] * 11),
        ("value", "document.activeElement.getAttribute('aria-label')"),
        ("press", "Enter"),
        ("value", "document.querySelector('#details h2').textContent"),
        ("press", "Escape"),
        ("value", "document.activeElement.getAttribute('aria-label').startsWith('HelmRelease apps/payments')"),
    )
    assert found.problems == []
    assert found.values[0] == "1 of 57 objects shown"
    assert found.values[1].startswith("HelmRelease apps/payments, Stalled, InstallFailed")
    assert found.values[2:] == ["HelmRelease apps/payments", True]


async def test_arrow_keys_move_along_the_edges_and_enter_opens(staging: Path) -> None:
    label = "document.activeElement.getAttribute('aria-label')"
    found = visit(
        staging,
        ("value", "document.querySelectorAll('.node[tabindex=\"0\"]').length"),
        (
            "value",
            'document.querySelector(\'.node[aria-label^="Kustomization apps/"], .node[aria-label*="HelmChart flux-system/apps-backend"]\').focus()',
        ),
        ("value", label),
        ("press", "ArrowRight"),
        ("value", label),
        ("press", "Enter"),
        ("value", "document.querySelector('#details h2').textContent"),
        ("value", "document.querySelectorAll('.node[aria-pressed=\"true\"]').length"),
    )
    assert found.values[0] == 1
    assert found.values[2].startswith("HelmChart flux-system/apps-backend, Stalled, InvalidChartReference, needs ")
    assert found.values[3].startswith("HelmRelease apps/backend, Failing (source-failing)")
    assert found.values[4:] == ["HelmRelease apps/backend", 1]


async def test_filters_reduce_what_is_drawn_and_listed(staging: Path) -> None:
    found = visit(
        staging,
        ("select", "#namespace", "=apps"),
        ("value", BOXES),
        ("select", "#health", "Stalled"),
        ("value", BOXES),
        ("click", "#clear"),
        ("select", "#kind", "Kustomization"),
        ("select", "#relation", "dependsOn"),
        (
            "value",
            "[document.querySelectorAll('#view .edge').length, document.querySelectorAll('#view .edge.depends').length]",
        ),
        ("click", "#clear"),
        ("value", BOXES),
    )
    recorded = [
        one for path in (FIXTURES / "staging").glob("*.fluxcd.io.json") for one in json.loads(path.read_text())["items"]
    ] + [
        one
        for path in (FIXTURES / "staging").glob("*.fluxcd.controlplane.io.json")
        for one in json.loads(path.read_text())["items"]
    ]
    apps = [one for one in recorded if one["metadata"]["namespace"] == "apps"]
    assert found.values[0] == len(apps)
    assert found.values[1] == 1
    assert found.values[2][0] == found.values[2][1] > 5
    assert found.values[3] == 57


async def test_the_graph_moves(staging: Path) -> None:
    found = visit(
        staging,
        ("value", TRANSFORM),
        ("wheel", "#graph", -300),
        ("value", TRANSFORM),
        ("drag", 700, 250, 60, 40),
        ("value", TRANSFORM),
        ("press", "0"),
        ("value", TRANSFORM),
    )
    assert len(set(found.values)) == 4
    assert found.problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(staging: Path, theme: str) -> None:
    """At least 4.5 to 1, as the Web Content Accessibility Guidelines 2.2 ask for (1.4.3), of every color of text."""
    script = """(() => {
      const root = getComputedStyle(document.documentElement);
      const light = (name) => {
        const hex = root.getPropertyValue(name).trim().slice(1);
        const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
        const parts = [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) / 255);
        const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
      return ["bad", "busy", "ready", "off"].flatMap((name) => [[`--${name}`, `--${name}-ground`], ["--text", `--${name}-ground`], ["--quiet", `--${name}-ground`]])
        .concat([["--text", "--ground"], ["--quiet", "--ground"], ["--quiet", "--raised"], ["--text", "--raised"]])
        .map(([a, b]) => [a, b, contrast(a, b)]);
    })()"""
    found = visit(staging, ("value", script), ("value", "getComputedStyle(document.body).backgroundColor"), theme=theme)
    assert [(a, b, ratio) for a, b, ratio in found.values[0] if ratio < 4.5] == []
    assert (found.values[1] == "rgb(255, 255, 255)") is (theme == "light")


async def test_a_thousand_objects_are_folded_by_namespace(tmp_path: Path) -> None:
    file = tmp_path / "crowd.html"
    file.write_text(html(await data_of(record(tmp_path / "crowd", crowd()), "diagnose_flux")))
    labels = "[...document.querySelectorAll('.node')].map((node) => node.getAttribute('aria-label'))"
    found = visit(
        file,
        ("value", labels),
        ("value", SMALL),
        ("value", "document.getElementById('tab-troubles').textContent"),
        ("click", "#troubles .row"),
        ("value", BOXES),
        ("value", "document.querySelector('.node[aria-pressed=\"true\"]').getAttribute('aria-label')"),
        ("click", "#fold"),
        ("value", BOXES),
        ("select", "#kind", "HelmRelease"),
        ("select", "#namespace", "=team-03"),
        ("value", BOXES),
    )
    groups = found.values[0]
    # Twenty teams and flux-system.
    assert len(groups) == 21
    assert "Group team-00, 48 objects: 3 Failing, 12 Waiting, 33 Ready. Enter opens it." in groups
    assert found.values[1:3] == [0, "Troubles (60)"]
    assert found.values[3] == 20 + 48
    assert found.values[4].startswith("Kustomization team-00/app-00, Failing, BuildFailed")
    assert found.values[5:] == [21, 21]
    assert found.problems == []


async def test_a_thousand_objects_of_one_kind_in_one_namespace_can_be_opened(tmp_path: Path) -> None:
    file = tmp_path / "crowd.html"
    file.write_text(html(await data_of(record(tmp_path / "crowd", [item(name=f"a-{n:04}") for n in range(1000)]))))
    found = visit(
        file,
        ("value", BOXES),
        ("click", ".node"),
        ("value", BOXES),
        ("click", ".node"),
        ("value", BOXES),
        ("click", ".node"),
        ("value", BOXES),
        ("value", "document.querySelectorAll('#objects .row').length"),
    )
    # The namespace, the kind, seventeen groups of sixty, and one of them opened.
    assert found.values == [1, 1, 17, 16 + 60, 300]
    assert found.problems == []


MARKS = "<img src=//evil.test/x onerror=window.pwned=1><script>window.pwned=1</script>"
PLANTED = (
    MARKS,
    '"><svg onload=window.pwned=1><a href="javascript:window.pwned=1">x</a>',
    "</script><script>window.pwned=1</script>",
    "https://evil.test/?x=1 [x](javascript:window.pwned=1) ![x](https://evil.test/x.png)",
    "__DATA__ ${window.pwned=1} {{constructor.constructor('window.pwned=1')()}}",
    "<style>*{background:url(https://evil.test)}</style><base href=https://evil.test>",
    "&lt;b&gt; &#60;img src=x onerror=window.pwned=1&#62;",
)


def hostile(text: str, number: int) -> list[dict[str, Any]]:
    """Objects with a text in every field that reaches the page."""
    conditions = [
        {**READY, "type": kind, "status": "False", "reason": text, "message": f"{kind} {text}"}
        for kind in ("Ready", "Stalled", "Healthy", f"Odd {text}")
    ]
    spec = {
        "sourceRef": {"kind": "GitRepository", "name": f"source {text}"},
        "dependsOn": [{"name": f"other {text}", "namespace": text}],
        "path": text,
    }
    status = {"conditions": conditions, "lastAppliedRevision": text, "lastAttemptedRevision": text}
    annotations = {"fluxcd.controlplane.io/suspendedBy": text, "reconcile.fluxcd.io/requestedAt": text}
    named = item(
        name=f"name-{number} {text}", namespace=text, spec=spec, status=status, metadata={"annotations": annotations}
    )
    plain = item(
        name=f"plain-{number}", spec=spec, status=status, metadata={"annotations": annotations, "finalizers": [text]}
    )
    return [named, plain]


@pytest.mark.parametrize("tool", ["get_flux_graph", "diagnose_flux"])
async def test_text_of_the_cluster_is_text(tmp_path: Path, tool: str) -> None:
    """Markup, script and URLs in every field, seen in boxes, lists and details: nothing runs, loads or becomes an element."""
    objects = [one for number, text in enumerate(PLANTED) for one in hostile(text, number)]
    file = tmp_path / "page.html"
    file.write_text(html(await data_of(record(tmp_path / "<b>odd<i>", objects), tool)))
    tags = "[...new Set([...document.querySelectorAll('*')].map((element) => element.tagName.toLowerCase()))].sort()"
    handlers = "[...document.querySelectorAll('*')].flatMap((element) => [...element.attributes]).filter(({ name, value }) => name.startsWith('on') || ['href', 'src', 'style', 'xlink:href', 'srcdoc'].includes(name)).map(({ name, value }) => name + value)"
    opened = [
        step
        for number in range(len(PLANTED))
        for step in (
            (
                "value",
                f"[...document.querySelectorAll('.row')].find((row) => row.querySelector('.name').textContent.startsWith('flux-system/plain-{number}')).click()",
            ),
            ("value", DETAILS),
        )
    ]
    found = visit(
        file,
        ("value", tags),
        *opened,
        ("value", tags),
        ("value", handlers),
        ("value", "window.pwned ?? null"),
        ("value", "document.title"),
    )
    assert (found.requests, found.problems) == ([], [])
    known = [
        "aside",
        "body",
        "button",
        "circle",
        "div",
        "dd",
        "dl",
        "dt",
        "g",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "input",
        "li",
        "main",
        "meta",
        "nav",
        "ol",
        "option",
        "p",
        "path",
        "pre",
        "rect",
        "script",
        "section",
        "select",
        "span",
        "strong",
        "style",
        "svg",
        "text",
        "title",
        "tspan",
        "ul",
    ]
    assert set(found.values[0]) | set(found.values[-4]) <= set(known)
    assert found.values[-3:] == [[], None, "Flux graph of <b>odd<i>"]
    for number, text in enumerate(PLANTED):
        details = found.values[2 + 2 * number]
        assert " ".join(text.split()) in " ".join(details.split())


async def test_what_could_not_be_read_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(html(await data_of(FIXTURES / "limited")))
    found = visit(
        file,
        ("value", "[...document.querySelectorAll('#notes .warning')].map((line) => line.textContent)"),
        ("value", "document.getElementById('troubles').innerText"),
    )
    assert found.values[0][0].startswith("Could not read: ")
    assert "No object is in trouble." not in found.values[1]


def test_the_page_can_be_built_again(tmp_path: Path) -> None:
    """The same source brings the same file, where the packages are installed."""
    if not (ROOT / "page" / "node_modules").is_dir():
        pytest.skip("page/node_modules is missing: run make page")
    built = ROOT / "flux_mcp" / "render" / "page.html"
    before = built.read_bytes()
    subprocess.run(["node", "build.mjs"], cwd=ROOT / "page", check=True, timeout=120)
    assert built.read_bytes() == before


def host(folder: Path, theme: str, result: dict[str, Any], args: dict[str, Any], answers: dict[str, Any]) -> Path:
    """A host of MCP Apps in a file, built of npm's @modelcontextprotocol/ext-apps, that shows a result in the page."""
    needs("@modelcontextprotocol/ext-apps", "esbuild")
    shutil.copy(FOLDER / "host.html", folder)
    built = ["node_modules/.bin/esbuild", "host.mjs", "--bundle", "--format=iife", f"--outfile={folder / 'host.js'}"]
    subprocess.run([*built, "--log-level=error"], cwd=FOLDER, check=True, timeout=120)
    given = {"html": template(), "theme": theme, "result": result, "args": args, "answers": answers}
    (folder / "app.js").write_text(f"window.app = {json.dumps(given)};")
    return folder / "host.html"


async def called(tool: str, recording: Path = FIXTURES / "staging", **arguments: Any) -> dict[str, Any]:
    """The result of a tool call as a host gets it that announced MCP Apps."""
    settings = Settings(recording=recording)
    pages = [advertise("io.modelcontextprotocol/ui", {"mimeTypes": ["text/html;profile=mcp-app"]})]
    async with Client(build(connect(settings), settings), extensions=pages) as client:
        result = await client.call_tool(tool, arguments)
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.mark.parametrize("tool", ["get_flux_graph", "diagnose_flux"])
async def test_a_host_of_mcp_apps_shows_the_page_and_calls_tools_for_it(tmp_path: Path, tool: str) -> None:
    answer = await called("get_flux_resource", kind="HelmChart", name="apps-backend", namespace="flux-system")
    file = host(tmp_path, "dark", await called(tool), {}, {"get_flux_resource": answer})
    found = visit(
        file,
        ("frame",),
        ("until", f"{BOXES} === 57"),
        ("value", "document.documentElement.dataset.theme"),
        ("value", "innerHeight"),
        ("click", "#troubles .row"),
        ("value", "document.querySelector('#details h2').textContent"),
        ("click", "#details h3 + button"),
        ("until", "document.querySelector('#details pre')"),
        ("value", "document.querySelector('#details pre').textContent"),
        ("value", "window.origin"),
        ("page",),
        ("value", "window.calls"),
        ("value", "window.setTheme('light')"),
        ("frame",),
        ("until", "document.documentElement.dataset.theme === 'light'"),
    )
    assert found.problems == []
    assert [url for url in found.requests if not url.startswith("file://") and not url.startswith("about:")] == []
    theme, height, heading, text, origin, calls, _ = found.values
    assert (theme, height, origin) == ("dark", 640, "null")
    first = heading.split(" ")
    namespace, name = first[1].split("/")
    assert calls == [
        {"name": "get_flux_resource", "arguments": {"kind": first[0], "namespace": namespace, "name": name}}
    ]
    assert text == answer["content"][0]["text"]


async def test_a_host_gets_the_text_of_an_error(tmp_path: Path) -> None:
    result = await called("get_flux_graph", kind="Kustomization", name="nope")
    found = visit(
        host(tmp_path, "light", result, {}, {}),
        ("frame",),
        ("until", "document.querySelector('pre')"),
        ("value", "document.getElementById('answer').innerText"),
    )
    assert "There is no Kustomization" in found.values[0]
    assert found.problems == []


async def test_where_a_host_hands_on_the_text_alone_the_page_reads_the_graph_itself(tmp_path: Path) -> None:
    result = await called("diagnose_flux", namespace="apps")
    whole = await called("get_flux_graph", namespace="apps")
    stripped = {key: part for key, part in result.items() if key != "_meta"}
    found = visit(
        host(tmp_path, "light", stripped, {"namespace": "apps"}, {"get_flux_graph": whole}),
        ("frame",),
        ("until", "document.querySelector('#answer pre')"),
        ("value", "document.querySelector('#answer pre').textContent"),
        ("click", "#answer button"),
        ("until", f"{BOXES} > 0"),
        ("value", "[document.getElementById('answer').hidden, document.querySelector('main').hidden]"),
        ("page",),
        ("value", "window.calls"),
    )
    assert found.values[0] == result["content"][0]["text"]
    assert found.values[1:] == [[True, False], [{"name": "get_flux_graph", "arguments": {"namespace": "apps"}}]]
    assert found.problems == []
