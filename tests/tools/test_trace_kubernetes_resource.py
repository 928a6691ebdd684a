"""trace_kubernetes_resource on hand-made objects, beyond what questions.md asks of the recordings."""

from datetime import UTC, datetime
from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import (
    CONFIG_MAP,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
)
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.ownership import owner_chain, ownership_claims, view_traced
from tests.conftest import Ask, Reply
from tests.support.api import (
    CLUSTER_ROLE,
    INGRESS,
    OTHER_INGRESS,
    OTHER_JOB,
    ROLLOUT,
    Api,
    applied_by,
    inventory,
    prints,
    thing,
)
from tests.support.fake import FakeKubectl
from tests.support.items import item

pytestmark = pytest.mark.anyio

TOOL = "trace_kubernetes_resource"
WEB_ID = "apps_web_apps_Deployment"
HELM = "helm.toolkit.fluxcd.io"
COMMIT = "main@sha1:0123456789012345678901234567890123456789"


@pytest.fixture
def api() -> Api:
    return Api()


def applier(name: str = "apps", *ids: str, **more: Any) -> dict[str, Any]:
    """A Kustomization that applied these, from GitRepository fleet."""
    spec = {"sourceRef": {"kind": "GitRepository", "name": "fleet"}, **more.pop("spec", {})}
    held = {} if more.pop("unknown", False) else inventory(*ids)
    return item(name=name, spec=spec, status={**held, "lastAppliedRevision": COMMIT}, **more)


FLEET = item(
    "GitRepository",
    "fleet",
    spec={"url": "https://git.example.com/fleet", "ref": {"branch": "main"}},
    status={"artifact": {"revision": COMMIT}},
)


def starts(reply: Reply, start: str) -> list[str]:
    return [line.strip() for line in reply.lines if line.strip().startswith(start)]


def managers(reply: Reply) -> list[str]:
    """The appliers that are said to manage the object, in their order."""
    return [line.split(" (")[0] for line in starts(reply, "managed by ")]


async def test_an_object_that_is_only_in_an_inventory(ask_recording: Ask) -> None:
    """The recording has no cluster roles."""
    reply = await ask_recording("staging", TOOL, kind="ClusterRole", name="acme:tenant-a:viewer")
    assert not reply.is_error
    assert "was not found" in reply.lines[1]
    assert managers(reply) == ["managed by Kustomization flux-system/tenant-a"]
    assert "by its inventory alone" in reply.text
    assert "source: OCIRepository flux-system/tenants, Ready" in reply.text
    assert "built from main@sha1:894f422aa" in reply.text
    assert starts(reply, "Kustomization flux-system/flux-system, Ready")
    assert reply.lines[-2:-1] == ["  applied by FluxInstance flux-system/flux"]
    assert reply.lines[-1].startswith("FluxInstance flux-system/flux, Ready")


@pytest.mark.parametrize("kind", ["ClusterRole", "clusterroles", "ClusterRole.rbac.authorization.k8s.io"])
async def test_a_kind_that_is_not_recorded_is_spelled_in_several_ways(ask_recording: Ask, kind: str) -> None:
    reply = await ask_recording("staging", TOOL, kind=kind, name="acme:tenant-a:viewer")
    assert managers(reply) == ["managed by Kustomization flux-system/tenant-a"]


@pytest.mark.parametrize(
    ("labelled", "held", "why"),
    [
        pytest.param(True, (WEB_ID,), "by label and inventory", id="agree"),
        pytest.param(True, ("apps_api_apps_Deployment",), "by label, but not in its inventory", id="disagree"),
        pytest.param(True, None, "by label alone; it has no inventory", id="no-inventory"),
        pytest.param(False, (WEB_ID,), "by its inventory alone", id="no-label"),
    ],
)
async def test_label_and_inventory(api: Api, labelled: bool, held: tuple[str, ...] | None, why: str) -> None:
    one = applier("apps", *(held or ()), unknown=held is None)
    api.holds(thing(DEPLOYMENT, "web", "apps", labels=applied_by("apps") if labelled else {}), one, FLEET)
    reply = await api.ask(TOOL, kind="deploy", name="web", namespace="apps")
    assert not reply.is_error
    assert reply.lines[1] == "Deployment apps/web: 0 of 1 ready"
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]
    assert reply.lines[2].startswith(f"  managed by Kustomization flux-system/apps ({why}")
    assert "  source: GitRepository flux-system/fleet, Ready" in reply.text
    assert "main@0123456" in reply.text


