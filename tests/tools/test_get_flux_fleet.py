"""get_flux_fleet: every context on one line, whatever becomes of the others."""

import json

import anyio
import pytest

from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.settings import Access, Settings
from flux_mcp.tools.registry import Toolbox, UnknownTool
from tests.conftest import Ask, Reply
from tests.support.api import Api
from tests.support.fake import kubeconfig
from tests.support.items import failing, item

pytestmark = pytest.mark.anyio


class Fleet:
    """Clusters by context; one that is not held never answers."""

    def __init__(self, *names: str, timeout: float = 45.0, **errors: str) -> None:
        self.names, self.errors = names, errors
        self.clusters = {name: Api() for name in names}
        self.running: list[str | None] = []
        self.most = 0
        self.calls: list[tuple[str | None, str]] = []
        self._toolbox = Toolbox(Cluster(self), Settings(timeout=timeout))

    def moment(self, context: str | None) -> None:
        return None

    def impersonated(self, context: str | None) -> None:
        return None

    async def run(self, command: Command, context: str | None = None) -> Output:
        if command.args()[0] == "config":
            return Output(0, json.dumps(kubeconfig(self.names[0], *self.names)).encode(), "")
        if "--client=true" in command.args():
            return Output(0, b'{"clientVersion": {"gitVersion": "v1.34.4"}}', "")
        self.calls.append((context, command.args()[0]))
        self.running.append(context)
        self.most = max(self.most, len(set(self.running)))
        try:
            if context in self.errors:
                return Output(1, b"", self.errors[context])
            if context is None or context.startswith("dead"):
                await anyio.sleep_forever()
            return await self.clusters[context or ""].run(command, context)
        finally:
            self.running.remove(context)

    async def ask(self, **arguments: object) -> Reply:
        try:
            return Reply(await self._toolbox.call("get_flux_fleet", arguments), is_error=False)
        except FluxMcpError as error:
            return Reply(str(error), is_error=True)


async def test_recordings_side_by_side(ask_recordings: Ask) -> None:
    """Facts of the JSON: all four controllers of bootstrap are 0/1, and staging's tallies are those of the README."""
    reply = await ask_recordings(("staging", "bootstrap", "noflux", "limited"), "get_flux_fleet")
    assert reply.lines[0] == "get_flux_fleet: 4 of 4 contexts · 2026-11-23T00:10:15Z"
    assert reply.lines[1] == "Contexts: 1 with controllers down, 2 with objects in trouble, 1 without Flux"
    lines = {line.partition(" (")[0].removeprefix("Context "): line for line in reply.lines[2:]}
    assert lines["bootstrap"].startswith(
        "Context bootstrap (user unknown, recorded 2026-11-22T09:52:36Z): Flux v2.7.5; 7 Ready; "
        "controllers down: helm-controller, "
    )
    assert "2 Stalled, 17 Failing, 2 Pending, 4 Waiting, 3 Suspended, 25 Ready, 3 Static" in lines["staging"]
    assert "HelmChart flux-system/apps-backend (InvalidChartReference, blocks" in lines["staging"]
    assert lines["noflux"] == "Context noflux (user admin, recorded 2026-11-22T09:52:36Z): no Flux"
    assert "HelmRelease" in lines["limited"].partition("could not read: ")[2]
    # What does not work comes first.
    assert reply.lines[2].startswith("Context bootstrap")


async def test_what_is_wrong_with_a_context_has_its_own_words() -> None:
    fleet = Fleet(
        "good",
        "far",
        "secret",
        "stranger",
        far="Unable to connect to the server: dial tcp 10.0.0.1:6443: connect: connection refused",
        stranger="error: You must be logged in to the server (Unauthorized)",
    )
    fleet.clusters["good"].holds(item(name="app"))
    fleet.clusters["secret"].forbids(*(kind.resource for kind in Api.kinds))
    reply = await fleet.ask()
    assert "Could not read: context far (cannot reach the cluster)" in reply.lines
    assert "Could not read: context stranger (not logged in)" in reply.lines
    assert any(
        line.startswith("Could not read: context secret (forbidden: dev-user may not list") for line in reply.lines
    )
    assert reply.lines[1] == "Contexts: 3 could not be read, 1 report no trouble"
    assert reply.lines[-1] == (
        "Context good (user good-user): Flux version unknown; 1 Ready; no controllers with Flux's label"
    )


