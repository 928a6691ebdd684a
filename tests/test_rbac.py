"""`fluxcd-mcp rbac`: the role grants what the tools ask for, no more and no less, and never a Secret."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from typer.testing import CliRunner

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.cli import app
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command, Get
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.support.arguments import Named, many
from tests.support.fake import FIXTURES, unversioned

Grant = tuple[str, str]
"""A resource, as kubectl names it, and a verb."""


def printed(*flags: str) -> str:
    result = CliRunner().invoke(app, ["rbac", *flags])
    assert result.exit_code == 0
    return result.output


def granted(manifest: str) -> set[Grant]:
    """What a manifest grants, read line by line: it is YAML of this form alone."""
    found: set[Grant] = set()
    group = ""
    resources: list[str] = []
    for line in manifest.splitlines():
        if match := re.fullmatch(r'- apiGroups: \["([a-z.0-9]*)"\]', line):
            group = match[1]
        elif match := re.fullmatch(r"  resources: \[([a-z/, ]+)\]", line):
            resources = match[1].split(", ")
        elif match := re.fullmatch(r"  verbs: \[([a-z, ]+)\]", line):
            found |= {(f"{one}.{group}" if group else one, verb) for one in resources for verb in match[1].split(", ")}
        else:
            assert line in {
                "apiVersion: rbac.authorization.k8s.io/v1",
                "kind: ClusterRole",
                "metadata:",
                "  name: fluxcd-mcp",
                "rules:",
            } or line.startswith("# ")
    return found


class Listening(RecordedKubectl):
    """A recording that remembers what was asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[Command] = []

    async def run(self, command: Command, context: str | None = None) -> Output:
        self.asked.append(command)
        return await super().run(command, context)


OBJECTS = [
    Named("Kustomization", "flux-system", "apps"),
    Named("HelmRelease", "apps", "payments"),
    Named("Deployment", "apps", "payments"),
    Named("Pod", "apps", "payments-5b5f45cbf9-khd8f"),
]


@pytest.fixture(scope="module")
def asked() -> set[Grant]:
    """What every reading tool asks of a cluster about Flux, with many arguments."""
    kubectl = Listening(FIXTURES / "staging")
    toolbox = Toolbox(Cluster(kubectl), Settings(recording=FIXTURES / "staging"))

    async def ask_all() -> None:
        for name in toolbox.tools:
            if name == "get_kubernetes_resources":
                # It asks for whatever kind its caller names.
                continue
            for arguments in many(toolbox.schema(name), OBJECTS):
                try:
                    await toolbox.call(name, arguments)
                except FluxMcpError:
                    continue

    anyio.run(ask_all)
    return set(_grants(kubectl.asked))


def _grants(commands: list[Any]) -> Iterator[Grant]:
    for command in commands:
        if isinstance(command, Get):
            verb = "get" if command.names else "list"
            yield from ((unversioned(resource), verb) for resource in command.resources)


def test_it_grants_all_that_the_reading_tools_ask_for(asked: set[Grant]) -> None:
    """But for ConfigMaps, whose values would come with the right to read them: the audit says that they were not read."""
    assert asked - granted(printed()) == {("configmaps", "list")}


def test_it_grants_no_kind_that_no_tool_asks_for(asked: set[Grant]) -> None:
    named = {resource for resource, verb in granted(printed("--read-only", "--flux-only"))}
    assert named <= {resource for resource, _ in asked}


def test_patch_is_granted_on_the_kinds_that_reconcile_on_request_alone() -> None:
    """All Flux kinds but the three without a controller of their own (Flux API reference)."""
    patched = {resource for resource, verb in granted(printed()) if verb == "patch"}
    static = {"externalartifacts.source.toolkit.fluxcd.io"} | {
        f"{plural}.notification.toolkit.fluxcd.io" for plural in ("alerts", "providers")
    }
    assert patched == {kind.resource for kind in FLUX_KINDS} - static


def test_read_only_grants_nothing_that_writes() -> None:
    assert {verb for _, verb in granted(printed("--read-only"))} == {"get", "list"}


def test_logs_are_granted_unless_flux_only() -> None:
    assert ("pods/log", "get") in granted(printed())
    assert ("pods/log", "get") not in granted(printed("--flux-only"))


@pytest.mark.parametrize("flags", [(), ("--read-only",), ("--flux-only",), ("--read-only", "--flux-only")])
def test_it_grants_no_secret_and_no_wildcard(flags: tuple[str, ...]) -> None:
    manifest = printed(*flags)
    assert "secret" not in manifest.lower()
    assert "configmap" not in manifest.lower()
    assert "*" not in manifest
    assert {verb for _, verb in granted(manifest)} <= {"get", "list", "patch"}


def test_a_policy_is_for_one_user_and_covers_every_group_of_flux() -> None:
    user = "system:serviceaccount:flux-system:fluxcd-mcp"
    policy = printed("--policy-for", user).partition("---\n")[2]
    assert f'expression: request.userInfo.username == "{user}"\n' in policy
    for kind in FLUX_KINDS:
        assert f'"{kind.group}"' in policy


@pytest.mark.parametrize("user", ["", " ", 'a"b', "a\nb", "a'b", "a b", "-a", "a" * 254, 'x" || true || "', "{user}"])
def test_a_user_that_could_change_the_policy_is_refused(user: str) -> None:
    result = CliRunner().invoke(app, ["rbac", "--policy-for", user])
    assert result.exit_code == 2
    assert "--policy-for must be the name of a user" in result.output
    assert "ClusterRole" not in result.stdout
