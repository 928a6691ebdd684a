"""What is read where an identity may not list everything, where very many are named, and where a kind is new."""

import re

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import CRD
from flux_mcp.cluster.client import Cluster
from flux_mcp.flux.installation import view_crd
from tests.support.api import Api, thing
from tests.support.items import EVERY_RESOURCE, item

pytestmark = pytest.mark.anyio

NAMED = {"kind": "Kustomization", "name": "apps"}


@pytest.fixture
def api() -> Api:
    return Api()


def gets(api: Api) -> list[tuple[str, ...]]:
    return [call for call in api.calls if call[0] == "get"]


# Many names


async def test_more_than_ten_names_are_read_with_several_commands_as_one_list(api: Api) -> None:
    names = tuple(kind.resource for kind in FLUX_KINDS)
    api.holds(*(thing(CRD, name) for name in names[:-1]))
    cluster = Cluster(api)
    reading = await cluster.read(await cluster.open(), (CRD,), view_crd, names=names)
    assert {one.ref.name for one in reading.objects} == set(names[:-1])
    # The last one is not there: of a list by name that is an error of its own, and no list that is whole.
    assert [part.why for part in reading.unread] == ["not found"]
    assert reading.read == frozenset()
    assert [len(call[call.index("--") + 2 :]) for call in gets(api)] == [10, len(names) - 10]


async def test_no_command_of_get_flux_instance_names_more_than_ten(api: Api) -> None:
    api.holds(*(thing(CRD, kind.resource) for kind in FLUX_KINDS))
    await api.ask("get_flux_instance")
    named = [call[call.index("--") + 2 :] for call in gets(api)]
    assert max(len(names) for names in named) == 10
    assert {name for names in named for name in names} == {kind.resource for kind in FLUX_KINDS}


# Rights in one namespace


@pytest.mark.parametrize("tool", ["get_flux_resource", "diagnose_flux", "get_flux_graph"])
async def test_rights_in_one_namespace_are_enough_for_an_answer_in_part(api: Api, tool: str) -> None:
    api.holds(item(), item("GitRepository", "repo"), item("Kustomization", "apps", "other"))
    api.forbids(*EVERY_RESOURCE, but_in="flux-system")
    reply = await api.ask(tool, **NAMED, namespace="flux-system")
    assert not reply.is_error, reply.text
    assert "all but the namespace flux-system (forbidden)" in reply.lines[1]
    assert "flux-system/apps" in reply.text
    assert "other/apps" not in reply.text


async def test_of_kinds_that_may_be_listed_everywhere_all_are_read(api: Api) -> None:
    """A tenant who may see the sources of all, and releases of his own."""
    release = item("HelmRelease", spec={"chartRef": {"kind": "OCIRepository", "name": "repo", "namespace": "shared"}})
    api.holds(release, item("OCIRepository", "repo", "shared"))
    api.forbids("helmreleases.helm.toolkit.fluxcd.io", but_in="flux-system")
    reply = await api.ask("get_flux_resource", kind="HelmRelease", name="apps", namespace="flux-system")
    assert "HelmRelease" in reply.lines[1]
    assert "forbidden outside namespace flux-system" in reply.lines[1]
    assert re.search(r"OCIRepository shared/repo,? Ready", reply.text)


async def test_an_object_that_is_not_in_the_one_namespace_is_not_there(api: Api) -> None:
    api.forbids("kustomizations.kustomize.toolkit.fluxcd.io", but_in="flux-system")
    reply = await api.ask("get_flux_resource", **NAMED, namespace="flux-system")
    assert reply.is_error
    assert 'There is no Kustomization "apps" in namespace flux-system' in reply.text


@pytest.mark.parametrize(
    ("tool", "arguments", "advised"),
    [
        ("get_flux_resource", NAMED, True),
        ("list_flux_resources", {}, True),
        ("get_kubernetes_resources", {"kind": "Pod"}, True),
        # It takes no namespace.
        ("get_flux_instance", {}, False),
        # Nothing else can be passed.
        ("list_flux_resources", {"namespace": "apps"}, False),
        # Its objects have none.
        ("get_kubernetes_resources", {"kind": "ClusterRole"}, False),
    ],
)
async def test_a_namespace_is_advised_where_one_can_be_passed(
    api: Api, tool: str, arguments: dict[str, str], advised: bool
) -> None:
    api.forbids(*(kind.resource for kind in api.kinds))
    reply = await api.ask(tool, **arguments)
    assert "Forbidden" in reply.text or "forbidden" in reply.text
    assert ("pass namespace" in reply.text) is advised


# A kind that is new


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_flux_resource", {"kind": "ResourceSet", "name": "teams"}),
        ("list_flux_resources", {"kinds": ["ResourceSet"]}),
        ("diagnose_flux", {"kind": "ResourceSet", "name": "teams"}),
        ("get_flux_graph", {"kind": "ResourceSet", "name": "teams"}),
        ("audit_flux_configuration", {"kinds": ["ResourceSet"]}),
    ],
)
async def test_a_kind_that_was_installed_meanwhile_is_found_where_it_is_named(
    api: Api, tool: str, arguments: dict[str, object]
) -> None:
    before = [kind for kind in api.kinds if kind is not by_kind["ResourceSet"]]
    api.serves(*before)
    assert (await api.ask("list_flux_resources")).lines[0].startswith("list_flux_resources: 0 of 0 ")
    api.serves(*before, by_kind["ResourceSet"])
    api.holds(item("ResourceSet", "teams"))
    reply = await api.ask(tool, **arguments)
    assert not reply.is_error, reply.text
    assert [call[0] for call in api.calls].count("api-resources") == 2


async def test_kinds_that_nobody_named_are_not_looked_for_at_each_call(api: Api) -> None:
    api.serves(*(kind for kind in api.kinds if kind is not by_kind["ResourceSet"]))
    api.holds(item())
    for _ in range(3):
        await api.ask("get_flux_resource", **NAMED)
    assert [call[0] for call in api.calls].count("api-resources") == 1
