"""Which kind a spelling means: by our own tables without a process, else by what the API server serves.

Row numbers are those of the table of hostile inputs.
"""

from typing import Any

import anyio
import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import BadArgument, BadOutput, KindNotInstalled, ServerError, Unreachable
from flux_mcp.kubectl.connect import connect
from flux_mcp.settings import Settings
from tests.cluster.test_client import BROKEN
from tests.conftest import Ask
from tests.support.fake import ALWAYS_SERVED, FIXTURES, FakeKubectl

pytestmark = pytest.mark.anyio

TABLE = """\
bindings                            v1                             true    Binding          create
componentstatuses             cs    v1                             false   ComponentStatus  get,list
nodes                         no    v1                             false   Node             get,list,patch
secrets                             v1                             true    Secret           create,get,list
services                      svc   v1                             true    Service          get,list
ingresses                     ing   networking.k8s.io/v1           true    Ingress          get,list
jobs                          vj    batch.volcano.sh/v1alpha1      true    Job              get,list
ingresses                           traefik.io/v1                  true    Ingress          get,list   all
nodes                               metrics.k8s.io/v1beta1         false   NodeMetrics      get,list
sealedsecrets                 ss    bitnami.com/v1alpha1           true    SealedSecret     get,list
secrets                       sec   example.com/v1                 true    Hidden           get,list
keys                          sec2  example.com/v1                 true    Secret           get,list
helmcharts                    hc    helm.cattle.io/v1              true    HelmChart        get,list
clusterroles                        rbac.authorization.k8s.io/v1   false   ClusterRole      get,list
sparse                              example.com/v1                 true    Sparse
not a row at all
"""
NODE = Kind(kind="Node", group="", plural="nodes", short_names=("no",), namespaced=False)


class Asked:
    """A cluster whose kubectl is the fake, and what was asked of it for a kind."""

    def __init__(self, fake: FakeKubectl, **settings: Any) -> None:
        self.fake, self.clock = fake, [0.0]
        chosen = Settings(kubectl=str(fake.path))
        self.cluster = Cluster(connect(chosen), chosen.access, monotonic=lambda: self.clock[-1])

    async def resolve(self, spelling: str, api_version: str | None = None, context: str | None = None) -> Kind:
        scope = await self.cluster.open(context)
        return await self.cluster.resolve(scope, spelling, api_version)

    @property
    def times(self) -> int:
        return len(self.fake.calls("api-resources"))


@pytest.fixture
def asked(fake: FakeKubectl) -> Asked:
    fake.says("api-resources", TABLE)
    return Asked(fake)


def spelled(kind: Kind) -> list[str]:
    names = [kind.kind, kind.plural, kind.resource, *kind.short_names]
    return [*names, *(name.upper() for name in names)]


@pytest.mark.parametrize("kind", [*FLUX_KINDS, *KUBERNETES_KINDS], ids=lambda kind: kind.resource)
async def test_kinds_of_our_own_tables_need_no_process(asked: Asked, kind: Kind) -> None:
    for spelling in spelled(kind):
        assert await asked.resolve(spelling) == kind
    assert asked.times == 0


@pytest.mark.parametrize(
    ("spelling", "resource", "namespaced"),
    [
        ("Node", "nodes", False),
        ("no", "nodes", False),
        ("nodes.metrics.k8s.io", "nodes.metrics.k8s.io", False),
        ("nodemetrics", "nodes.metrics.k8s.io", False),
        ("ClusterRole", "clusterroles.rbac.authorization.k8s.io", False),
        ("SVC", "services", True),
        ("ing", "ingresses.networking.k8s.io", True),
        ("ingresses.traefik.io", "ingresses.traefik.io", True),
        ("SealedSecret", "sealedsecrets.bitnami.com", True),
        ("sparse", "sparse.example.com", True),
        ("helmcharts.helm.cattle.io", "helmcharts.helm.cattle.io", True),
    ],
)
async def test_other_kinds_are_looked_up(asked: Asked, spelling: str, resource: str, namespaced: bool) -> None:
    found = await asked.resolve(spelling)
    assert (found.resource, found.namespaced) == (resource, namespaced)


async def test_a_whole_name_of_the_core_group_is_not_ambiguous(asked: Asked) -> None:
    assert await asked.resolve("nodes") == NODE


async def test_a_flux_kinds_name_means_flux_whoever_else_has_one_of_that_name(asked: Asked) -> None:
    """k3s has HelmCharts too."""
    assert (await asked.resolve("HelmChart")).group == "source.toolkit.fluxcd.io"
    assert (await asked.resolve("hc")).group == "source.toolkit.fluxcd.io"
    assert asked.times == 0
    assert (await asked.resolve("HelmChart", "helm.cattle.io/v1")).resource == "helmcharts.helm.cattle.io"
    assert (await asked.resolve("Job")).group == "batch"
    assert (await asked.resolve("Job", "batch.volcano.sh/v1alpha1")).resource == "jobs.batch.volcano.sh"


