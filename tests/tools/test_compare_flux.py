"""compare_flux: what differs between two contexts, each difference once, and nothing that could not be compared."""

from typing import Any

import pytest

from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import FluxMcpError
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from flux_mcp.settings import Settings
from flux_mcp.tools.registry import Toolbox
from tests.conftest import Ask, Reply
from tests.support import truth, truth_edits
from tests.support.api import Api, applied_by, inventory, thing
from tests.support.items import item
from tests.support.tokens import tokens
from tests.support.truth import REVISION, Row

pytestmark = pytest.mark.anyio

PAIR = ("before", "after")
KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"


class Two:
    """Two clusters, `dev` and `prod`."""

    def __init__(self) -> None:
        self.dev, self.prod = Api(), Api()
        self._toolbox = Toolbox(Cluster(self), Settings())

    def moment(self, context: str | None) -> None:
        return None

    def impersonated(self, context: str | None) -> None:
        return None

    async def run(self, command: Command, context: str | None = None) -> Output:
        return await (self.prod if context == "prod" else self.dev).run(command, context)

    async def compare(self, **arguments: Any) -> Reply:
        try:
            text = await self._toolbox.call("compare_flux", {"context": "dev", "with_context": "prod", **arguments})
        except FluxMcpError as error:
            return Reply(str(error), is_error=True)
        return Reply(text, is_error=False)


@pytest.fixture
def two() -> Two:
    return Two()


PAIRS = {"before": truth, "edits-before": truth_edits}
"""First of two recordings with known changes in between, and what changed."""
each_row = pytest.mark.parametrize(
    ("pair", "row"), [pytest.param(pair, row, id=f"{pair}-{row.number}") for pair in PAIRS for row in PAIRS[pair].ROWS]
)


@pytest.fixture
def pair() -> str:
    return "before"


@pytest.fixture
async def compared(ask_recordings: Ask, pair: str) -> Reply:
    other = pair.replace("before", "after")
    return await ask_recordings((pair, other), "compare_flux", context=pair, with_context=other)


@each_row
async def test_each_change_is_a_difference(compared: Reply, row: Row) -> None:
    for facts in row.comparison:
        assert any(all(fact in line for fact in facts) for line in compared.lines), (row.did, facts)


@pytest.mark.parametrize("pair", PAIRS)
async def test_nothing_else_differs(compared: Reply, pair: str) -> None:
    expected = [*(facts for row in PAIRS[pair].ROWS for facts in row.comparison), REVISION]
    lines = compared.lines[[" on both sides, " in line for line in compared.lines].index(True) + 1 :]
    lines = [line for line in lines if not line.endswith(":") and not line.startswith(("Left out", "Values that a"))]
    assert [line for line in lines if not any(all(fact in line for fact in facts) for facts in expected)] == []


async def test_noise_is_counted(compared: Reply) -> None:
    """What a controller writes anew for every commit, and what a HelmRelease makes."""
    assert compared.lines[-1] == "Left out, since controllers make them: 1 ExternalArtifact, 1 FluxReport, 1 HelmChart"
    assert "requestedAt" not in compared.text


@pytest.mark.parametrize("pair", PAIRS)
async def test_a_default_answer_is_short(compared: Reply) -> None:
    assert tokens(compared.text) <= 2_500


async def test_values_that_are_not_shown_differ_by_their_path(compared: Reply) -> None:
    """The images of a release's values stand in its workloads, and nowhere else."""
    for line in compared.lines:
        assert "spec.values" not in line or "acme" not in line


@pytest.mark.parametrize("context", PAIR)
async def test_a_cluster_with_itself_is_one_line(ask_recordings: Ask, context: str) -> None:
    reply = await ask_recordings(PAIR, "compare_flux", context=context, with_context=context)
    (line,) = reply.lines
    assert line.startswith("compare_flux: no differences in 1")
    assert f"context {context}" in line


async def test_the_other_way_round_is_the_same_the_other_way_round(ask_recordings: Ask, compared: Reply) -> None:
    reply = await ask_recordings(PAIR, "compare_flux", context="after", with_context="before")
    assert len(reply.lines) == len(compared.lines)
    assert any("Deployment web/web: image ghcr.io/acme/web 2.4.0 → 2.3.0" in line for line in reply.lines)
    assert any("Only in before: HelmRepository flux-system/bitnami-gone" in line for line in reply.lines)


