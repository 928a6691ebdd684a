"""Clients of the TypeScript SDK, in its first and its second version, list and call in both eras of the protocol.

`make test-node` installs them into tests/conformance/typescript.
"""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from flux_mcp.cluster.client import Cluster
from flux_mcp.kubectl.connect import connect
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.conftest import Ask
from tests.support.fake import FIXTURES, ROOT

pytestmark = [pytest.mark.anyio, pytest.mark.node]

FOLDER = ROOT / "tests" / "conformance" / "typescript"
SERVE = [sys.executable, "-m", "flux_mcp", "serve", f"--recording={FIXTURES / 'staging'}"]
MODES = {"first": "legacy", "legacy": "legacy", "auto": "modern", "2026-07-28": "modern"}
"""What the client is to speak, and the era that it must end up in."""


@pytest.fixture(scope="module", params=MODES)
def asked(request: pytest.FixtureRequest) -> dict[str, Any]:
    if shutil.which("node") is None:
        pytest.skip("there is no node on PATH")
    if not (FOLDER / "node_modules" / "@modelcontextprotocol").is_dir():
        pytest.skip("the TypeScript SDK is not installed: npm is missing, or could not get it")
    done = subprocess.run(
        ["node", "ask.mjs", request.param, *SERVE], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = {**json.loads(done.stdout), "mode": request.param}
    return found


async def test_it_lists_what_is_offered(asked: dict[str, Any]) -> None:
    assert asked["era"] == MODES[asked["mode"]]
    chosen = Settings(recording=FIXTURES / "staging")
    offered = Toolbox(Cluster(connect(chosen)), chosen).tools
    assert asked["tools"] == [*offered]
    assert asked["readOnly"] == [name for name, tool in offered.items() if tool.reads_only]
    assert "why-flux-fails" in asked["prompts"]
    assert len(asked["resource"]) > 100


async def test_an_answer_is_the_one_of_the_command_line(asked: dict[str, Any], ask_recording: Ask) -> None:
    reply = await ask_recording("staging", "list_flux_resources", kinds=["Kustomization"], namespace="flux-system")
    assert asked["answer"] == reply.text
    assert not asked["isError"]


async def test_an_error_is_one_of_the_tool(asked: dict[str, Any]) -> None:
    assert asked["wrongIsError"]
    assert "did you mean Kustomization?" in asked["wrong"]