async def test_two_appliers_that_both_hold_it(api: Api) -> None:
    api.holds(thing(DEPLOYMENT, "web", "apps", labels=applied_by("one")))
    api.holds(applier("one", WEB_ID), applier("two", WEB_ID), FLEET)
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert managers(reply) == [f"managed by Kustomization flux-system/{name}" for name in ("one", "two")]
    assert "by label and inventory" in reply.text
    assert "by its inventory alone" in reply.text


async def test_a_label_that_was_copied_and_the_applier_that_holds_it(api: Api) -> None:
    api.holds(thing(DEPLOYMENT, "web", "apps", labels=applied_by("copied")))
    api.holds(applier("copied"), applier("true", WEB_ID))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert set(managers(reply)) == {f"managed by Kustomization flux-system/{name}" for name in ("copied", "true")}
    assert "by label, but not in its inventory" in reply.text


async def test_the_labels_of_two_kinds_of_appliers(api: Api) -> None:
    labels = {**applied_by("apps"), **applied_by("web", "apps", HELM)}
    api.holds(thing(DEPLOYMENT, "web", "apps", labels=labels), applier("apps"))
    api.holds(item("HelmRelease", "web", "apps", status=inventory(WEB_ID)))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert set(managers(reply)) == {"managed by Kustomization flux-system/apps", "managed by HelmRelease apps/web"}


@pytest.mark.parametrize("labelled", [True, False])
async def test_the_inventory_of_another_cluster_says_nothing(api: Api, labelled: bool) -> None:
    remote = applier("remote", WEB_ID, spec={"kubeConfig": {"secretRef": {"name": "prod"}}})
    api.holds(thing(DEPLOYMENT, "web", "apps", labels=applied_by("remote") if labelled else {}), remote)
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    if labelled:
        assert "by label alone; it has no inventory of this cluster" in reply.text
        assert "applies to another cluster" in reply.text
    else:
        assert managers(reply) == []
        assert "not managed by Flux: " in reply.text


def deployment(**more: Any) -> dict[str, Any]:
    return thing(DEPLOYMENT, "web", "apps", labels=applied_by("apps"), **more)


def chain_of(*kinds: Kind) -> list[dict[str, Any]]:
    """The last is labelled and owned by nobody, each other one is owned by the next."""
    found: list[dict[str, Any]] = []
    for number, kind in enumerate(reversed(kinds)):
        last = {"labels": applied_by("apps")} if not found else {"owner": found[-1]}
        found.append(thing(kind, f"web-{number}", "apps", **last))
    return list(reversed(found))


@pytest.mark.parametrize(
    "kinds",
    [
        (POD, REPLICA_SET, DEPLOYMENT),
        (POD, JOB, CRON_JOB),
        (POD, STATEFUL_SET),
        (POD, DAEMON_SET),
        (REPLICA_SET, DEPLOYMENT),
        (JOB, CRON_JOB),
    ],
    ids=lambda kinds: "-".join(kind.kind for kind in kinds),
)
async def test_a_chain_of_owners(api: Api, kinds: tuple[Kind, ...]) -> None:
    chain = chain_of(*kinds)
    api.holds(*chain, applier(unknown=True), FLEET)
    reply = await api.ask(TOOL, kind=kinds[0].kind, name=chain[0]["metadata"]["name"], namespace="apps")
    names = [f"{one['kind']} apps/{one['metadata']['name']}" for one in chain]
    state = {"Job": ": 0 of 1 completed", "Pod": ""}.get(kinds[0].kind, ": 0 of 1 ready")
    assert reply.lines[1 : len(chain) + 1] == [f"{names[0]}{state}", *(f"  owned by {name}" for name in names[1:])]
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]
    gets = [call for call in api.calls if call[0] == "get"]
    assert len(gets) <= 4


async def test_no_more_than_four_processes_once_the_kinds_are_known(fake: FakeKubectl, ask_fake: Ask) -> None:
    pod, *rest = chain_of(POD, REPLICA_SET, DEPLOYMENT)
    prints(fake, kustomizations=[applier(unknown=True), FLEET], replicasets=rest, pods=[pod])
    await ask_fake(TOOL, kind="Pod", name=pod["metadata"]["name"])
    fake.forget()
    reply = await ask_fake(TOOL, kind="Pod", name=pod["metadata"]["name"])
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]
    assert len(fake.calls()) <= 4


async def test_the_nearest_of_the_chain_that_is_managed_decides(api: Api) -> None:
    """A Job that is applied on its own, by whomever the CronJob above it is applied."""
    cron = thing(CRON_JOB, "nightly", "apps", labels=applied_by("above"))
    job = thing(JOB, "once", "apps", owner=cron, labels=applied_by("near"))
    api.holds(cron, job, thing(POD, "once-x", "apps", owner=job), applier("near"), applier("above"))
    reply = await api.ask(TOOL, kind="Pod", name="once-x")
    assert managers(reply) == ["managed by Kustomization flux-system/near"]


