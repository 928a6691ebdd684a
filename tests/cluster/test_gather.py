"""Reads that are slow or fail beside others: what was read is answered, what was not is named."""

from typing import Any

import anyio
import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, NAMESPACE, POD
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.conftest import Reply
from tests.support.api import Api, applied_by, inventory, thing

pytestmark = pytest.mark.anyio

KUSTOMIZATION = by_kind["Kustomization"]
TIMEOUT = 4.0
"""Seconds; whatever is slow never ends."""
NEEDED_READ = "kustomizations.v1."
"""What every one of some tools needs."""


class SlowApi(Api):
    """Never answers a command that has one of these words in it."""

    slow: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self._toolbox = Toolbox(Cluster(self), Settings(timeout=TIMEOUT))

    async def run(self, command: Command, context: str | None = None) -> Output:
        if any(word in " ".join(command.args()) for word in self.slow):
            self.calls.append(command.args())
            await anyio.sleep_forever()
        return await super().run(command, context)


def failing_health() -> dict[str, Any]:
    message = "timeout waiting for: [Deployment/apps/web status: 'InProgress']"
    condition = {"type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": message}
    status = {**inventory("apps_web_apps_Deployment"), "conditions": [condition]}
    return thing(KUSTOMIZATION, "apps", "flux-system", status=status)


def slow_api() -> SlowApi:
    """An API with an object whose health check failed, and the workload that it is about."""
    made = SlowApi()
    made.holds(failing_health())
    labels = {**applied_by("apps"), "app": "web"}
    made.holds(thing(DEPLOYMENT, "web", "apps", labels=labels, spec={"selector": {"matchLabels": {"app": "web"}}}))
    return made


@pytest.fixture
def api() -> SlowApi:
    return slow_api()


OBJECT = {"kind": "Kustomization", "name": "apps"}
WORKLOAD = {"kind": "Deployment", "name": "web", "namespace": "apps"}
SLOW = [
    ("get_flux_instance", {}, "customresourcedefinitions", "Kustomization", "CustomResourceDefinition"),
    ("get_flux_instance", {}, "version --client=false", "Kustomization", "the version of the API server"),
    ("get_flux_instance", {}, "part-of=flux", "Kustomization", "controllers"),
    ("diagnose_flux", {}, "part-of=flux", "HealthCheckFailed", "the controllers"),
    ("diagnose_flux", {}, "namespace=apps", "HealthCheckFailed", "workloads, Pods and Events in apps"),
    ("get_flux_resource", OBJECT, "events.v1.", "HealthCheckFailed", "Event"),
    ("get_flux_resource", OBJECT, "deployments", "HealthCheckFailed", "workloads"),
    ("audit_flux_configuration", {}, "customresourcedefinitions", "Kustomization", "CustomResourceDefinition"),
    ("list_flux_workloads", {}, "kustomizations", "web", "Kustomization"),
    ("trace_kubernetes_resource", WORKLOAD, "kustomizations", "web", "Flux objects"),
]
"""A tool, its arguments, what is slow, what is answered all the same, and what is named as unread."""
NEEDED = [
    ("diagnose_flux", {}),
    ("list_flux_resources", {}),
    ("audit_flux_configuration", {}),
    ("get_flux_resource", OBJECT),
]


@pytest.fixture(scope="module")
def replies() -> dict[tuple[str, str], Reply]:
    """The answers of all tools that wait for something slow, by tool and what is slow: they wait at the same time."""
    found: dict[tuple[str, str], Reply] = {}

    async def ask(tool: str, arguments: dict[str, Any], slow: str) -> None:
        api = slow_api()
        api.slow = (slow,)
        found[tool, slow] = await api.ask(tool, **arguments)

    async def ask_all() -> None:
        async with anyio.create_task_group() as group:
            for tool, arguments, slow, _, _ in SLOW:
                group.start_soon(ask, tool, arguments, slow)
            for tool, arguments in NEEDED:
                group.start_soon(ask, tool, arguments, NEEDED_READ)

    anyio.run(ask_all)
    return found


@pytest.mark.parametrize(("tool", "arguments", "slow", "answered", "unread"), SLOW)
def test_a_slow_read_beside_others_is_named_and_the_rest_is_answered(
    replies: dict[tuple[str, str], Reply], tool: str, arguments: dict[str, Any], slow: str, answered: str, unread: str
) -> None:
    del arguments
    reply = replies[tool, slow]
    assert not reply.is_error, reply.text
    (line,) = [line for line in reply.lines if line.startswith("Could not read: ")]
    assert unread in line
    assert "timeout" in line
    assert answered in reply.text


@pytest.mark.parametrize("tool", [tool for tool, _ in NEEDED])
def test_without_the_flux_objects_there_is_no_answer(replies: dict[tuple[str, str], Reply], tool: str) -> None:
    reply = replies[tool, NEEDED_READ]
    assert reply.is_error
    assert f"within {TIMEOUT:g} seconds" in reply.text


