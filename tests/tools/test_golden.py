"""tools/list is a contract with every client: what changes in it is seen in tests/tools/golden/."""

import json
from pathlib import Path

import pytest
from mcp import Client

from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Settings
from tests.support.fake import FIXTURES
from tests.support.tokens import tokens

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, text: str, *, update: bool) -> None:
    path = GOLDEN / name
    if update:
        path.write_text(text)
    assert text == path.read_text()


async def listed(settings: Settings) -> list[dict]:
    async with Client(build(connect(settings), settings)) as client:
        tools = (await client.list_tools()).tools
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]


async def test_golden_tools_list(request: pytest.FixtureRequest) -> None:
    tools = await listed(Settings())
    check_golden("tools.json", json.dumps(tools, indent=2) + "\n", update=request.config.getoption("--update-golden"))


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(Settings(recording=FIXTURES / "staging"), id="recording"),
        pytest.param(Settings(access=Access(context="dev")), id="context"),
    ],
)
async def test_a_pinned_server_takes_no_context(settings: Settings) -> None:
    for tool in await listed(settings):
        assert "context" not in tool["inputSchema"]["properties"]


async def test_every_schema_refuses_unknown_arguments_and_says_what_each_is() -> None:
    for tool in await listed(Settings()):
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["description"]
        for told in tool["inputSchema"]["properties"].values():
            assert told["type"]
            assert told["description"]


WRITING = {"reconcile_flux_resource": True, "reconcile_flux_sources": False}
"""The tools that write, and whether what they may do is destructive: the first takes force."""


async def test_reading_tools_say_that_they_read_and_writing_tools_what_they_do() -> None:
    for tool in await listed(Settings()):
        hints = tool["annotations"]
        if tool["name"] not in WRITING:
            assert hints == {"readOnlyHint": True, "openWorldHint": False}
            continue
        destructive = WRITING[tool["name"]]
        assert hints == {
            "readOnlyHint": False,
            "destructiveHint": destructive,
            "idempotentHint": False,
            "openWorldHint": True,
        }


@pytest.mark.parametrize("settings", [Settings(read_only=True), Settings(recording=FIXTURES / "staging")])
async def test_a_server_that_only_reads_lists_no_tool_that_writes(settings: Settings) -> None:
    assert WRITING.keys().isdisjoint(tool["name"] for tool in await listed(settings))
    async with Client(build(connect(settings), settings)) as client:
        assert "reconcile tools" not in (client.instructions or "")


async def test_the_list_of_tools_is_short() -> None:
    """At most 2,800 tokens for all tools: names, descriptions and input schemas as compact JSON."""
    brief = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in await listed(Settings())]
    assert tokens(json.dumps(brief, separators=(",", ":"), ensure_ascii=False)) <= 2_800
