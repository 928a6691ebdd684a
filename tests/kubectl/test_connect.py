"""Recordings as contexts: beside each other, and beside a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import TextContent
from typer.testing import CliRunner

from flux_mcp.cli import app
from flux_mcp.kubectl.connect import SeveralContexts, connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Recording, Settings
from tests.conftest import Ask, Reply, ask_server
from tests.support.arguments import Named, just_one
from tests.support.fake import FIXTURES, FakeKubectl
from tests.support.items import EVERY_RESOURCE, item

pytestmark = pytest.mark.anyio

PAIR = ("before", "after")
OBJECTS = [Named("Kustomization", "flux-system", "web"), Named("HelmRelease", "shop", "basket")]
IN_THE_OTHER = {"before": "extras", "after": "orphan-source"}
"""A Kustomization that is not in a recording, and is in the other one."""


async def test_every_reading_tool_answers_from_the_recording_that_a_context_names() -> None:
    """The same as from a server with that recording alone, but for the names of contexts."""
    settings = Settings(recordings=tuple(Recording(FIXTURES / name) for name in PAIR))
    alone = {name: Settings(recordings=(Recording(FIXTURES / name, name),)) for name in PAIR}
    asked = 0
    async with Client(build(connect(settings), settings)) as both:
        tools = (await both.list_tools()).tools
        for name in PAIR:
            async with Client(build(connect(alone[name]), alone[name])) as one:
                for tool in tools:
                    if (
                        "with_context" in tool.input_schema["properties"]
                        or "context" not in tool.input_schema["properties"]
                    ):
                        continue
                    for arguments in just_one(tool.input_schema, OBJECTS):
                        expected = await one.call_tool(tool.name, arguments)
                        found = await both.call_tool(tool.name, {**arguments, "context": name})
                        assert text_of(found) == text_of(expected)
                        asked += 1
    assert asked > 20


def text_of(result: Any) -> str:
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


@pytest.mark.parametrize("name", PAIR)
async def test_a_context_has_its_own_objects_and_its_own_time(ask_recordings: Ask, name: str) -> None:
    reply = await ask_recordings(PAIR, "list_flux_resources", context=name)
    times = {"before": "2026-11-27T08:33:02Z", "after": "2026-11-27T08:40:06Z"}
    assert reply.lines[0].endswith(f"context {name} · user admin · {times[name]}")
    assert IN_THE_OTHER[name] not in reply.text


async def test_the_first_recording_is_in_use(ask_recordings: Ask) -> None:
    for names in (PAIR, PAIR[::-1]):
        reply = await ask_recordings(names, "get_flux_graph")
        assert f"context {names[0]} " in reply.lines[0]
        contexts = await ask_recordings(names, "get_kubeconfig_contexts")
        assert contexts.lines[1] == f"Context {names[0]} (in use): cluster {names[0]}, user admin"
        assert contexts.lines[2] == f"Context {names[1]}: cluster {names[1]}, user admin"


async def test_a_context_that_there_is_not_is_refused_with_those_that_there_are(ask_recordings: Ask) -> None:
    reply = await ask_recordings(PAIR, "list_flux_resources", context="staging")
    assert reply.is_error
    assert '"before", "after"' in reply.text


async def test_recordings_have_no_reconcile_tools() -> None:
    settings = Settings(recordings=tuple(Recording(FIXTURES / name) for name in PAIR))
    async with Client(build(connect(settings), settings)) as client:
        assert not any(tool.name.startswith("reconcile") for tool in (await client.list_tools()).tools)


def beside(fake: FakeKubectl) -> Settings:
    fake.serves(*EVERY_RESOURCE)
    fake.lists(item(name="live"))
    return Settings(
        kubectl=str(fake.path),
        access=Access(context="prod", impersonate="viewer"),
        recordings=(Recording(FIXTURES / "after"),),
    )


async def test_beside_a_cluster_that_is_the_context_in_use(fake: FakeKubectl) -> None:
    settings = beside(fake)
    server = build(connect(settings), settings)

    async def ask(tool: str, **arguments: Any) -> Reply:
        return await ask_server(server, tool, arguments)

    live = await ask("list_flux_resources")
    assert "context prod · as viewer" in live.lines[0]
    assert "live" in live.text
    recorded = await ask("list_flux_resources", context="after")
    assert "context after · user admin · 2026-11-27T08:40:06Z" in recorded.lines[0]
    assert "live" not in recorded.text
    assert [line.partition(":")[0] for line in (await ask("get_kubeconfig_contexts")).lines[1:]] == [
        "Context prod (in use)",
        "Context after",
    ]
    # The kubeconfig has more contexts, which this server was not started for.
    assert (await ask("list_flux_resources", context="dev")).is_error
    assert all("--context=prod" in call for call in fake.calls() if "get" in call)


async def test_without_a_context_no_kubectl_is_started(fake: FakeKubectl) -> None:
    settings = Settings(kubectl=str(fake.path), recordings=tuple(Recording(FIXTURES / name) for name in PAIR))
    kubectl = connect(settings)
    assert isinstance(kubectl, SeveralContexts)
    for tool, arguments in (
        ("list_flux_resources", {}),
        ("compare_flux", {"context": "before", "with_context": "after"}),
        ("get_flux_fleet", {}),
    ):
        assert not (await ask_server(build(kubectl, settings), tool, arguments)).is_error
    assert fake.calls() == []


@pytest.mark.parametrize("by", ["flags", "variable"])
def test_the_command_line_takes_several(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [f"then={FIXTURES / 'before'}", str(FIXTURES / "after")]
    flags = [f"--recording={folder}" for folder in folders] if by == "flags" else []
    if by == "variable":
        monkeypatch.setenv("FLUX_MCP_RECORDING", ":".join(folders))
    result = CliRunner().invoke(app, ["call", "compare_flux", "context=then", "with_context=after", *flags])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("compare_flux · context then · user admin")


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / "recording.json").write_text(json.dumps({"recordedAt": "2026-01-01T00:00:00Z"}))
    flags = [f"--recording={folder}" for folder in (FIXTURES / "after", tmp_path / "after")]
    result = CliRunner().invoke(app, ["call", "get_flux_fleet", *flags])
    assert result.exit_code == 2
    assert "NAME=DIR" in result.output