async def test_an_owner_that_is_gone_is_named(api: Api) -> None:
    gone = thing(REPLICA_SET, "web-1", "apps")
    api.holds(thing(POD, "web-1-x", "apps", owner=gone))
    reply = await api.ask(TOOL, kind="Pod", name="web-1-x")
    assert "  owned by ReplicaSet apps/web-1, which was not read" in reply.lines


@pytest.mark.parametrize("above", [(), (REPLICA_SET,)], ids=["owner", "owner-s-owner"])
async def test_an_owner_of_an_unknown_kind_is_named(api: Api, above: tuple[Kind, ...]) -> None:
    pod, *rest = chain_of(POD, *above, ROLLOUT)
    api.holds(pod, *rest)
    reply = await api.ask(TOOL, kind="Pod", name=pod["metadata"]["name"])
    assert not reply.is_error
    assert "  owned by Rollout apps/web-0, which was not read" in reply.lines


async def test_an_owner_that_was_not_read_leaves_it_open_who_manages_it(api: Api) -> None:
    """The Rollout is labelled, but it was not looked at."""
    pod, rollout = chain_of(POD, ROLLOUT)
    api.holds(pod, rollout, applier())
    reply = await api.ask(TOOL, kind="Pod", name=pod["metadata"]["name"])
    assert managers(reply) or "not managed by Flux as far as could be read" in reply.text


async def test_an_owner_of_an_unknown_kind_that_an_inventory_names(api: Api) -> None:
    """An operator's pod: the inventory names what the operator made it for."""
    pod, rollout = chain_of(POD, ROLLOUT)
    api.holds(pod, rollout, applier("apps", "apps_web-0_argoproj.io_Rollout"))
    reply = await api.ask(TOOL, kind="Pod", name=pod["metadata"]["name"])
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]


async def test_an_owner_of_another_group_is_not_the_kind_of_that_name(api: Api) -> None:
    """Volcano has a Job, too; the Job of that name in the group batch has nothing to do with the pod."""
    theirs = thing(OTHER_JOB, "train", "apps")
    api.holds(thing(POD, "train-x", "apps", owner=theirs), theirs, applier())
    api.holds(thing(JOB, "train", "apps", labels=applied_by("apps")))
    reply = await api.ask(TOOL, kind="Pod", name="train-x")
    assert managers(reply) == []


async def test_owners_that_own_each_other(api: Api) -> None:
    first = thing(REPLICA_SET, "web", "apps")
    second = thing(DEPLOYMENT, "web", "apps", owner=first)
    api.holds(thing(REPLICA_SET, "web", "apps", owner=second), second)
    reply = await api.ask(TOOL, kind="rs", name="web")
    assert not reply.is_error
    assert reply.lines[1:3] == ["ReplicaSet apps/web: 0 of 1 ready", "  owned by Deployment apps/web"]


def test_an_object_that_owns_itself() -> None:
    one = view_traced(thing(REPLICA_SET, "web", "apps", owner=thing(REPLICA_SET, "web", "apps")))
    assert one is not None
    assert owner_chain(one, {one.ref: one}) == (one,)
    assert ownership_claims((one,), Graph(())) == ()


async def test_a_kustomization_that_applies_itself(api: Api) -> None:
    """As `flux bootstrap` leaves it: the top of everything, and each object comes from its source."""
    own = "flux-system_flux-system_kustomize.toolkit.fluxcd.io_Kustomization"
    top = applier("flux-system", own, WEB_ID, metadata={"labels": applied_by("flux-system")})
    api.holds(deployment() | {"metadata": {**deployment()["metadata"], "labels": applied_by("flux-system")}})
    api.holds(top, FLEET)
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert managers(reply) == ["managed by Kustomization flux-system/flux-system"]
    assert starts(reply, "applied by") == []
    assert "  applies itself" in reply.lines
    assert reply.text.count("GitRepository flux-system/fleet") == 1


async def test_a_kustomization_that_applies_itself_is_not_applied_by_hand(ask_recording: Ask) -> None:
    reply = await ask_recording("bootstrap", TOOL, kind="ks", name="flux-system")
    assert "by hand" not in reply.text
    assert "GitRepository flux-system/flux-system" in reply.text
    assert "main@508f5fd" in reply.text


async def test_appliers_that_apply_each_other(api: Api) -> None:
    api.holds(deployment(), FLEET)
    api.holds(applier("apps", metadata={"labels": applied_by("b")}), applier("b", metadata={"labels": applied_by("a")}))
    api.holds(applier("a", metadata={"labels": applied_by("apps")}))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]
    assert starts(reply, "applied by") == [
        f"applied by Kustomization flux-system/{name}" for name in ("b", "a", "apps")
    ]
    shown = [line.split(",")[0] for line in reply.lines[2:] if not line.startswith(" ")]
    assert shown == [f"Kustomization flux-system/{name}" for name in ("apps", "b", "a")]


