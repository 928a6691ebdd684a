"""The page of the graph: its data are masked and bounded, and the built file is that of its source."""

import hashlib
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import orjson
import pytest

from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.connect import connect
from flux_mcp.render.answer import Answer
from flux_mcp.render.page import APP_BOUND, html, template
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.support.crowd import crowd, record
from tests.support.fake import FIXTURES, ROOT
from tests.support.items import failing, item

pytestmark = pytest.mark.anyio

SOURCE = ROOT / "page"


async def data_of(recording: Path, tool: str = "get_flux_graph", **arguments: Any) -> dict[str, Any]:
    settings = Settings(recording=recording)
    toolbox = Toolbox(Cluster(connect(settings), settings.access), settings)

    def data(answer: Answer) -> dict[str, Any]:
        page = answer.page()
        assert page is not None
        return page.data(APP_BOUND)

    return await toolbox.answer(tool, arguments, data)


def name_of(found: dict[str, Any]) -> str:
    return f"{found['kind']} {found['namespace']}/{found['name']}"


def test_the_built_page_is_that_of_its_source() -> None:
    """The digest that page/build.mjs writes, taken of the files as they are now."""
    paths = [
        "build.mjs",
        "package-lock.json",
        "package.json",
        *sorted(f"src/{path.name}" for path in (SOURCE / "src").iterdir()),
    ]
    lines = (f"{path} {hashlib.sha256((SOURCE / path).read_bytes()).hexdigest()}\n" for path in paths)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert f'<meta name="source" content="{digest}">' in template(), "page.html is stale: run make page"


def test_the_page_runs_its_own_script_and_style_and_loads_nothing() -> None:
    """Content-Security-Policy, Level 3: a hash-source is the base64 of the SHA-256 of an element's text."""
    page = template()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    found = dict(part.split(" ", 1) for part in policy[1].split("; "))
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert found == {
        "default-src": "'none'",
        "script-src": digest_of(*script),
        "style-src": digest_of(*style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert re.findall(r"""(?:src|href|srcset|action)\s*=\s*["']""", page) == []
    for name in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "fetch(",
        "XMLHttpRequest",
    ):
        assert name not in page


def digest_of(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_holds_the_licenses_of_what_is_in_it() -> None:
    for package in orjson.loads((SOURCE / "package.json").read_bytes())["dependencies"]:
        assert f"\n{package} " in template()
    assert template().count("Permission is hereby granted") == 2


async def test_the_page_of_staging_has_every_object_and_edge() -> None:
    """56 objects, one GitRepository that does not exist, and the 96 edges of tests/tools/questions.md."""
    data = await data_of(FIXTURES / "staging")
    assert (len(data["objects"]), len(data["edges"])) == (57, 96)
    (missing,) = (found for found in data["objects"] if "absent" in found)
    assert (name_of(missing), missing["absent"]) == ("GitRepository flux-system/nope", "missing")
    assert data["warnings"] == []
    payments = next(found for found in data["objects"] if name_of(found) == "HelmRelease apps/payments")
    assert (payments["health"], payments["reason"], payments["trouble"]) == ("Stalled", "InstallFailed", True)
    assert {condition[0] for condition in payments["conditions"]} >= {"Ready", "Stalled", "Released"}
    assert data["causes"] is None


async def test_the_troubles_stand_in_the_order_of_trouble() -> None:
    data = await data_of(FIXTURES / "staging")
    listed = [data["objects"][place] for place in data["troubles"]]
    order = ["Stalled", "Failing", "Deleting", "Pending", "Stale", "Waiting", "Progressing", "Ready"]
    positions = [order.index(found["health"]) for found in listed]
    assert positions == sorted(positions)
    assert len(listed) == 25


async def test_the_causes_are_those_of_the_answer_in_their_order() -> None:
    settings = Settings(recording=FIXTURES / "staging")
    text = await Toolbox(Cluster(connect(settings), settings.access), settings).call("diagnose_flux", {})
    data = await data_of(FIXTURES / "staging", "diagnose_flux")
    titles = [line for line in text.splitlines() if re.match(r"\d+\. ", line)]
    assert len(titles) > 10
    assert [cause["lines"][0] for cause in data["causes"]] == titles
    chart = next(cause for cause in data["causes"] if "HelmChart flux-system/apps-backend" in cause["lines"][0])
    assert {name_of(data["objects"][place]) for place in chart["blocks"]} == {
        "HelmRelease apps/backend",
        "Kustomization flux-system/apps",
        "HelmRelease apps/frontend",
    }


@pytest.mark.parametrize(
    ("arguments", "objects"),
    [
        ({"edges": "dependencies"}, 13),
        ({"kind": "FluxReport", "name": "flux"}, 1),
        ({"kind": "HelmRelease", "name": "payments", "namespace": "apps"}, None),
    ],
)
async def test_the_page_shows_what_was_requested(arguments: dict[str, str], objects: int | None) -> None:
    data = await data_of(FIXTURES / "staging", **arguments)
    assert objects is None or len(data["objects"]) == objects
    if "name" in arguments:
        assert arguments["name"] in {found["name"] for found in data["objects"]}
    assert len(data["objects"]) < 56


async def test_what_could_not_be_read_is_a_warning() -> None:
    data = await data_of(FIXTURES / "limited")
    assert data["warnings"]
    assert data["warnings"][0].startswith("Could not read: ")


@pytest.mark.parametrize("tool", ["get_flux_graph", "diagnose_flux"])
async def test_the_data_of_many_objects_are_bounded(tmp_path: Path, tool: str) -> None:
    data = await data_of(record(tmp_path / "crowd", crowd()), tool)
    assert len(orjson.dumps(data)) <= 256_000
    assert len(data["objects"]) == 1000
    assert not any("left out" in line for line in data["warnings"])


async def test_more_objects_than_fit_are_counted_and_troubles_kept(tmp_path: Path) -> None:
    healthy = [item(name=f"app-{number}", namespace="apps") for number in range(6000)]
    bad = [failing("x" * 5000, name=f"bad-{number}", namespace="apps") for number in range(300)]
    data = await data_of(record(tmp_path / "crowd", [*healthy, *bad]))
    assert len(orjson.dumps(data)) <= 256_000
    assert len(data["troubles"]) == 300
    shown = len(data["objects"])
    assert 500 < shown < 6300
    assert f"{6300 - shown} objects and 0 edges left out: narrow with namespace, or kind and name." in data["warnings"]


async def test_data_cannot_end_the_element_that_holds_them(tmp_path: Path) -> None:
    message = "</script><script>window.pwned = 1</script><!-- \u2028 ]]>"
    data = await data_of(record(tmp_path / "odd", [failing(message, name="bad")]))
    page = html(data)
    assert page.count("</script") == template().count("</script")
    assert page.count("<!--") == template().count("<!--")
    held = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert held is not None
    assert orjson.loads(held[1]) == data
