"""Every tool against a real API server, as an identity that has exactly the role that `fluxcd-mcp rbac` prints."""

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from flux_mcp.rbac import admission_policy, cluster_role
from flux_mcp.settings import Access, Settings
from flux_mcp.tools.registry import TOOLS
from tests.support.live import NAMESPACE, ask, kubectl

pytestmark = [pytest.mark.anyio, pytest.mark.live]

NAME = NAMESPACE
IN_FLEET = {"namespace": NAMESPACE}
ARGUMENTS: dict[str, dict[str, object]] = {
    "get_flux_resource": {"kind": "Kustomization", "name": "workload", **IN_FLEET},
    "trace_kubernetes_resource": {"kind": "Deployment", "name": "pause", **IN_FLEET},
    "get_kubernetes_resources": {"kind": "Deployment"},
    "get_kubernetes_logs": {"kind": "Deployment", "name": "pause", **IN_FLEET},
    "reconcile_flux_resource": {"kind": "GitRepository", "name": "fleet", "wait_seconds": 0, **IN_FLEET},
    "reconcile_flux_sources": {"wait_seconds": 0, **IN_FLEET},
}


def arguments(tool: str) -> dict[str, object]:
    """Arguments with which a tool reads the cluster; those about several contexts, the one in use alone."""
    name = kubectl("config", "current-context").strip()
    several: dict[str, dict[str, object]] = {
        "compare_flux": {"context": name, "with_context": name},
        "get_flux_fleet": {"contexts": [name]},
    }
    return {**ARGUMENTS, **several}.get(tool, {})


def apply(manifest: str) -> None:
    subprocess.run(["kubectl", "apply", "--filename=-"], input=manifest, text=True, check=True, capture_output=True)


@pytest.fixture(scope="module")
def role(cluster: None) -> Iterator[str]:
    """A user who has the role and nothing else; both are gone at the end."""
    if kubectl("auth", "can-i", "create", "clusterroles").strip() != "yes":
        pytest.skip("the current context may not make a ClusterRole")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": NAME}],
    }
    apply(cluster_role().replace("name: fluxcd-mcp", f"name: {NAME}"))
    apply(json.dumps(binding))
    yield NAME
    kubectl("delete", "clusterrolebinding", NAME)
    kubectl("delete", "clusterrole", NAME)


@pytest.mark.usefixtures("workload")
@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
async def test_a_tool_needs_no_more_than_the_role(role: str, tool: str) -> None:
    settings = Settings(access=Access(impersonate=role))
    reply = await ask(tool, settings, **arguments(tool))
    if tool == "get_kubernetes_logs":
        # The log may be read; there is no kubelet that has one.
        assert "cannot reach the kubelet" in reply.text or not reply.is_error
    else:
        assert not reply.is_error, reply.text
    # Messages of the cluster may say that others are forbidden something.
    assert f"{role} may not" not in reply.text
    assert "Could not read" not in reply.text


@pytest.fixture(scope="module")
def policy(role: str) -> Iterator[str]:
    """The same user, held to requests by the admission policy."""
    if "validatingadmissionpolicies" not in kubectl("api-resources", "--output=name"):
        pytest.skip("the API server has no ValidatingAdmissionPolicy")
    apply(
        admission_policy(role)
        .replace("name: fluxcd-mcp", f"name: {NAME}")
        .replace("policyName: fluxcd-mcp", f"policyName: {NAME}")
    )
    for _ in range(50):
        # The API server takes a new policy up within seconds.
        if patched(role, {"metadata": {"labels": {"probe": "x"}}}) is not None:
            break
        time.sleep(0.2)
    yield role
    kubectl("delete", "validatingadmissionpolicybinding", NAME)
    kubectl("delete", "validatingadmissionpolicy", NAME)


def patched(user: str, patch: dict[str, object]) -> str | None:
    """What refused a patch of an object by this user; None where nothing did. Nothing is stored."""
    target = ["gitrepositories.source.toolkit.fluxcd.io", "fleet", f"--namespace={NAMESPACE}"]
    run = subprocess.run(
        [
            "kubectl",
            "patch",
            *target,
            "--type=merge",
            f"--patch={json.dumps(patch)}",
            f"--as={user}",
            "--dry-run=server",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stderr if run.returncode else None


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"spec": {"suspend": True}}, id="spec"),
        pytest.param({"metadata": {"labels": {"a": "b"}}}, id="label"),
        pytest.param({"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}}}, id="annotation"),
        pytest.param({"metadata": {"finalizers": ["a.example.com/b"]}}, id="finalizer"),
    ],
)
def test_the_policy_refuses_every_other_change(policy: str, patch: dict[str, object]) -> None:
    refused = patched(policy, patch)
    assert refused is not None
    assert "ValidatingAdmissionPolicy" in refused


@pytest.mark.usefixtures("fleet")
async def test_the_policy_lets_a_request_through(policy: str) -> None:
    annotation = {"reconcile.fluxcd.io/requestedAt": "2026-01-02T03:04:05Z"}
    assert patched(policy, {"metadata": {"annotations": annotation}}) is None
    tool = "reconcile_flux_resource"
    reply = await ask(tool, Settings(access=Access(impersonate=policy)), **ARGUMENTS[tool])
    assert not reply.is_error, reply.text


def test_the_role_reads_no_secret_and_changes_nothing_else(role: str) -> None:
    for verb, resource, allowed in (
        ("get", "secrets", "no"),
        ("list", "configmaps", "no"),
        ("patch", "deployments.apps", "no"),
        ("delete", "kustomizations.kustomize.toolkit.fluxcd.io", "no"),
        ("patch", "providers.notification.toolkit.fluxcd.io", "no"),
        ("patch", "kustomizations.kustomize.toolkit.fluxcd.io", "yes"),
    ):
        run = subprocess.run(
            ["kubectl", "auth", "can-i", verb, resource, "--all-namespaces", f"--as={role}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.stdout.strip() == allowed, (verb, resource)


async def test_the_audit_says_that_config_maps_were_not_read(role: str) -> None:
    reply = await ask("audit_flux_configuration", Settings(access=Access(impersonate=role)), severity="low")
    assert not reply.is_error
    assert "ConfigMap" in reply.lines[1]
    assert "forbidden" in reply.lines[1]