@pytest.mark.parametrize("at", ["near", "above"])
async def test_an_applier_that_a_label_names_and_that_does_not_exist(api: Api, at: str) -> None:
    api.holds(deployment())
    if at == "above":
        api.holds(applier("apps", WEB_ID, metadata={"labels": applied_by("gone")}))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert not reply.is_error
    found = {"near": "managed by Kustomization flux-system/apps", "above": "applied by Kustomization flux-system/gone"}
    (line,) = starts(reply, found[at])
    assert line.endswith(", which was not found")


async def test_an_applier_that_could_not_be_read_is_not_said_to_be_gone(api: Api) -> None:
    labels = applied_by("web", "apps", HELM)
    api.holds(thing(DEPLOYMENT, "web", "apps", labels=labels), item("HelmRelease", "web", "apps"))
    api.forbids(by_kind["HelmRelease"].resource)
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert reply.lines[1].startswith("Could not read: HelmRelease (forbidden")
    assert managers(reply) == ["managed by HelmRelease apps/web"]
    assert "not found" not in reply.text


async def test_a_source_that_is_not_there(api: Api) -> None:
    api.holds(deployment(), applier("apps", WEB_ID))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert "  source: GitRepository flux-system/fleet, which was not found" in reply.lines


async def test_a_source_that_could_not_be_read_is_not_said_to_be_gone(api: Api) -> None:
    api.holds(deployment(), applier("apps", WEB_ID), FLEET)
    api.forbids(by_kind["GitRepository"].resource)
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert "GitRepository flux-system/fleet" in reply.text
    assert "not found" not in reply.text


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("FluxInstance", "flux", "  applied by no Flux object"),
        ("GitRepository", "flux-system", "managed by FluxInstance flux-system/flux (by label and inventory)"),
        ("HelmChart", "apps-payments", "HelmChart flux-system/apps-payments"),
        ("HelmRelease", "payments", "managed by Kustomization flux-system/apps (by label and inventory)"),
    ],
)
async def test_a_flux_object_is_traced_too(ask_recording: Ask, kind: str, name: str, told: str) -> None:
    reply = await ask_recording("staging", TOOL, kind=kind, name=name)
    assert not reply.is_error
    assert reply.lines[1].startswith(f"{kind} ")
    assert told in reply.text
    assert "not managed by Flux" not in reply.text


async def test_a_chart_is_managed_by_the_release_that_it_was_made_for(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL, kind="HelmChart", name="apps-payments")
    assert managers(reply) == ["managed by HelmRelease apps/payments"]
    assert "was not found" not in reply.text


async def test_a_flux_object_that_nothing_applies(api: Api) -> None:
    api.holds(applier("apps"), FLEET)
    reply = await api.ask(TOOL, kind="ks", name="apps")
    assert reply.lines[1].startswith("Kustomization flux-system/apps, Ready")
    assert any(line.startswith("  source: GitRepository flux-system/fleet, Ready") for line in reply.lines)
    assert "  applied by no Flux object" in reply.lines


async def test_a_flux_object_of_which_not_all_appliers_could_be_read(api: Api) -> None:
    """The Kustomization may be in the inventory of a ResourceSet that may not be listed."""
    api.holds(applier("apps"), FLEET)
    api.forbids(by_kind["ResourceSet"].resource)
    reply = await api.ask(TOOL, kind="ks", name="apps")
    assert reply.lines[1].startswith("Could not read: ResourceSet (forbidden")
    assert "by hand" not in reply.text or "as far as could be read" in reply.text


async def test_nobody_manages_it(api: Api) -> None:
    api.holds(thing(DEPLOYMENT, "web", "apps", labels={"app": "web"}), applier("apps", "apps_api_apps_Deployment"))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert not reply.is_error
    assert reply.lines[1:] == [
        "Deployment apps/web: 0 of 1 ready",
        "  not managed by Flux: no label, owner reference or inventory leads to a Flux object",
    ]


async def test_nobody_is_known_to_manage_it_where_not_all_could_be_read(api: Api) -> None:
    api.holds(thing(DEPLOYMENT, "web", "apps"))
    api.forbids(by_kind["Kustomization"].resource)
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert reply.lines[1].startswith("Could not read: Kustomization (forbidden")
    assert "not managed by Flux as far as could be read: " in reply.text