async def test_two_hundred_equal_differences_are_one_line(two: Two) -> None:
    for number in range(200):
        two.dev.holds(item(name=f"app-{number}", spec={"interval": "10m"}))
        two.prod.holds(item(name=f"app-{number}", spec={"interval": "5m"}))
    reply = await two.compare()
    (line,) = (line for line in reply.lines if "spec.interval" in line)
    assert line.endswith("196 more: spec.interval 10m → 5m")


async def test_what_many_have_in_common_is_told_once_beside_what_one_has_alone(two: Two) -> None:
    for number in range(5):
        two.dev.holds(item(name=f"app-{number}", spec={"interval": "10m", "path": "./a"}))
        two.prod.holds(item(name=f"app-{number}", spec={"interval": "5m", "path": f"./{number}"}))
    reply = await two.compare()
    assert sum("spec.interval" in line for line in reply.lines) == 1
    assert sum("spec.path" in line for line in reply.lines) == 5


async def test_what_could_not_be_read_on_one_side_is_not_said_to_be_on_the_other_only(two: Two) -> None:
    two.dev.holds(item(name="app"), thing(DEPLOYMENT, "web", "apps", labels=applied_by("app")))
    two.prod.holds(item(name="app"))
    assert any(line.startswith("Only in dev: Deployment apps/web") for line in (await two.compare()).lines)
    two.prod.forbids("deployments.apps")
    reply = await two.compare()
    assert "Only in" not in reply.text
    assert any(line.startswith("Could not read: ") and "Deployment of prod (forbidden" in line for line in reply.lines)
    assert any(line.startswith("Not compared in full") and "Deployment" in line for line in reply.lines)


async def test_of_a_side_that_cannot_be_read_there_is_no_comparison(two: Two) -> None:
    two.dev.holds(item(name="app"))
    two.prod.forbids(*(kind.resource for kind in Api.kinds))
    reply = await two.compare()
    assert reply.is_error
    assert "context prod" in reply.text


async def test_a_value_that_a_recording_masks_equals_nothing(two: Two) -> None:
    two.dev.holds(item("HelmRelease", "web", spec={"values": {"color": "***"}}))
    two.prod.holds(item("HelmRelease", "web", spec={"values": {"color": "blue"}}))
    reply = await two.compare()
    assert "spec.values" not in reply.text
    assert any("masks were not compared: 1 objects" in line for line in reply.lines)


async def test_credentials_that_differ_are_not_shown(two: Two) -> None:
    for api, word in ((two.dev, "hunter2"), (two.prod, "hunter3")):
        api.holds(
            item("GitRepository", "repo", spec={"url": f"https://me:{word}@git.example.com/x"}),
            item("Provider", "chat", spec={"address": f"https://hooks.example.com/{word}"}),
            item("HelmRelease", "web", spec={"values": {"password": word}}),
            item(name="app", spec={"postBuild": {"substitute": {"PASSWORD": word}}}),
        )
    reply = await two.compare()
    assert "hunter" not in reply.text
    for path in ("spec.url", "spec.address", "spec.values.password", "spec.postBuild.substitute.PASSWORD"):
        assert path in reply.text


async def test_the_same_thing_under_another_name_is_not_guessed(two: Two) -> None:
    two.dev.holds(item(name="app", spec={"path": "./app"}))
    two.prod.holds(item(name="application", spec={"path": "./app"}))
    reply = await two.compare()
    assert "Only in dev: Kustomization flux-system/app" in reply.lines
    assert "Only in prod: Kustomization flux-system/application" in reply.lines


async def test_what_is_off_or_empty_is_not_set(two: Two) -> None:
    """API servers fill in defaults; a number of 0 is none of them."""
    two.dev.holds(item(name="app", spec={"suspend": False, "patches": [], "targetNamespace": ""}))
    two.prod.holds(item(name="app"))
    two.dev.holds(thing(DEPLOYMENT, "web", "apps", labels=applied_by("app"), spec={"replicas": 0}))
    two.prod.holds(thing(DEPLOYMENT, "web", "apps", labels=applied_by("app"), spec={"replicas": 3}))
    reply = await two.compare()
    assert any(line == "  Deployment apps/web: spec.replicas 0 → 3" for line in reply.lines)
    assert "suspend" not in reply.text


