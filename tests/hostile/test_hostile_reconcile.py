"""The two tools that write, as an attacker wants them: whatever is asked or held, nothing but a request to one object.

Through an MCP client, against an API server in memory whose controllers answer as Flux's do; what a real kubectl is
started with is in test_reconcile_processes.py. The ids carry the numbers of tests/support/rows.py.
"""

import json
import re
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import TextContent

from flux_mcp.api.kinds import by_kind
from flux_mcp.kubectl.command import Annotate
from flux_mcp.reconcile.wait import Pace
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.conftest import Reply
from tests.kubectl.test_command import BOTH, PAIRS, SHELL, short
from tests.support.controller import FluxApi, annotations, cannot_patch, refused, stays, token_of
from tests.support.fake import unversioned
from tests.support.items import item

pytestmark = pytest.mark.anyio

ONE = "reconcile_flux_resource"
ALL = "reconcile_flux_sources"
APPS = {"kind": "Kustomization", "name": "apps", "namespace": "flux-system"}
KUSTOMIZATIONS = "kustomizations.v1.kustomize.toolkit.fluxcd.io"
REPOSITORIES = "gitrepositories.v1.source.toolkit.fluxcd.io"
TOKEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
NAMES = {row: [*BOTH.get(row, []), *SHELL.get(row, []), *PAIRS.get(row, [])] for row in (1, 9, 10, 17, 19, 20, 23)}


@pytest.fixture
def api() -> FluxApi:
    return FluxApi()


def server_of(api: FluxApi) -> Any:
    return build(api, Settings(), Pace(clock=api.clock, sleep=api.clock.sleep))


async def ask(api: FluxApi, tool: str = ONE, /, **arguments: Any) -> Reply:
    async with Client(server_of(api)) as client:
        return await call(client, tool, {**(APPS if tool == ONE else {}), **arguments})


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> Reply:
    result = await client.call_tool(tool, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return Reply(content.text, bool(result.is_error))


def writes(api: FluxApi) -> list[tuple[str, ...]]:
    return [args for args in api.calls if args[0] == "annotate"]


def nothing_written(api: FluxApi, reply: Reply, *words: str) -> None:
    assert reply.is_error
    for word in words:
        assert word in reply.text
    assert writes(api) == []


# Names


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=f"row{row:02}-{short(name)}") for row, names in NAMES.items() for name in names]
)
async def test_a_name_that_means_something_to_annotate_is_refused(api: FluxApi, name: str) -> None:
    """As name, and as namespace; before anything at all is started."""
    for argument in ("name", "namespace"):
        nothing_written(api, await ask(api, **{argument: name}), f"Invalid {argument}: must be")
    reply = await ask(api, ALL, namespace=name)
    nothing_written(api, reply, "Invalid namespace: must be")
    assert api.calls == []


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=f"row{row:02}-{short(name)}") for row, names in NAMES.items() for name in names]
)
async def test_a_name_in_the_cluster_that_means_something_to_annotate_is_not_asked(api: FluxApi, name: str) -> None:
    """No API server has such an object; should one tell of it, the others are asked and it is not."""
    api.holds(item("GitRepository", name), item("GitRepository", "repo"), item("Bucket", "one", namespace=name))
    reply = await ask(api, ALL)
    assert not reply.is_error
    (args,) = writes(api)
    assert args[args.index("--") + 1 :][:2] == (REPOSITORIES, "repo")
    assert "--namespace=flux-system" in args


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=f"row{row:02}-{short(name)}") for row, names in NAMES.items() for name in names]
)
async def test_a_reference_that_means_something_to_annotate_is_not_followed(api: FluxApi, name: str) -> None:
    """With its source: whoever writes the object writes the reference."""
    for reference in ({"name": name}, {"name": "repo", "namespace": name}):
        api.holds(item(spec={"sourceRef": {"kind": "GitRepository", **reference}}))
        nothing_written(api, await ask(api, with_source=True))


@pytest.mark.parametrize(
    "kind",
    ["Secret", "secrets", "Deployment", "Alert", "Provider", "ExternalArtifact", "kustomizations,secrets", "all"],
)
async def test_row35_no_other_kind_is_asked(api: FluxApi, kind: str) -> None:
    nothing_written(api, await ask(api, kind=kind))
    nothing_written(api, await ask(api, ALL, kinds=[kind]))


@pytest.mark.parametrize("kind", ["Secret", "Deployment", "../secrets", "--all"])
async def test_row36_a_source_of_another_kind_is_not_asked(api: FluxApi, kind: str) -> None:
    api.holds(item(spec={"sourceRef": {"kind": kind, "name": "repo"}}))
    nothing_written(api, await ask(api, with_source=True))


# Row 66: what was annotated and did nothing


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"spec": {"suspend": True}}, id="row66-suspended"),
        pytest.param(
            {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x"]}}, id="row66-deleted"
        ),
    ],
)
async def test_what_would_not_run_is_refused(api: FluxApi, more: dict[str, Any]) -> None:
    api.holds(item(**more))
    nothing_written(api, await ask(api), "Nothing was requested")


