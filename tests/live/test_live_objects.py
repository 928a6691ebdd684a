"""One object, and the path up from one, on the fleet of tests/support/live.py: against what kubectl itself prints."""

import re
from collections.abc import Iterator

import pytest

from flux_mcp.api.kinds import by_kind
from tests.support.live import NAMESPACE, Fleet, ask, kubectl, run

pytestmark = [pytest.mark.anyio, pytest.mark.live]

DETAIL, TRACE = "get_flux_resource", "trace_kubernetes_resource"
OWN_ROLE = f"{NAMESPACE}:traced"


def short(revision: str) -> str:
    """The seven digits that an answer gives of a revision."""
    return revision.rpartition(":")[2][:7]


async def test_an_object_that_is_well_is_shown_in_detail(objects: Fleet) -> None:
    reply = await ask(DETAIL, kind="ks", name="app", namespace=NAMESPACE)
    assert not reply.is_error
    found = objects.read("Kustomization", "app")
    revision = found["status"]["lastAppliedRevision"]
    assert re.search(rf"^Kustomization {NAMESPACE}/app, Ready", reply.text, re.MULTILINE)
    assert short(revision) in reply.text
    assert re.search(rf"^sources?:\n  GitRepository {NAMESPACE}/fleet, Ready", reply.text, re.MULTILINE)
    assert re.search(r'path:? "./app"', reply.text)
    assert re.search(r"inventory: 1 object", reply.text)
    assert "ConfigMap" in reply.text
    assert objects.ready("Kustomization", "app")["message"] in reply.text
    assert len(reply.text.encode()) <= 12_000


async def test_one_that_waits_names_what_it_depends_on(objects: Fleet) -> None:
    reply = await ask(DETAIL, kind="Kustomization", name="after-broken", namespace=NAMESPACE)
    assert "Waiting" in reply.text
    assert re.search(rf"^depends on:\n  Kustomization {NAMESPACE}/broken, Failing", reply.text, re.MULTILINE)
    reply = await ask("diagnose_flux", kind="Kustomization", name="after-broken", namespace=NAMESPACE)
    assert "missing.yaml" in reply.text
    assert f"Kustomization {NAMESPACE}/broken" in reply.text


async def test_a_release_names_its_chart_and_its_release(release: Fleet) -> None:
    reply = await ask(DETAIL, kind="hr", name="web", namespace=NAMESPACE)
    newest = release.read("HelmRelease", "web")["status"]["history"][0]
    assert re.search(rf"^HelmRelease {NAMESPACE}/web, Ready", reply.text, re.MULTILINE)
    assert re.search(rf"^sources?:\n  HelmChart {NAMESPACE}/{NAMESPACE}-web, Ready", reply.text, re.MULTILINE)
    assert newest["chartVersion"] in reply.text


async def test_a_pod_leads_up_to_the_commit(workload: Fleet) -> None:
    (pod,) = run("get", "pods", f"--namespace={NAMESPACE}", "--selector=app=pause", "--output=name").split()
    reply = await ask(TRACE, kind="Pod", namespace=NAMESPACE, name=pod.partition("/")[2])
    assert not reply.is_error
    revision = workload.read("Kustomization", "workload")["status"]["lastAppliedRevision"]
    for part in (
        f"owned by ReplicaSet {NAMESPACE}/pause-",
        f"owned by Deployment {NAMESPACE}/pause",
        f"managed by Kustomization {NAMESPACE}/workload (by label and inventory)",
        f"\nKustomization {NAMESPACE}/workload, Ready",
        f"source: GitRepository {NAMESPACE}/fleet, Ready",
        short(revision),
    ):
        assert part in reply.text, reply.text


async def test_what_a_release_made_leads_to_it(release: Fleet) -> None:
    reply = await ask(TRACE, kind="ConfigMap", namespace=NAMESPACE, name="web-settings")
    chart = f"HelmChart {NAMESPACE}/{NAMESPACE}-web"
    assert f"managed by HelmRelease {NAMESPACE}/web (by " in reply.text
    assert f"\nHelmRelease {NAMESPACE}/web, Ready" in reply.text
    assert f"source: {chart}, Ready" in reply.text
    assert f"source of {chart}: GitRepository {NAMESPACE}/fleet, Ready" in reply.text


async def test_what_is_gone_from_the_cluster_is_known_by_inventory(objects: Fleet) -> None:
    objects.make("Kustomization", "emptied", {**objects.read("Kustomization", "app")["spec"], "prune": False})
    objects.settles("Kustomization", "emptied", "True")
    where = (by_kind["Kustomization"].resource, "emptied", f"--namespace={NAMESPACE}")
    entries = f'{{"status":{{"inventory":{{"entries":[{{"id":"{NAMESPACE}_gone__ConfigMap","v":"v1"}}]}}}}}}'
    run("patch", *where, "--subresource=status", "--type=merge", f"--patch={entries}")
    reply = await ask(TRACE, kind="ConfigMap", namespace=NAMESPACE, name="gone")
    assert not reply.is_error
    assert reply.lines[1].startswith(f"ConfigMap {NAMESPACE}/gone: ")
    assert "not found" in reply.lines[1]
    assert f"managed by Kustomization {NAMESPACE}/emptied (by its inventory alone" in reply.text
    assert f"\nKustomization {NAMESPACE}/emptied, Ready" in reply.text


@pytest.fixture
def own_role(objects: Fleet) -> Iterator[None]:
    """A ClusterRole that says it is app's; app's inventory does not name it."""
    prefix = "kustomize.toolkit.fluxcd.io"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": OWN_ROLE, "labels": {f"{prefix}/name": "app", f"{prefix}/namespace": NAMESPACE}},
        "rules": [],
    }
    if kubectl("auth", "can-i", "create", "clusterroles").strip() != "yes":
        pytest.skip("the current context may not create a ClusterRole")
    objects.apply(role)
    yield
    kubectl("delete", "clusterrole", OWN_ROLE)


@pytest.mark.usefixtures("own_role")
@pytest.mark.parametrize("kind", ["ClusterRole", "clusterroles.rbac.authorization.k8s.io"])
async def test_a_label_that_no_inventory_confirms(kind: str) -> None:
    reply = await ask(TRACE, kind=kind, name=OWN_ROLE)
    assert not reply.is_error
    assert reply.lines[1] == f"ClusterRole {OWN_ROLE}"
    assert f"managed by Kustomization {NAMESPACE}/app (by label, but not in its inventory)" in reply.text
    assert f"\nKustomization {NAMESPACE}/app, Ready" in reply.text


async def test_what_nobody_manages(fleet: Fleet) -> None:
    metadata = {"name": "unmanaged", "namespace": NAMESPACE}
    fleet.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    reply = await ask(TRACE, kind="ConfigMap", name="unmanaged", namespace=NAMESPACE)
    assert not reply.is_error
    assert reply.lines[1] == f"ConfigMap {NAMESPACE}/unmanaged"
    assert reply.lines[2].startswith("  not managed by Flux")
