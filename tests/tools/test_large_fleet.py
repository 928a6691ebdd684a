"""A large fleet: what a tool does grows with the number of objects and no faster, and its answer stays useful."""

from cProfile import Profile
from random import Random
from typing import Any

import pytest

from flux_mcp.cluster import client
from tests.support.api import Api
from tests.support.fleet import CAUSES, FAILING, SOURCES, FleetApi, kustomization, source

pytestmark = pytest.mark.anyio

FEW, MANY = 125, 525
"""Flux objects, 25 of which are sources: five times as many others."""
GROWTH = 5.0 * 1.2
APP = {"name": "app-5", "namespace": "team-5"}
READS: dict[str, tuple[dict[str, Any], int]] = {
    "list_flux_resources": ({}, 1),
    "get_flux_instance": ({}, 5),
    "diagnose_flux": ({}, 4),
    "get_flux_graph": ({}, 1),
    "audit_flux_configuration": ({}, 2),
    "list_flux_workloads": ({}, 2),
    "trace_kubernetes_resource": ({"kind": "Deployment", **APP}, 3),
    "get_flux_resource": ({"kind": "Kustomization", **APP}, 4),
    "get_kubernetes_resources": ({"kind": "Deployment"}, 1),
    "get_kubernetes_events": ({}, 1),
    "get_flux_changes": ({"since": "30d"}, 4),
    "compare_flux": ({"context": "dev", "with_context": "prod"}, 6),
    "get_flux_fleet": ({}, 7),
}
"""Each tool that reads many objects, with its arguments, and how many kubectl it may take."""


@pytest.fixture(scope="module")
def fleets() -> tuple[FleetApi, FleetApi]:
    return FleetApi(FEW), FleetApi(MANY)


async def calls(api: FleetApi, tool: str) -> int:
    """How many functions of Python a warm call calls; no more processes run than may, and the answer is bounded."""
    arguments, most = READS[tool]
    assert not (await api.ask(tool, **arguments)).is_error
    api.calls.clear()
    profile = Profile(builtins=False)
    profile.enable()
    try:
        reply = await api.ask(tool, **arguments)
    finally:
        profile.disable()
    assert len(api.calls) <= most
    assert len(reply.text.encode()) <= 12_000
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize("tool", READS)
async def test_calls_grow_with_the_objects_and_processes_and_answers_do_not(
    fleets: tuple[FleetApi, FleetApi], tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No thread of its own for a large list, so that its calls are counted.
    monkeypatch.setattr(client, "SMALL", 1 << 40)
    few, many = fleets
    assert await calls(many, tool) <= GROWTH * await calls(few, tool)


async def test_three_hundred_failures_of_ten_causes_are_ten_causes() -> None:
    api = Api()
    failing = [kustomization(1 + FAILING * number, Random(number)) for number in range(300)]
    api.holds(*(source("GitRepository", f"fleet-{number}") for number in range(SOURCES)), *failing)
    text = (await api.ask("diagnose_flux")).text
    assert "10 causes" in text
    for _, message in CAUSES:
        assert max(message.split("{}"), key=len) in text