async def test_several_groups_are_a_bad_argument_that_names_them(asked: Asked) -> None:
    with pytest.raises(BadArgument, match=r"kind: .*ingresses\.networking\.k8s\.io, ingresses\.traefik\.io$"):
        await asked.resolve("Ingress")


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_the_api_version_decides_by_its_group(asked: Asked, version: str) -> None:
    """Which version answers is the API server's choice."""
    assert (await asked.resolve("Ingress", f"traefik.io/{version}")).resource == "ingresses.traefik.io"
    assert await asked.resolve("nodes", "v1") == NODE
    assert (await asked.resolve("nodes", "metrics.k8s.io/v1")).resource == "nodes.metrics.k8s.io"


async def test_a_kind_that_is_not_served_is_named_with_those_that_are_near(asked: Asked) -> None:
    with pytest.raises(KindNotInstalled, match=r'"ingres"; context dev\. Did you mean .*ingresses\.traefik\.io'):
        await asked.resolve("ingres")
    with pytest.raises(KindNotInstalled, match=r'"Ingress" in the API group "apps"; context dev\.'):
        await asked.resolve("Ingress", "apps/v1")
    with pytest.raises(KindNotInstalled):
        await asked.resolve("Binding")  # it can only be created


async def test_no_near_kind_is_secret(asked: Asked) -> None:
    with pytest.raises(KindNotInstalled) as caught:
        await asked.resolve("secretz")
    assert "sealedsecrets.bitnami.com" in str(caught.value)
    assert " secrets" not in str(caught.value)


# Row 35


SECRETS = [
    "secrets",
    "Secret",
    "SeCrEtS",
    "secret/s",
    "secrets.v1.",
    "secrets.v1",
    "secret.v1.",
    "secrets.example.com",
    "v1/Secret",
    "secrets,kustomizations",
    "pods,secrets",
    "all",
    "ALL",
    "all.v1",
    "--raw=/api/v1/secrets",
    "pods --all",
    "secrets ",
    " secrets",
    "secrets\n",
    "\uff33ecret",
    "\u017fecret",
    "\u212austomization",
    "pods/secrets",
    "",
    "x" * 300,
]


@pytest.mark.parametrize("spelling", SECRETS, ids=lambda text: f"row-35-{ascii(text)[:24]}")
@pytest.mark.parametrize("api_version", [None, "v1", "example.com/v1"])
async def test_row_35_secret_is_refused_in_every_spelling(asked: Asked, spelling: str, api_version: str | None) -> None:
    with pytest.raises(BadArgument):
        await asked.resolve(spelling, api_version)
    assert asked.times == 0


@pytest.mark.parametrize("spelling", ["sec", "sec2", "hidden", "keys", "keys.example.com"])
async def test_row_35_no_other_way_leads_to_a_kind_of_that_name(asked: Asked, spelling: str) -> None:
    with pytest.raises(KindNotInstalled):
        await asked.resolve(spelling)


@pytest.mark.parametrize(
    "api_version", ["", "apps", "v1/apps", "apps/v1 ", "--raw=/v1", "apps/v1/x", "a" * 300 + "/v1"]
)
async def test_what_is_no_api_version_is_refused(asked: Asked, api_version: str) -> None:
    with pytest.raises(BadArgument, match=r"^Invalid api_version: must be "):
        await asked.resolve("Deployment", api_version)
    assert asked.times == 0


# What is remembered, and what goes wrong


async def test_the_table_is_remembered_for_five_minutes(asked: Asked) -> None:
    for now, times in ((0.0, 1), (299.0, 1), (301.0, 2), (302.0, 2)):
        asked.clock.append(now)
        await asked.resolve("Node")
        assert asked.times == times


async def test_a_kind_that_is_new_is_looked_for_once_more(asked: Asked, fake: FakeKubectl) -> None:
    await asked.resolve("Node")
    fake.says("api-resources", TABLE + "widgets example.com/v1 true Widget\n")
    assert (await asked.resolve("Widget")).resource == "widgets.example.com"
    assert asked.times == 2
    with pytest.raises(KindNotInstalled):
        await asked.resolve("Gadget")
    assert asked.times == 3


async def test_each_context_has_kinds_of_its_own(asked: Asked, fake: FakeKubectl) -> None:
    fake.does(
        "api-resources", 'case "$*" in *--context=prod*) echo "widgets example.com/v1 true Widget"; exit 0;; esac'
    )
    assert (await asked.resolve("Widget", context="prod")).resource == "widgets.example.com"
    with pytest.raises(KindNotInstalled):
        await asked.resolve("Widget", context="dev")