async def test_the_owners_could_not_be_read(api: Api) -> None:
    pod, *rest = chain_of(POD, REPLICA_SET, DEPLOYMENT)
    api.holds(pod, *rest, applier())
    api.forbids(REPLICA_SET.resource, DEPLOYMENT.resource)
    reply = await api.ask(TOOL, kind="Pod", name=pod["metadata"]["name"])
    assert reply.lines[1].startswith("Could not read: ReplicaSet, Deployment (forbidden")
    assert "  owned by ReplicaSet apps/web-1, which was not read" in reply.lines
    assert "not managed by Flux as far as could be read: " in reply.text


async def test_an_object_of_another_name_or_namespace_is_not_in_the_inventory(api: Api) -> None:
    held = ("other_web_apps_Deployment", "apps_web__Service", "apps_web_extensions_Deployment", "_web_apps_Deployment")
    api.holds(thing(DEPLOYMENT, "web", "apps"), applier("apps", *held))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert managers(reply) == []


@pytest.mark.parametrize(
    ("labels", "managed"),
    [
        pytest.param({"kustomize.toolkit.fluxcd.io/name": "apps"}, False, id="name-alone"),
        pytest.param({"kustomize.toolkit.fluxcd.io/namespace": "flux-system"}, False, id="namespace-alone"),
        pytest.param({"app.kubernetes.io/managed-by": "Helm"}, False, id="helm-alone"),
        pytest.param(applied_by("apps"), True, id="both"),
    ],
)
async def test_a_label_says_name_and_namespace(api: Api, labels: dict[str, str], managed: bool) -> None:
    api.holds(thing(CONFIG_MAP, "cfg", "apps", labels=labels), applier(unknown=True))
    reply = await api.ask(TOOL, kind="cm", name="cfg")
    assert bool(managers(reply)) is managed


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        (HELM, "HelmRelease"),
        ("resourceset.fluxcd.controlplane.io", "ResourceSet"),
        ("fluxcd.controlplane.io", "FluxInstance"),
    ],
)
async def test_every_applier_has_labels_of_its_own(api: Api, prefix: str, kind: str) -> None:
    api.holds(thing(CLUSTER_ROLE, "view", labels=applied_by("flux", "gitops", prefix)), item(kind, "flux", "gitops"))
    reply = await api.ask(TOOL, kind="ClusterRole", name="view")
    assert reply.lines[1] == "ClusterRole view"
    assert managers(reply) == [f"managed by {kind} gitops/flux"]


@pytest.fixture
def ingresses(api: Api) -> Api:
    api.holds(thing(INGRESS, "web", "apps"), thing(OTHER_INGRESS, "web", "apps"))
    api.holds(applier("theirs", "apps_web_traefik.io_Ingress"))
    api.holds(applier("ours", "apps_web_networking.k8s.io_Ingress"))
    return api


async def test_a_kind_of_two_groups_needs_to_be_told_apart(ingresses: Api) -> None:
    reply = await ingresses.ask(TOOL, kind="Ingress", name="web")
    assert reply.is_error
    assert "ingresses.networking.k8s.io" in reply.text
    assert "ingresses.traefik.io" in reply.text


@pytest.mark.parametrize(
    ("arguments", "owner"),
    [
        ({"kind": "Ingress", "api_version": "traefik.io/v1"}, "theirs"),
        ({"kind": "Ingress", "api_version": "networking.k8s.io/v1"}, "ours"),
        ({"kind": "ingresses.traefik.io"}, "theirs"),
        ({"kind": "ing"}, "ours"),
    ],
)
async def test_the_group_decides(ingresses: Api, arguments: dict[str, str], owner: str) -> None:
    reply = await ingresses.ask(TOOL, name="web", **arguments)
    assert managers(reply) == [f"managed by Kustomization flux-system/{owner}"]


async def test_the_group_decides_too_about_what_is_not_there(api: Api) -> None:
    api.holds(applier("ours", "apps_web_networking.k8s.io_Ingress"))
    reply = await api.ask(TOOL, kind="Ingress", name="web", api_version="traefik.io/v1")
    assert reply.is_error
    assert "There is no Ingress" in reply.text


async def test_it_is_not_there_at_all(api: Api) -> None:
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert reply.is_error
    assert reply.text == 'There is no Deployment "web" in any namespace; context dev.'
    reply = await api.ask(TOOL, kind="ClusterRole", name="system:view")
    assert reply.is_error
    assert reply.text.startswith("Not found; context dev: ")
    assert "system:view" in reply.text


async def test_a_kind_that_is_nowhere(api: Api) -> None:
    reply = await api.ask(TOOL, kind="Deploymint", name="web")
    assert reply.is_error
    assert "does not serve" in reply.text
    assert "deployments.apps" in reply.text