async def test_row66_an_object_that_is_gone(api: FluxApi) -> None:
    """Before, and between the look and the write."""
    nothing_written(api, await ask(api), "There is no Kustomization")
    api.holds(item())
    api.before_annotate = [partial(api.gone, "Kustomization", "apps")]
    reply = await ask(api)
    assert reply.is_error
    assert "Not found" in reply.text


async def test_row66_a_patch_that_is_forbidden(api: FluxApi) -> None:
    """When it is asked beforehand, and when only the write itself tells."""
    api.holds(item())
    api.denies(unversioned(KUSTOMIZATIONS))
    nothing_written(api, await ask(api), "Forbidden", "patch")
    api = FluxApi()
    api.holds(item())
    api.before_annotate = [lambda: refused(cannot_patch(unversioned(KUSTOMIZATIONS), "apps", "flux-system"))]
    reply = await ask(api)
    assert reply.is_error
    assert "Forbidden" in reply.text
    assert "may not patch" in reply.text


async def test_row66_a_conflict_is_tried_again_and_then_an_error(api: FluxApi) -> None:
    conflict = refused(
        f'Error from server (Conflict): Operation cannot be fulfilled on {KUSTOMIZATIONS} "apps": the object has been '
        "modified; please apply your changes to the latest version and try again"
    )
    api.holds(item())
    api.before_annotate = [lambda: conflict]
    assert ", succeeded, " in (await ask(api)).text
    assert len(writes(api)) == 2
    assert len({args[-1] for args in writes(api)}) == 1
    api = FluxApi()
    api.holds(item())
    api.before_annotate = [lambda: conflict] * 10
    reply = await ask(api)
    assert reply.is_error
    assert "Conflict" in reply.text
    assert len(writes(api)) == 3


async def test_row66_two_calls_within_a_second_are_two_requests(api: FluxApi) -> None:
    """Flux does not act on a value that it knows: no two are the same, however close."""
    api.holds(item())
    async with Client(server_of(api)) as client, anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(call, client, ONE, {**APPS, "wait_seconds": 0})
    tokens = [args[-1].partition("=")[2] for args in writes(api)]
    assert len(set(tokens)) == len(tokens) == 10
    assert all(TOKEN.fullmatch(token) for token in tokens)


@pytest.mark.parametrize("asked", ["2999-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00Z", "never", "", "@TOKEN@"])
async def test_row66_another_clock_does_not_make_it_succeed(api: FluxApi, asked: str) -> None:
    """An older value of whoever's clock, handled long ago, is not taken for the answer to ours."""
    made = item(status={"lastHandledReconcileAt": asked})
    annotations(made)["reconcile.fluxcd.io/requestedAt"] = asked
    api.holds(made)
    api.reacts("apps", stays)
    reply = await ask(api, wait_seconds=5)
    assert ", requested; completion not observed (" in reply.text
    assert ", succeeded" not in reply.text
    assert TOKEN.fullmatch(token_of(api.item("Kustomization", "apps")))


async def test_row66_a_request_that_was_never_written_is_not_told_as_made(api: FluxApi) -> None:
    """As a dry run leaves it: kubectl says `annotated`, and nothing is."""
    api.holds(item())
    api.reacts("apps", lambda made: annotations(made).clear())
    reply = await ask(api, wait_seconds=5)
    assert ", succeeded" not in reply.text


def test_row66_no_kuberc_makes_it_a_dry_run_or_widens_it() -> None:
    """Each flag that could is given with the value that does not."""
    args = Annotate(by_kind["Kustomization"], "v1", "apps", "web", "2026-01-01T00:00:00.000000000Z").args()
    flags = set(args[: args.index("--")])
    assert {
        *("--dry-run=none", "--overwrite=true", "--all=false", "--all-namespaces=false", "--selector="),
        *("--field-selector=", "--kustomize=", "--list=false", "--local=false", "--recursive=false"),
        *("--resource-version=", "--namespace=apps"),
    } <= flags
    assert all("=" in flag for flag in flags - {"annotate"})


async def test_row66_force_and_reset_are_of_one_release_alone(api: FluxApi) -> None:
    """A forced upgrade runs hooks: nothing else is forced with it, its source least of all."""
    api.holds(
        item("HelmRelease", "web", spec={"chartRef": {"kind": "OCIRepository", "name": "chart"}}),
        item("OCIRepository", "chart"),
    )
    await ask(api, kind="HelmRelease", name="web", with_source=True, force=True, reset=True)
    keys = {args[args.index("--") + 2]: args[args.index("--") + 3 :] for args in writes(api)}
    assert [len(keys[name]) for name in ("chart", "web")] == [1, 3]
    assert json.dumps(keys).count("forceAt") == 1