async def test_calls_at_the_same_time_ask_once(asked: Asked) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(asked.resolve, "Node")
    assert asked.times == 1


async def test_an_api_that_is_broken_is_told_from_a_kind_that_is_not_there(asked: Asked, fake: FakeKubectl) -> None:
    fake.says("api-resources", TABLE, BROKEN.format("custom.metrics.k8s.io/v1"), 1)
    assert await asked.resolve("Node") == NODE
    with pytest.raises(ServerError, match="did not report whether this is installed; context dev"):
        await asked.resolve("things.custom.metrics.k8s.io")
    with pytest.raises(KindNotInstalled, match=r"could not list the kinds of custom\.metrics\.k8s\.io"):
        await asked.resolve("Things")


async def test_a_flux_kind_that_cannot_be_listed_is_not_called_not_installed(fake: FakeKubectl, ask_fake: Ask) -> None:
    row = "kustomizations ks kustomize.toolkit.fluxcd.io/v1 true Kustomization create\n"
    fake.says("api-resources", TABLE + row)
    said = "Error from server (MethodNotAllowed): the server does not allow this method on the requested resource"
    fake.says("get", "", said, 1)
    reply = await ask_fake("list_flux_resources", kinds=["Kustomization"])
    assert reply.is_error
    assert "MethodNotAllowed" in reply.text


async def test_a_line_break_in_what_is_said_of_one_group_hides_no_other(asked: Asked, fake: FakeKubectl) -> None:
    said = "a.example.com/v1: down\nfor now, b.example.com/v1: down\n\nfor long, c.example.com/v1"
    fake.says("api-resources", TABLE, BROKEN.format(said), 1)
    for kind in ("things.a.example.com", "things.b.example.com", "things.c.example.com"):
        with pytest.raises(ServerError, match="did not report whether this is installed"):
            await asked.resolve(kind)


@pytest.mark.parametrize(
    ("stdout", "stderr", "code", "error"),
    [
        pytest.param("", "Unable to connect to the server: dial tcp: no such host\n", 1, Unreachable, id="unreachable"),
        pytest.param("", "", 0, BadOutput, id="nothing"),
        pytest.param("<html>Sign in</html>\n", "", 0, BadOutput, id="a-sign-in-page"),
    ],
)
async def test_a_table_that_cannot_be_had_is_not_a_missing_kind(
    asked: Asked, fake: FakeKubectl, stdout: str, stderr: str, code: int, error: type[Exception]
) -> None:
    fake.says("api-resources", stdout, stderr, code)
    with pytest.raises(error):
        await asked.resolve("Node")


async def test_what_the_table_holds_is_checked(asked: Asked, fake: FakeKubectl) -> None:
    rows = ("--all x/v1 true Evil", "pods;id x/v1 true Evil", "evils x/v1 true Evil;id", "good x/v1 true Good")
    fake.says("api-resources", "\n".join((*rows, *ALWAYS_SERVED)))
    for spelling in ("Evil", "evils"):
        with pytest.raises(KindNotInstalled):
            await asked.resolve(spelling)
    assert (await asked.resolve("Good")).resource == "good.x"


# Recordings


@pytest.mark.parametrize(
    ("spelling", "resource", "namespaced"),
    [
        ("Node", "nodes", False),
        ("networkpolicies", "networkpolicies.networking.k8s.io", True),
        ("ServiceAccount", "serviceaccounts", True),
        ("cj", "cronjobs.batch", True),
        ("rset", "resourcesets.fluxcd.controlplane.io", True),
    ],
)
async def test_a_recording_tells_the_kinds_of_its_files(spelling: str, resource: str, namespaced: bool) -> None:
    cluster = Cluster(connect(Settings(recording=FIXTURES / "staging")))
    found = await cluster.resolve(await cluster.open(), spelling)
    assert (found.resource, found.namespaced) == (resource, namespaced)


async def test_a_recording_tells_the_kinds_of_its_crds(tmp_path: Any) -> None:
    crd = (
        '{"kind":"List","items":[{"metadata":{"name":"widgets.example.com","creationTimestamp":"2026-01-01T00:00:00Z"},'
        '"spec":{"group":"example.com","scope":"Cluster","names":{"kind":"Widget","plural":"widgets","shortNames":["wd"]}}}]}'
    )
    (tmp_path / "customresourcedefinitions.apiextensions.k8s.io.json").write_text(crd)
    cluster = Cluster(connect(Settings(recording=tmp_path)))
    scope = await cluster.open()
    for spelling in ("Widget", "wd", "widgets.example.com"):
        found = await cluster.resolve(scope, spelling)
        assert (found.resource, found.namespaced) == ("widgets.example.com", False)
    with pytest.raises(KindNotInstalled, match="context "):
        await cluster.resolve(scope, "Gadget")