async def test_inventories_differ_by_what_is_not_read(two: Two) -> None:
    two.dev.holds(item(name="app", status=inventory("apps_settings__ConfigMap", "apps_web_apps_Deployment")))
    two.prod.holds(item(name="app", status=inventory("apps_web_apps_Deployment")))
    reply = await two.compare()
    assert "Kustomization flux-system/app applies only in dev: ConfigMap apps/settings" in reply.lines


async def test_a_side_takes_three_kubectl_and_its_discovery(two: Two) -> None:
    two.dev.holds(item(name="app"))
    two.prod.holds(item(name="app"))
    await two.compare()
    for api in (two.dev, two.prod):
        verbs = [args[0] for args in api.calls if args[0] != "config" and "--client=true" not in args]
        assert sorted(verbs) == ["api-resources", "get", "get", "version"]


async def test_kinds_and_namespace_narrow(ask_recordings: Ask) -> None:
    reply = await ask_recordings(PAIR, "compare_flux", context="before", with_context="after", kinds=["HelmRelease"])
    assert "Kustomization" not in reply.text
    assert "Deployment" not in reply.text
    assert "HelmRelease shop/basket" in reply.text
    reply = await ask_recordings(PAIR, "compare_flux", context="before", with_context="after", namespace="web")
    assert "Deployment web/web" in reply.text
    assert "basket" not in reply.text


async def test_clusters_without_flux_on_one_side(ask_recordings: Ask) -> None:
    reply = await ask_recordings(("staging", "noflux"), "compare_flux", context="staging", with_context="noflux")
    assert not reply.is_error
    assert any(line.startswith("Not installed in noflux: Alert, ") for line in reply.lines)


async def test_a_mistyped_namespace_is_an_error_that_names_the_nearest(ask_recordings: Ask) -> None:
    reply = await ask_recordings(PAIR, "compare_flux", context="before", with_context="after", namespace="monitorin")
    assert reply.is_error
    assert reply.text == "Namespace monitorin does not exist; context before. Did you mean monitoring?"


async def test_a_namespace_of_one_side(ask_recordings: Ask) -> None:
    """extras was created between the two recordings."""
    reply = await ask_recordings(PAIR, "compare_flux", context="before", with_context="after", namespace="extras")
    assert not reply.is_error
    assert "Namespace extras does not exist in before." in reply.lines
    assert "Only in after: Deployment extras/cache; HelmRelease extras/cache" in reply.text


async def test_a_namespace_that_holds_nothing_of_flux(ask_recordings: Ask) -> None:
    reply = await ask_recordings(PAIR, "compare_flux", context="before", with_context="after", namespace="default")
    assert reply.lines[0].startswith("compare_flux: nothing to compare · context before")
    assert "Namespace default exists, and nothing that was requested is in it on either side." in reply.lines


