"""What all tests share: an MCP client in memory, a fake kubectl, the hypothesis profile."""

import gc
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from mcp import Client
from mcp_types import TextContent

from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Recording, Settings
from flux_mcp.worker import Worker
from tests.support.fake import FIXTURES, FakeKubectl

settings.register_profile(
    "fluxcd-mcp",
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    settings.get_profile("fluxcd-mcp"),
    max_examples=100,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
FUZZING = os.environ.get("FLUX_MCP_FUZZ") == "1"
settings.load_profile("fuzz" if FUZZING else "fluxcd-mcp")


def examples(count: int) -> settings:
    """So many examples, where a test would take too long for more; as many as the profile has when fuzzing."""
    return settings() if FUZZING else settings(max_examples=count)


COLLECTED = pytest.StashKey[list[str]]()
"""Every test that pytest found, before marks leave some out."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.stash[COLLECTED] = [item.nodeid for item in items]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    # What lasts as long as the session is not looked through again and again, nor copied after every fork.
    gc.collect()
    gc.freeze()
    # Thousands of servers come and go here, none of which is large.
    Worker.worth = 2.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/tools/golden/ from the code")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Reply:
    """What a client got: the text, and whether it is an MCP tool error."""

    text: str
    is_error: bool

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


Ask = Callable[..., Awaitable[Reply]]


async def ask_server(server: Any, tool: str, arguments: dict[str, Any], mode: str = "auto") -> Reply:
    """One tool call through a real MCP client session in memory."""
    async with Client(server, mode=mode) as client:
        result = await client.call_tool(tool, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert result.structured_content is None
    return Reply(content.text, bool(result.is_error))


@pytest.fixture
def fake(tmp_path: Path) -> FakeKubectl:
    return FakeKubectl(tmp_path / "fake")


@pytest.fixture
def ask_fake(fake: FakeKubectl, request: pytest.FixtureRequest) -> Ask:
    """Ask a server whose kubectl is the fake: `await ask_fake(tool, name=…, settings={"timeout": 2})`.

    What the fake prints is answered in this process, unless the test has the mark `processes` or other settings.

    The server is the same for all calls of a test, unless settings are given.
    """
    servers: dict[str, Any] = {}

    async def ask(tool: str, /, *, settings: dict[str, Any] | None = None, **arguments: Any) -> Reply:
        key = repr(settings)
        if key not in servers:
            chosen = Settings(**{"kubectl": str(fake.path), "access": Access(), "timeout": 20.0, **(settings or {})})
            real = request.node.get_closest_marker("processes") is not None or chosen.kubectl != str(fake.path)
            servers[key] = build(connect(chosen) if real else fake.connect(chosen), chosen)
        return await ask_server(servers[key], tool, arguments)

    return ask


@pytest.fixture
def ask_recording() -> Ask:
    """Ask a server that answers from a fixture: `await ask_recording("staging", tool, name=…)`."""

    async def ask(recording: str, tool: str, /, **arguments: Any) -> Reply:
        chosen = Settings(recording=FIXTURES / recording)
        return await ask_server(build(connect(chosen), chosen), tool, arguments)

    return ask


@pytest.fixture
def ask_recordings() -> Ask:
    """Ask a server whose contexts are fixtures: `await ask_recordings(("before", "after"), tool, context="after")`."""

    async def ask(recordings: Sequence[str], tool: str, /, **arguments: Any) -> Reply:
        chosen = Settings(recordings=tuple(Recording(FIXTURES / name) for name in recordings))
        return await ask_server(build(connect(chosen), chosen), tool, arguments)

    return ask