async def test_several_of_that_name(api: Api) -> None:
    api.holds(*(thing(SERVICE, "web", namespace) for namespace in ("b", "a")))
    reply = await api.ask(TOOL, kind="svc", name="web")
    assert reply.is_error
    assert reply.text == 'Invalid namespace: required, since Service "web" is in a, b'


@pytest.mark.parametrize(
    "kind",
    [
        "Deployment",
        "deployments",
        pytest.param("deploy"),
        "deployments.apps",
        "DEPLOYMENT",
    ],
)
async def test_an_object_that_is_gone_and_still_in_an_inventory(api: Api, kind: str) -> None:
    """Somebody deleted it; its applier is about to make it again."""
    api.holds(applier("apps", WEB_ID), FLEET)
    reply = await api.ask(TOOL, kind=kind, name="web")
    assert not reply.is_error
    assert reply.lines[1] == "Deployment apps/web: the object itself was not found"
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]


async def test_an_object_that_may_not_be_read_is_not_said_to_be_gone(api: Api) -> None:
    api.holds(applier("apps", "_view_rbac.authorization.k8s.io_ClusterRole"), thing(CLUSTER_ROLE, "view"))
    api.forbids(CLUSTER_ROLE.resource)
    reply = await api.ask(TOOL, kind="ClusterRole", name="view")
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]
    assert "forbidden" in reply.lines[1]
    assert "not found" not in reply.lines[1]


async def test_a_namespace_with_a_kind_that_has_none_is_a_bad_argument(api: Api) -> None:
    api.holds(thing(CLUSTER_ROLE, "view"))
    reply = await api.ask(TOOL, kind="ClusterRole", name="view", namespace="apps")
    assert reply.is_error
    assert reply.text.startswith("Invalid namespace: ")


@pytest.mark.parametrize("kind", ["Secret", "secrets", "SECRET"])
async def test_a_secret_is_refused_and_nothing_is_asked(api: Api, kind: str) -> None:
    api.holds(applier("apps", "apps_creds__Secret"))
    reply = await api.ask(TOOL, kind=kind, name="creds", namespace="apps")
    assert reply.is_error
    assert api.calls == []


async def test_a_large_cluster_s_answer_is_bounded(api: Api) -> None:
    count = 150
    above = (applied_by(f"k{number + 1:03}") for number in range(count))
    api.holds(thing(DEPLOYMENT, "web", "apps", labels=applied_by("k000")), FLEET)
    api.holds(*(applier(f"k{number:03}", metadata={"labels": labels}) for number, labels in enumerate(above)))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert not reply.is_error
    assert len(reply.text.encode()) <= 12_000
    assert "applied by Kustomization flux-system/k001" in reply.text
    assert reply.lines[-1].endswith("more lines left out.")


@pytest.mark.parametrize(
    "odd",
    [
        {"metadata": {}},
        {"metadata": {"name": 7}},
        {"metadata": {"name": ""}},
        {},
        {"metadata": None},
    ],
)
def test_what_has_no_name_is_no_thing(odd: dict[str, Any]) -> None:
    assert view_traced(odd) is None


@pytest.mark.parametrize(
    "owners", [None, "x", [], [None], [{}], [{"kind": "ReplicaSet"}], [{"name": 5}], {"name": "x"}]
)
def test_owners_of_an_odd_shape_are_none(owners: Any) -> None:
    one = view_traced({"kind": "Pod", "metadata": {"name": "x", "namespace": "a", "ownerReferences": owners}})
    assert one is not None
    assert one.owner is None


def test_of_several_owners_the_controller_counts() -> None:
    owners = [{"kind": "Node", "name": "n"}, {"kind": "Job", "name": "j", "apiVersion": "batch/v1", "controller": True}]
    one = view_traced({"kind": "Pod", "metadata": {"name": "x", "namespace": "a", "ownerReferences": owners}})
    assert one is not None
    assert one.owner == ObjectRef("Job", "a", "j")
    assert one.owner_group == "batch"


async def test_where_no_flux_is_installed(api: Api) -> None:
    api.serves(*(kind for kind in api.kinds if kind not in FLUX_KINDS))
    api.holds(thing(DEPLOYMENT, "web", "apps"))
    reply = await api.ask(TOOL, kind="Deployment", name="web")
    assert not reply.is_error
    assert "not managed by Flux" in reply.text


# From which commit


AT = "2026-11-22T09:{:02}:00Z"
SOON = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECOND, THIRD = (f"main@sha1:{digit * 40}" for digit in "23")