async def test_a_log_that_is_slow_does_not_hide_the_others(api: SlowApi) -> None:
    containers = [{"name": "web", "image": "a"}, {"name": "proxy", "image": "b"}]
    api.holds(thing(POD, "web-1", "apps", spec={"containers": containers}))
    api.slow = ("--container=proxy",)
    reply = await api.ask("get_kubernetes_logs", kind="Pod", name="web-1", namespace="apps")
    assert not reply.is_error
    assert "hello from web" in reply.text
    (line,) = [line for line in reply.lines if "proxy" in line]
    assert "timeout" in line


# Namespaces


SPACED = [
    ("list_flux_resources", {}),
    ("diagnose_flux", {}),
    ("list_flux_workloads", {}),
    ("get_flux_graph", {}),
    ("audit_flux_configuration", {}),
    ("get_flux_changes", {}),
    ("get_kubernetes_events", {}),
    ("get_kubernetes_resources", {"kind": "Pod"}),
    ("reconcile_flux_sources", {}),
    ("get_flux_resource", {"kind": "Kustomization", "name": "apps"}),
    ("reconcile_flux_resource", {"kind": "Kustomization", "name": "apps"}),
    ("trace_kubernetes_resource", {"kind": "Pod", "name": "web"}),
    ("get_kubernetes_logs", {"kind": "Pod", "name": "web"}),
]
"""Every tool that takes a namespace, with arguments that match nothing in an empty one."""


def test_every_tool_with_a_namespace_is_here() -> None:
    toolbox = Toolbox(Cluster(Api()), Settings())
    taking = {name for name in toolbox.tools if "namespace" in toolbox.schema(name)["properties"]}
    # It is about two contexts, and has to be given the second.
    assert taking - {"compare_flux"} == {tool for tool, _ in SPACED}


@pytest.mark.parametrize(("tool", "arguments"), SPACED)
async def test_a_namespace_that_does_not_exist_is_an_error_that_names_the_nearest(
    api: SlowApi, tool: str, arguments: dict[str, Any]
) -> None:
    api.holds(*(thing(NAMESPACE, name) for name in ("apps", "flux-system", "monitoring")))
    reply = await api.ask(tool, **arguments, namespace="ap")
    assert reply.is_error, reply.text
    assert reply.text == "Namespace ap does not exist; context dev. Did you mean apps?"
    assert sum("namespaces.v1." in call for call in api.calls) == 1


@pytest.mark.parametrize(("tool", "arguments"), SPACED)
async def test_a_namespace_that_exists_and_holds_nothing_is_said_to(
    api: SlowApi, tool: str, arguments: dict[str, Any]
) -> None:
    api.holds(*(thing(NAMESPACE, name) for name in ("apps", "empty")))
    reply = await api.ask(tool, **arguments, namespace="empty")
    assert "does not exist" not in reply.text
    if not reply.is_error:
        assert "Namespace empty exists, and nothing that was requested is in it." in reply.lines


@pytest.mark.parametrize(("tool", "arguments"), SPACED)
async def test_a_namespace_that_could_not_be_looked_up_is_said_to(
    api: SlowApi, tool: str, arguments: dict[str, Any]
) -> None:
    api.forbids("namespaces")
    reply = await api.ask(tool, **arguments, namespace="ap")
    if not reply.is_error:
        (line,) = [line for line in reply.lines if line.startswith(("NOT READ: ", "Could not read: "))]
        assert "whether namespace ap exists (forbidden" in line


async def test_a_namespace_in_which_something_was_found_is_not_looked_up(api: SlowApi) -> None:
    for tool in ("list_flux_resources", "diagnose_flux", "get_flux_graph", "audit_flux_configuration"):
        assert not (await api.ask(tool, namespace="flux-system")).is_error
    assert not any("namespaces.v1." in call for call in api.calls)


def test_flux_kinds_are_all_in_a_namespace() -> None:
    """So that a namespace narrows every one of them down."""
    assert all(kind.namespaced for kind in FLUX_KINDS)


async def test_a_required_read_may_take_longer_than_the_share_of_the_others() -> None:
    """What it brings is answered: an error instead would lose all of it."""
    with anyio.fail_after(TIMEOUT):
        async with gather(share=0.01) as reads:
            required = reads.start("needed", _after(TIMEOUT / 20), "nothing", required=True)
            other = reads.start("beside", _after(TIMEOUT / 20), "nothing")
    assert required.value == "read"
    assert other.value == "nothing"
    assert [item.kinds for item in reads.unread] == [("beside",)]


async def _after(seconds: float) -> str:
    await anyio.sleep(seconds)
    return "read"
