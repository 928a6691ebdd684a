"""`fluxcd-mcp record` against the cluster that it records, tool by tool."""

import json
import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from flux_mcp.kubectl.connect import connect
from flux_mcp.kubectl.live import LiveKubectl
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.server import build
from flux_mcp.settings import Access, Recording, Settings
from flux_mcp.tools.registry import TOOLS
from tests.conftest import ask_server
from tests.recording.test_record import NOT_COMPARED, Still, answers, record
from tests.support.arguments import Named, just_one
from tests.support.live import NAMESPACE, Fleet, context, kubectl

pytestmark = pytest.mark.live

COMPARED = [tool.name for tool in TOOLS if tool.reads_only and tool.recorded and tool.name not in NOT_COMPARED]
SEVERAL = [tool.name for tool in TOOLS if tool.several]
OBJECTS = [
    Named("Kustomization", NAMESPACE, "app"),
    Named("HelmRelease", NAMESPACE, "web"),
    Named("Deployment", NAMESPACE, "pause"),
    Named("GitRepository", NAMESPACE, "no-branch"),
]
SETTLED = {"kind": "HelmRelease", "name": "web", "namespace": NAMESPACE}
"""Whose Events do not change with every retry of something in the cluster."""
TRIES = 5
"""Recordings that are made of a cluster that changes meanwhile."""


@pytest.mark.parametrize("who", ["", "viewer", "nobody"])
@pytest.mark.parametrize("tool", [name for name in COMPARED if name not in SEVERAL])
def test_a_reading_tool_answers_the_same_as_live(
    workload: Fleet, release: Fleet, tmp_path: Path, tool: str, who: str
) -> None:
    name = context(who or kubectl("config", "current-context").strip())
    settings = Settings(access=Access(context=name))
    kubectl_of = connect(settings)
    assert isinstance(kubectl_of, LiveKubectl)
    how = (lambda *_: [SETTLED]) if tool == "get_kubernetes_events" else just_one
    for number in range(TRIES):
        folder = tmp_path / f"rec-{number}"
        assert record(folder, f"--kube-context={name}").exit_code == 0
        recorded = Settings(recording=folder)
        live = build(Still(kubectl_of, RecordedKubectl(folder).moment()), settings)
        from_files = anyio.run(answers, build(connect(recorded), recorded), how, OBJECTS, tool)
        from_cluster = anyio.run(answers, live, how, OBJECTS, tool)
        if from_files == from_cluster:
            break
    assert from_files == from_cluster
    assert any(from_files.values())


@pytest.mark.parametrize("tool", SEVERAL)
def test_a_tool_about_several_contexts_answers_the_same_as_live(
    workload: Fleet, release: Fleet, tmp_path: Path, tool: str
) -> None:
    first, second = (context(who) for who in (kubectl("config", "current-context").strip(), "viewer"))
    arguments: dict[str, dict[str, Any]] = {
        "compare_flux": {"context": first, "with_context": second},
        "get_flux_fleet": {"contexts": [first, second]},
    }
    for number in range(TRIES):
        recordings = tuple(Recording(tmp_path / f"{number}-{name}", name) for name in (first, second))
        for folder, name in recordings:
            assert record(folder, f"--kube-context={name}").exit_code == 0
        settings = Settings(recordings=recordings)
        from_files = anyio.run(lines_of, build(connect(settings), settings), tool, arguments[tool])
        from_cluster = anyio.run(lines_of, build(connect(Settings()), Settings()), tool, arguments[tool])
        if from_files == from_cluster:
            break
    assert from_files == from_cluster
    assert len(from_files) > 1


async def lines_of(server: Any, tool: str, arguments: dict[str, Any]) -> list[str]:
    """An answer without its first line, without the time at which a context was read, and without what recordings mask."""
    reply = await ask_server(server, tool, arguments)
    assert not reply.is_error, reply.text
    lines = [re.sub(r"(, recorded| ·) 20[\dT:-]+Z", "", line) for line in reply.lines[1:]]
    return [line for line in lines if not line.startswith("Values that a recording masks were not compared")]


def test_what_a_viewer_may_not_read_is_said(release: Fleet, tmp_path: Path) -> None:
    result = record(tmp_path / "rec", f"--kube-context={context('viewer')}")
    assert result.exit_code == 0
    about: dict[str, Any] = json.loads((tmp_path / "rec" / "recording.json").read_text())
    unread = {entry["resource"] for entry in about["unreadable"]}
    assert {"helmreleases.helm.toolkit.fluxcd.io", "configmaps"} <= unread
    assert "(forbidden: viewer may not list in all namespaces)" in result.stdout


@pytest.mark.anyio
async def test_every_tool_is_compared() -> None:
    settings = Settings(recording=Path(__file__).parent.parent.parent / "fixtures" / "staging")
    async with Client(build(connect(settings), settings)) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
    assert set(COMPARED) - set(SEVERAL) == listed - NOT_COMPARED