def event(about: dict[str, Any], reason: str, message: str, minute: int, revision: str = "") -> dict[str, Any]:
    meta, group = about["metadata"], by_kind[about["kind"]].group
    where = {"apiVersion": about["apiVersion"], "kind": about["kind"], "name": meta["name"]}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{meta['name']}.{reason}.{minute}".lower(),
            "namespace": meta["namespace"],
            "annotations": {f"{group}/revision": revision} if revision else {},
        },
        "involvedObject": {**where, "namespace": meta["namespace"]},
        "type": "Normal",
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": AT.format(minute),
        "lastTimestamp": AT.format(minute),
    }


def entry(revision: str, first: int, status: str = "ReconciliationSucceeded", runs: int = 3) -> dict[str, Any]:
    """An entry of a Kustomization's status.history."""
    return {
        "digest": "sha256:1",
        "lastReconciledStatus": status,
        "metadata": {"revision": revision},
        "firstReconciled": AT.format(first),
        "lastReconciled": AT.format(25),
        "totalReconciliations": runs,
    }


def fleet_at(revision: str) -> dict[str, Any]:
    return item("GitRepository", "fleet", status={"artifact": {"revision": revision}})


def web() -> dict[str, Any]:
    return thing(DEPLOYMENT, "web", "apps", labels=applied_by("apps"), status={"readyReplicas": 1, "replicas": 1})


