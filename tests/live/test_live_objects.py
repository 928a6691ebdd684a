"""One object, and the way up from one, on a cluster that KUBECONFIG names and that holds the recording staging."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.conftest import Reply, ask_server
from tests.support.expected import STAGING
from tests.tools.test_get_flux_resource import FACTS, Name, arguments, called, lacking

pytestmark = [pytest.mark.anyio, pytest.mark.live]

TRACE = "trace_kubernetes_resource"
OWN_ROLE = "fluxcd-mcp-test:traced"


def kubectl(*args: str, given: str | None = None) -> str:
    run = subprocess.run(["kubectl", *args], input=given, capture_output=True, text=True, timeout=60, check=False)
    return run.stdout if run.returncode == 0 else ""


@pytest.fixture(scope="module", autouse=True)
def staging() -> None:
    """The cluster holds the objects of the recording staging, no more and no less."""
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl on PATH")
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster")
    if not kubectl("version", "--output=json", "--request-timeout=10s"):
        pytest.skip("the cluster of KUBECONFIG does not answer")
    kinds = ",".join(kind.resource for kind in FLUX_KINDS)
    items = json.loads(kubectl("get", kinds, "--all-namespaces", "--output=json") or '{"items": []}')["items"]
    found = {(item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]) for item in items}
    if found != {row[:3] for row in STAGING}:
        pytest.skip("the cluster does not hold the objects of the recording staging")


async def ask(tool: str, **given: str) -> Reply:
    chosen = Settings()
    return await ask_server(build(connect(chosen), chosen), tool, given)


@pytest.mark.parametrize("name", FACTS, ids=called)
async def test_what_does_not_depend_on_time_is_told_as_from_the_recording(name: Name) -> None:
    reply = await ask("get_flux_resource", **arguments(name))
    assert not reply.is_error
    assert "Could not read" not in reply.text
    assert lacking(reply, FACTS[name]) == []
    assert len(reply.text.encode()) <= 12_000


SYNC = (
    "applied by Kustomization flux-system/flux-system, Ready",
    "source GitRepository flux-system/flux-system, Ready",
    "main@b649360",
    "applied by FluxInstance flux-system/flux, Ready",
)


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "told"),
    [
        pytest.param(
            "Pod",
            "podinfo",
            "podinfo-6748654544-8r26d",
            (
                "owned by ReplicaSet podinfo/podinfo-6748654544",
                "owned by Deployment podinfo/podinfo",
                "managed by HelmRelease podinfo/podinfo, Ready",
                "by label and inventory",
                "source OCIRepository flux-system/podinfo, Ready",
                "applied by Kustomization flux-system/apps, Failing",
                *SYNC,
            ),
            id="a-pod-of-podinfo",
        ),
        pytest.param(
            "Pod",
            "checkout",
            "checkout-api-6947f5696f-2cfzp",
            (
                "owned by ReplicaSet checkout/checkout-api-6947f5696f",
                "owned by Deployment checkout/checkout-api",
                "managed by Kustomization flux-system/checkout, Failing",
                "last attempted main@b649360",
                *SYNC,
            ),
            id="a-pod-of-checkout",
        ),
        pytest.param(
            "Deployment",
            "team-blue",
            "app",
            ("managed by ResourceSet flux-system/teams, Ready", "by label and inventory", "sha256:d4bae30", *SYNC),
            id="a-deployment-of-team-blue",
        ),
        pytest.param(
            "Deployment",
            "flux-system",
            "source-controller",
            ("managed by FluxInstance flux-system/flux, Ready", "by label and inventory", "v2.9.4@59aa0f6"),
            id="source-controller",
        ),
    ],
)
async def test_a_way_up(kind: str, namespace: str, name: str, told: tuple[str, ...]) -> None:
    reply = await ask(TRACE, kind=kind, namespace=namespace, name=name)
    assert not reply.is_error
    assert "Could not read" not in reply.text
    assert reply.lines[1] == f"{kind} {namespace}/{name}"
    assert [part for part in told if part not in reply.text] == []


async def test_what_is_gone_from_the_cluster_is_known_by_inventory() -> None:
    name = "acme:tenant-a:viewer"
    if kubectl("get", "clusterrole", name, "--output=name"):
        pytest.skip(f"the cluster has a ClusterRole {name}")
    reply = await ask(TRACE, kind="ClusterRole", name=name)
    assert not reply.is_error
    assert reply.lines[1].startswith(f"ClusterRole {name}: ")
    assert "not found" in reply.lines[1]
    assert "managed by Kustomization flux-system/tenant-a, Ready" in reply.text
    assert "by its inventory alone" in reply.text
    assert "source OCIRepository flux-system/tenants, Ready" in reply.text
    assert [part for part in SYNC if part not in reply.text] == []


@pytest.fixture
def own_role() -> Iterator[None]:
    """A ClusterRole of the test's own that says it is tenant-a's; tenant-a's inventory does not name it."""
    prefix = "kustomize.toolkit.fluxcd.io"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": OWN_ROLE, "labels": {f"{prefix}/name": "tenant-a", f"{prefix}/namespace": "flux-system"}},
        "rules": [],
    }
    if not kubectl("create", "--filename=-", given=json.dumps(role)):
        pytest.skip("the current context may not create a ClusterRole, or there is one of that name")
    yield
    kubectl("delete", "clusterrole", OWN_ROLE)


@pytest.mark.usefixtures("own_role")
@pytest.mark.parametrize("kind", ["ClusterRole", "clusterroles.rbac.authorization.k8s.io"])
async def test_a_label_that_no_inventory_confirms(kind: str) -> None:
    reply = await ask(TRACE, kind=kind, name=OWN_ROLE)
    assert not reply.is_error
    assert reply.lines[1] == f"ClusterRole {OWN_ROLE}"
    assert "managed by Kustomization flux-system/tenant-a, Ready" in reply.text
    assert "by label, but its inventory does not name the object" in reply.text
    assert [part for part in SYNC if part not in reply.text] == []


async def test_what_nobody_manages() -> None:
    if not kubectl("get", "clusterrole", "flux-viewer", "--output=name"):
        pytest.skip("the cluster has no ClusterRole flux-viewer")
    reply = await ask(TRACE, kind="ClusterRole", name="flux-viewer")
    assert not reply.is_error
    assert reply.lines[1:] == [
        "ClusterRole flux-viewer",
        "not managed by Flux: no label, no owner and no inventory leads to a Flux object.",
    ]