async def test_what_was_read_in_part_is_not_without_trouble() -> None:
    fleet = Fleet("good", "half")
    for name in ("good", "half"):
        fleet.clusters[name].holds(item(name="app"))
    fleet.clusters["half"].forbids("helmreleases.helm.toolkit.fluxcd.io")
    reply = await fleet.ask()
    assert reply.lines[1] == "Contexts: 1 report no trouble, 1 report no trouble in what could be read"


async def test_a_first_context_that_leads_nowhere_costs_its_line() -> None:
    class Broken(Fleet):
        async def run(self, command: Command, context: str | None = None) -> Output:
            if command.args()[0] == "config":
                found = kubeconfig(self.names[0], *self.names)
                found["clusters"] = [{"name": "good-cluster", "cluster": {"server": "https://10.0.0.1"}}]
                return Output(0, json.dumps(found).encode(), "")
            return await super().run(command, context)

    fleet = Broken("bad", "good")
    fleet.clusters["good"].holds(item(name="app"))
    reply = await fleet.ask()
    assert not reply.is_error
    assert any(line.startswith("Could not read: context bad (bad kubeconfig") for line in reply.lines)
    assert "1 Ready" in reply.lines[-1]


async def test_dead_contexts_cost_their_lines_and_no_more() -> None:
    names = [f"dead-{number}" if number in {0, 7, 19} else f"c{number:02}" for number in range(20)]
    fleet = Fleet(*names, timeout=4.0)
    for name in names:
        fleet.clusters[name].holds(item(name="app"))
    reply = await fleet.ask()
    assert not reply.is_error
    assert reply.lines[0].startswith("get_flux_fleet: 20 of 20")
    assert sum("1 Ready" in line for line in reply.lines) == 17
    assert sum("no answer within" in line for line in reply.lines) == 3
    assert fleet.most <= 8


async def test_twenty_dead_contexts_are_answered_within_one_time() -> None:
    fleet = Fleet(*(f"dead-{number:02}" for number in range(20)), timeout=2.0)
    reply = await fleet.ask()
    assert not reply.is_error
    assert sum("no answer within" in line for line in reply.lines) == 20


async def test_a_context_takes_three_kubectl() -> None:
    fleet = Fleet("one", "two")
    for api in fleet.clusters.values():
        api.holds(failing(name="app"))
    await fleet.ask()
    for name in ("one", "two"):
        assert sorted(verb for context, verb in fleet.calls if context == name) == ["api-resources", "get", "get"]


async def test_more_than_twenty_are_named() -> None:
    fleet = Fleet(*(f"c{number:02}" for number in range(23)))
    reply = await fleet.ask()
    assert reply.lines[0].startswith("get_flux_fleet: 20 of 23")
    assert reply.lines[-1] == "Not read: c20, c21, c22. Name them in contexts."
    assert len((await fleet.ask(contexts=["c22", "c01"])).lines) == 4


async def test_a_context_that_there_is_not() -> None:
    fleet = Fleet("one", "two")
    reply = await fleet.ask(contexts=["three"])
    assert reply.is_error
    assert "three" in reply.text
    assert "one" in reply.text


@pytest.mark.parametrize("tool", ["compare_flux", "get_flux_fleet"])
@pytest.mark.parametrize(
    ("access", "why"),
    [
        (Access(context="dev"), "one context only"),
        (Access(server="https://10.0.0.1"), "of one cluster"),
        (Access(certificate_authority="/ca"), "of one cluster"),
        (Access(insecure_skip_tls_verify=True), "of one cluster"),
    ],
)
def test_tools_about_several_contexts_are_left_out_where_there_is_one(tool: str, access: Access, why: str) -> None:
    toolbox = Toolbox(Cluster(Api(), access), Settings(access=access))
    assert tool not in toolbox.tools
    with pytest.raises(UnknownTool, match=why):
        toolbox.tool(tool)
