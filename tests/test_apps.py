"""MCP Apps: the page goes to the clients that announce it, and others see a server without it."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from mcp import Client
from mcp.client.extension import advertise

from flux_mcp.apps import DATA, PAGE_URI
from flux_mcp.kubectl.connect import connect
from flux_mcp.render.page import template
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.support.crowd import crowd, record
from tests.support.fake import FIXTURES

pytestmark = pytest.mark.anyio

EXTENSION = "io.modelcontextprotocol/ui"
APPS = {"mimeTypes": ["text/html;profile=mcp-app"]}
MODES = ["auto", "legacy"]
"""The protocol of 2026-07-28, and the handshake before it."""


def client(mode: str, apps: Mapping[str, Any] | None = None, recording: Any = FIXTURES / "staging") -> Client:
    chosen = Settings(recording=recording)
    extensions = None if apps is None else [advertise(EXTENSION, dict(apps))]
    return Client(build(connect(chosen), chosen), mode=mode, extensions=extensions)


async def listed(found: Client) -> dict[str, Any]:
    return {tool.name: tool.model_dump(by_alias=True, exclude_none=True) for tool in (await found.list_tools()).tools}


@pytest.mark.parametrize("mode", MODES)
async def test_the_page_is_bound_to_two_tools_where_the_client_shows_pages(mode: str) -> None:
    async with client(mode, APPS) as found:
        bound = {
            name: tool["_meta"]["ui"] for name, tool in (await listed(found)).items() if "ui" in tool.get("_meta", {})
        }
        assert bound == {name: {"resourceUri": PAGE_URI} for name in ("get_flux_graph", "diagnose_flux")}
        (resource,) = [one for one in (await found.list_resources()).resources if one.uri == PAGE_URI]
        (content,) = (await found.read_resource(resource.uri)).contents
    assert (str(resource.uri), resource.mime_type) == (PAGE_URI, "text/html;profile=mcp-app")
    assert content.mime_type == "text/html;profile=mcp-app"
    assert content.model_dump()["text"] == template()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "apps", [None, {}, {"mimeTypes": []}, {"mimeTypes": ["text/html"]}, {"mimeTypes": "text/html;profile=mcp-app"}]
)
async def test_other_clients_see_a_server_without_it(mode: str, apps: dict[str, Any] | None) -> None:
    """Their lists, capabilities and results hold no trace of it."""
    async with client(mode, apps) as plain, client(mode, APPS) as rich:
        tools, others = await listed(plain), await listed(rich)
        assert not any("_meta" in tool for tool in tools.values())
        assert tools == {
            name: {key: part for key, part in tool.items() if key != "_meta"} for name, tool in others.items()
        }
        capabilities = plain.server_capabilities
        assert capabilities is not None
        assert EXTENSION not in (capabilities.extensions or {})
        uris = [str(resource.uri) for resource in (await plain.list_resources()).resources]
        assert uris
        assert PAGE_URI not in uris
        for name in ("get_flux_graph", "diagnose_flux"):
            result, other = await plain.call_tool(name, {}), await rich.call_tool(name, {})
            assert DATA not in (result.meta or {})
            assert DATA in (other.meta or {})
            assert result.content == other.content


@pytest.mark.parametrize("mode", MODES)
async def test_the_server_announces_it_to_a_client_that_does(mode: str) -> None:
    """The handshake before 2026-07-28 has no place for extensions of a server."""
    async with client(mode, APPS) as found:
        capabilities = found.server_capabilities
        assert capabilities is not None
        assert capabilities.resources is not None
        assert mode == "legacy" or EXTENSION in (capabilities.extensions or {})


async def test_only_the_two_tools_bring_data_and_never_with_an_error() -> None:
    async with client("auto", APPS) as found:
        assert DATA not in ((await found.call_tool("list_flux_resources", {})).meta or {})
        failed = await found.call_tool("get_flux_graph", {"kind": "Kustomization", "name": "nope"})
        assert failed.is_error
        assert DATA not in (failed.meta or {})


@pytest.mark.parametrize("tool", ["get_flux_graph", "diagnose_flux"])
async def test_the_data_are_bounded_and_the_model_gets_the_text_alone(tmp_path: Any, tool: str) -> None:
    async with client("auto", APPS, record(tmp_path / "crowd", crowd())) as found:
        result = await found.call_tool(tool, {})
    assert result.structured_content is None
    assert result.meta is not None
    assert len(orjson.dumps(result.meta)) <= 256 * 1024
    assert len(result.meta[DATA]["objects"]) == 1000
