"""An answer advises no tool that the server does not offer."""

import re

import pytest
from mcp import Client

from flux_mcp.kubectl.connect import connect
from flux_mcp.render.answer import Answer
from flux_mcp.server import build
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import TOOLS
from tests.conftest import ask_server
from tests.support.fake import FIXTURES

pytestmark = pytest.mark.anyio

STAGING = FIXTURES / "staging"
WRITING = {"reconcile_flux_resource", "reconcile_flux_sources"}


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        pytest.param(Settings(recording=STAGING), {*WRITING, "get_kubernetes_logs"}, id="recording"),
        pytest.param(
            Settings(recording=STAGING, flux_only=True),
            {*WRITING, "get_kubernetes_logs", "get_kubernetes_resources"},
            id="flux-only",
        ),
    ],
)
async def test_an_answer_knows_the_tools_that_are_offered(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, missing: set[str]
) -> None:
    seen = []
    render = Answer.render

    def noted(answer: Answer) -> str:
        seen.append(answer.request)
        return render(answer)

    monkeypatch.setattr(Answer, "render", noted)
    reply = await ask_server(build(connect(settings), settings), "get_flux_instance", {})
    assert not reply.is_error
    (request,) = seen
    assert request.offers("get_flux_instance")
    assert request.offers("list_flux_resources")
    assert not any(map(request.offers, missing))


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_flux_instance", {}),
        ("list_flux_resources", {}),
        ("list_flux_resources", {"status": "failing", "limit": 3}),
        ("list_flux_workloads", {"limit": 3}),
        ("get_flux_resource", {"kind": "GitRepository", "name": "flux-system"}),
        ("get_flux_resource", {"kind": "HelmRelease", "name": "payments"}),
    ],
)
async def test_no_answer_advises_a_tool_that_is_not_offered(tool: str, arguments: dict) -> None:
    settings = Settings(recording=STAGING, flux_only=True)
    server = build(connect(settings), settings)
    async with Client(server) as client:
        offered = {listed.name for listed in (await client.list_tools()).tools}
    reply = await ask_server(server, tool, arguments)
    assert not reply.is_error
    named = {known.name for known in TOOLS if re.search(rf"\b{known.name}\b", reply.text)}
    assert named <= offered