async def test_the_commit_that_changed_an_object_is_not_the_newest_that_was_applied(api: Api) -> None:
    api.now = SOON
    app, fleet = applier("apps", WEB_ID), fleet_at(THIRD)
    app["status"] |= {
        "lastAppliedRevision": SECOND,
        "lastAttemptedRevision": THIRD,
        "history": [entry(SECOND, 10)],
    }
    api.holds(
        app,
        fleet,
        web(),
        event(fleet, "NewArtifact", "stored artifact for commit 'web 2.4.0'", 9, COMMIT),
        event(fleet, "NewArtifact", "stored artifact for commit 'docs'", 19, SECOND),
        event(fleet, "NewArtifact", "stored artifact for commit 'typo'", 24, THIRD),
        event(app, "Progressing", "Deployment/apps/web configured", 10, COMMIT),
        event(app, "ReconciliationSucceeded", "Reconciliation finished in 1s", 10, COMMIT),
    )
    text = (await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")).text
    assert "Deployment apps/web: 1 of 1 ready" in text
    assert (
        '\n  last changed at 09:10:00 by Kustomization flux-system/apps at main@0123456 "web 2.4.0", as far as Events show\n'
        in text
    )
    assert '\n  last applied revision main@2222222 "docs"\n' in text
    assert '\n  same content since 09:10:00 at the latest, from main@0123456 "web 2.4.0"\n' in text
    assert '\n  last attempted revision main@3333333 "typo"\n' in text
    assert '\n    commit "typo"\n' in f"{text}\n"


async def test_a_revision_whose_health_check_failed_was_applied(api: Api) -> None:
    """status.lastAppliedRevision is set once the health check has passed."""
    app = applier("apps", WEB_ID)
    del app["status"]["lastAppliedRevision"]
    app["status"] |= {"lastAttemptedRevision": SECOND, "history": [entry(SECOND, 10, "HealthCheckFailed")]}
    api.holds(app, fleet_at(SECOND), web())
    text = (await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")).text
    assert (
        "last attempted revision main@2222222: applied, but its health check failed; no revision has succeeded" in text
    )
    assert "none" not in text


async def test_a_revision_that_failed_to_build_was_not_applied(api: Api) -> None:
    app = applier("apps", WEB_ID)
    del app["status"]["lastAppliedRevision"]
    app["status"]["lastAttemptedRevision"] = SECOND
    api.holds(app, fleet_at(SECOND), web())
    text = (await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")).text
    assert "last attempted revision main@2222222; no revision has succeeded so far" in text
    assert "applied, but" not in text


async def test_an_apply_that_events_no_longer_show_is_known_from_managed_fields(api: Api) -> None:
    """An older Event must not pass for the last change."""
    api.now = SOON
    app = applier("apps", WEB_ID)
    made = web()
    made["metadata"]["managedFields"] = [
        {"manager": "kustomize-controller", "operation": "Apply", "time": AT.format(20), "fieldsV1": {"f:spec": {}}}
    ]
    api.holds(app, fleet_at(COMMIT), made, event(app, "Progressing", "Deployment/apps/web created", 1, SECOND))
    text = (await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")).text
    assert "last changed at 09:20:00 by Kustomization flux-system/apps" in text
    assert "09:01:00" not in text


async def test_what_others_changed_is_named_beside_the_last_apply(api: Api) -> None:
    """A change by hand that no apply undoes, and a scaling, of which Kubernetes records no time."""
    api.now = SOON
    made = web()
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    made["metadata"]["managedFields"] = [
        {"manager": "kustomize-controller", "operation": "Apply", "time": AT.format(20), "fieldsV1": {"f:spec": {}}},
        {"manager": "kubectl-edit", "operation": "Update", "time": AT.format(25), "fieldsV1": fields},
        {"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsV1": fields},
        {"manager": "kube-controller-manager", "operation": "Update", "time": AT.format(26), "fieldsV1": fields},
    ]
    api.holds(applier("apps", WEB_ID), fleet_at(COMMIT), made)
    text = (await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")).text
    assert "also changed by kubectl-edit at 09:25:00: spec.replicas" in text
    assert "also changed by kubectl at a time that is not recorded: spec.replicas" in text
    assert "kube-controller-manager" not in text


@pytest.mark.parametrize(
    ("key", "found", "follows"),
    [
        ("kustomize.toolkit.fluxcd.io/reconcile", "disabled", "neither change nor delete it"),
        ("kustomize.toolkit.fluxcd.io/reconcile", "enabled", ""),
        ("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent", "do not change it afterwards"),
        ("helm.sh/resource-policy", "keep", "Helm does not delete it"),
    ],
)
async def test_an_annotation_that_excepts_an_object_is_named(api: Api, key: str, found: str, follows: str) -> None:
    made = web()
    made["metadata"]["annotations"] = {key: found}
    api.holds(applier("apps", WEB_ID), fleet_at(COMMIT), made)
    text = (await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")).text
    assert f"{key}: {found} is set on it" in text if follows else key not in text
    assert follows in text


async def test_a_chart_that_failed_is_not_the_one_that_runs(api: Api) -> None:
    release = item(
        "HelmRelease",
        "web",
        "apps",
        status={
            "lastAttemptedRevision": "1.3.0",
            "history": [{"version": 3, "status": "deployed", "chartName": "web", "chartVersion": "1.2.0"}],
        },
    )
    api.holds(release)
    text = (await api.ask(TOOL, kind="HelmRelease", name="web", namespace="apps")).text
    assert "  runs chart version 1.2.0; version 1.3.0 was attempted last" in text


async def test_events_that_may_not_be_read_leave_the_chain_as_it_is(api: Api) -> None:
    api.holds(applier("apps", WEB_ID), fleet_at(COMMIT), web())
    api.forbids("events")
    reply = await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")
    assert not reply.is_error
    assert "Could not read: Event (forbidden" in reply.text
    assert managers(reply) == ["managed by Kustomization flux-system/apps"]


@pytest.mark.parametrize(
    ("phase", "ready", "state"),
    [
        ("Running", "True", "Running, Ready"),
        ("Pending", "False", "Pending, not Ready"),
        ("Succeeded", "False", "Succeeded"),
    ],
)
async def test_how_a_pod_is(api: Api, phase: str, ready: str, state: str) -> None:
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}
    api.holds(thing(POD, "web-1", "apps", status=status), applier("apps"))
    reply = await api.ask(TOOL, kind="Pod", name="web-1", namespace="apps")
    assert reply.lines[1] == f"Pod apps/web-1: {state}"


async def test_of_a_pod_the_change_is_that_of_what_is_managed(api: Api) -> None:
    api.now = SOON
    chain = chain_of(POD, REPLICA_SET, DEPLOYMENT)
    chain[-1]["metadata"]["managedFields"] = [
        {"manager": "kustomize-controller", "operation": "Apply", "time": AT.format(20), "fieldsV1": {"f:spec": {}}}
    ]
    api.holds(*chain, applier(unknown=True), FLEET)
    reply = await api.ask(TOOL, kind="Pod", name=chain[0]["metadata"]["name"], namespace="apps")
    name = chain[-1]["metadata"]["name"]
    line = f"  Deployment apps/{name} last changed at 09:20:00 by Kustomization flux-system/apps"
    assert any(one.startswith(line) for one in reply.lines)


@pytest.mark.parametrize(("newest", "rolled_back"), [("rollback", True), ("upgrade", False)])
async def test_what_a_rolled_back_release_runs_is_not_what_its_spec_says(
    api: Api, newest: str, *, rolled_back: bool
) -> None:
    """The last change of the spec is what broke it, and what runs is from before."""
    history = [
        {"version": 3, "status": "deployed", "action": newest, "chartVersion": "1.0.0"},
        {"version": 2, "status": "failed", "action": "upgrade", "chartVersion": "1.0.0"},
    ]
    web = thing(DEPLOYMENT, "web", "apps", labels={f"{HELM}/name": "web", f"{HELM}/namespace": "apps"})
    api.holds(web, item("HelmRelease", "web", "apps", status={"history": history}))
    text = (await api.ask(TOOL, kind="Deployment", name="web", namespace="apps")).text
    assert ("rolled back: v3 runs what an earlier release ran" in text) is rolled_back
