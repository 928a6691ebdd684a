"""The README says what is so."""

import json
import re

import pytest
from typer.testing import CliRunner

from flux_mcp.cli import app
from flux_mcp.install.clients import clients, link
from flux_mcp.install.launch import Launch
from flux_mcp.tools.registry import TOOLS
from tests.support.fake import ROOT

README = (ROOT / "README.md").read_text()


def help_of(command: str) -> str:
    result = CliRunner(env={"TYPER_USE_RICH": "0", "COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [command, "--help"])
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize(
    ("command", "own"),
    [
        ("serve", set()),
        ("call", {"--output"}),
        ("tools", set()),
        ("record", {"--namespace", "--logs", "--compare-to"}),
        ("doctor", {"--json"}),
        ("install", {"--write"}),
    ],
)
def test_the_table_of_flags_is_that_of_help(command: str, own: set[str]) -> None:
    told = set(re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE))
    assert set(re.findall(r"(--[a-z-]+)\b", help_of(command))) - {"--help", "--version"} == told | own
    assert all(flag in README for flag in own)


def test_the_flags_of_rbac_are_told() -> None:
    flags = set(re.findall(r"(--[a-z-]+)\b", help_of("rbac"))) - {"--help"}
    assert flags == {"--read-only", "--flux-only", "--policy-for"}
    assert all(flag in README for flag in flags)


def test_the_tests_that_hold_the_promises_are_there() -> None:
    told = re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "SECURITY.md").read_text())
    assert len(told) > 10
    assert [path for path in told if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("flag", sorted(set(re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE))))
def test_every_flag_has_its_environment_variable(flag: str) -> None:
    assert f"FLUX_MCP_{flag[2:].upper().replace('-', '_')}" in help_of("serve")


def test_the_table_of_tools_is_that_of_the_server() -> None:
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == [tool.name for tool in TOOLS]


def test_the_two_commands_are_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z-]+)", README):
        assert f"\n{target}:" in makefile


def test_the_clients_are_those_of_install() -> None:
    rows = re.findall(r"^\| ([^|]+) \| `fluxcd-mcp install ([a-z-]+) --write` \| `([^`|]+)`", README, re.MULTILINE)
    assert [(title, name) for title, name, _ in rows] == [(client.title, name) for name, client in clients().items()]
    assert all(clients()[name].linux.endswith(path.removeprefix("~")) for _, name, path in rows)


def test_the_entry_by_hand_has_the_shape_that_install_writes() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    entry = json.loads(shown)["mcpServers"]["flux"]
    start = Launch(entry["command"], tuple(entry["args"]), entry["env"])
    assert entry == clients()["claude-code"].entry_for(start)


def test_the_links_are_those_of_install() -> None:
    start = Launch("uvx", ("fluxcd-mcp", "serve"))
    shown = re.findall(r"\]\(((?:cursor|vscode):[^)]+)\)", README)
    assert shown == [link("cursor", start), link("vscode", start)]