def web(*containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    spec = {"replicas": 1, "template": {"spec": {"containers": [*containers], **more}}}
    return thing(DEPLOYMENT, "web", "apps", labels=applied_by("apps"), spec=spec)


async def test_a_container_on_one_side_is_one_difference(two: Two) -> None:
    main, proxy = (
        {"name": name, "image": f"acme/{name}:1", "ports": [{"containerPort": 80}]} for name in ("main", "proxy")
    )
    two.dev.holds(item(), web(main))
    two.prod.holds(item(), web(main, proxy))
    reply = await two.compare()
    assert [line.strip() for line in reply.lines if "Deployment" in line] == [
        "Deployment apps/web: container proxy added, image acme/proxy:1"
    ]


async def test_what_every_api_server_sets_is_no_difference(two: Two) -> None:
    """A recording of another tool may lack what the API server fills in."""
    main = {"name": "main", "image": "acme/main:1"}
    filled = {**main, "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"}
    two.dev.holds(item(), web(main))
    two.prod.holds(item(), web(filled, dnsPolicy="ClusterFirst", restartPolicy="Always"))
    assert "no differences" in (await two.compare()).lines[0]
    two.dev.holds(web({**filled, "imagePullPolicy": "Always"}))
    assert "imagePullPolicy" in (await two.compare()).text


async def test_what_was_deleted_and_created_again(two: Two) -> None:
    """Of two clusters every uid differs, and says nothing."""
    for name in ("one", "two", "three"):
        two.dev.holds(item(name=name, metadata={"uid": f"uid-{name}"}))
        two.prod.holds(item(name=name, metadata={"uid": f"uid-{name}" if name != "two" else "other"}))
    reply = await two.compare()
    assert reply.lines[-1] == "Deleted and created again in between: Kustomization flux-system/two"
    for name in ("one", "three"):
        two.prod.holds(item(name=name, metadata={"uid": f"another-{name}"}))
    assert "no differences" in (await two.compare()).lines[0]


async def test_a_v_before_a_version_is_no_difference(ask_recordings: Ask) -> None:
    reply = await ask_recordings(("staging", "before"), "compare_flux", context="staging", with_context="before")
    assert "Flux Operator" not in reply.text


async def test_an_address_that_a_recording_masks_in_part_equals_the_one_it_was(two: Two) -> None:
    def hook(address: str) -> dict[str, Any]:
        return item("Provider", "hook", spec={"type": "generic", "address": address})

    def repo(url: str) -> dict[str, Any]:
        return item("GitRepository", "repo", spec={"url": url})

    two.dev.holds(hook("https://hooks.example.com/***"), repo("https://***@git.example.com/fleet"))
    two.prod.holds(hook("https://hooks.example.com/T1/abc"), repo("https://git.example.com/fleet"))
    assert [line for line in (await two.compare()).lines if "spec" in line] == [
        '  GitRepository flux-system/repo: spec.url "https://***@git.example.com/fleet" → https://git.example.com/fleet'
    ]
    two.prod.holds(repo("https://me@git.example.com/fleet"))
    assert "no differences" in (await two.compare()).lines[0]


async def test_many_fields_of_a_list_without_values_are_one(two: Two) -> None:
    def web_release(*images: str) -> dict[str, Any]:
        return item("HelmRelease", "web", spec={"values": {"images": [*images], "level": images[0]}})

    two.dev.holds(web_release("a", "b", "c", "d"))
    two.prod.holds(web_release("e", "f", "g", "d"))
    (line,) = (line for line in (await two.compare()).lines if "HelmRelease" in line)
    assert line == (
        "  HelmRelease flux-system/web: spec.values.images (value not shown); spec.values.level (value not shown)"
    )


async def test_a_label_that_moves_an_object_to_another_shard_is_a_difference(two: Two) -> None:
    two.dev.holds(item(metadata={"labels": {"team": "one"}}))
    two.prod.holds(item(metadata={"labels": {"team": "two", "sharding.fluxcd.io/key": "s1"}}))
    (line,) = (line for line in (await two.compare()).lines if "Kustomization" in line)
    assert line == "  Kustomization flux-system/apps: metadata.labels.sharding.fluxcd.io/key unset → s1"


async def test_values_nested_deeper_than_can_be_written_again_are_compared(two: Two) -> None:
    """orjson reads 1,024 levels and writes 254; below the fiftieth nothing is compared."""
    for api, top in ((two.dev, "a"), (two.prod, "b")):
        deep: Any = "end"
        for _ in range(300):
            deep = {"x": deep}
        api.holds(item("HelmRelease", "web", spec={"values": {"top": top, "deep": deep}}))
    assert "  HelmRelease flux-system/web: spec.values.top (value not shown)" in (await two.compare()).lines


async def test_the_order_of_fields_is_no_difference(two: Two) -> None:
    two.dev.holds(item("HelmRelease", "web", spec={"values": {"a": 1, "b": 2}, "interval": "1h"}))
    two.prod.holds(item("HelmRelease", "web", spec={"interval": "1h", "values": {"b": 2, "a": 1}}))
    assert "HelmRelease flux-system/web" not in (await two.compare()).text
