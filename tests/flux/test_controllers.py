"""Which Deployments count as controllers of Flux: whoever may create one may give it Flux's label."""

from typing import Any

import pytest

from flux_mcp.api.flux_kinds import component_of
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.flux.installation import controllers
from flux_mcp.kubernetes.workloads import view_workload
from tests.support.api import Api, thing

FOUR = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
LABEL = {"app.kubernetes.io/part-of": "flux"}


def deployment(name: str, namespace: str = "flux-system", **more: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "manager", "image": "x", "args": ["--token=hunter2"]}]}}
    return thing(DEPLOYMENT, name, namespace, labels=LABEL, spec={"replicas": 1, "template": template}, **more)


def found(*items: dict[str, Any]) -> set[tuple[str, str]]:
    views = [view for item in items if (view := view_workload(item)) is not None]
    return {(one.ref.namespace, one.ref.name) for one in controllers(views, None)}


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("kustomize-controller", "kustomize-controller"),
        ("kustomize-controller-shard1", "kustomize-controller"),
        ("source-watcher-6b8b897c7d-jgrtz", "source-watcher"),
        ("flux-operator", "flux-operator"),
        ("flux", "flux"),
        ("flux-6b8b897c7d-jgrtz", "flux"),
        ("flux-web", ""),
        ("web", ""),
        ("my-source-controller", ""),
        ("", ""),
    ],
)
def test_the_component_of_a_name(name: str, component: str) -> None:
    assert component_of(name) == component


def test_a_deployment_of_another_name_is_no_controller() -> None:
    own = [deployment(name) for name in FOUR]
    assert found(*own, deployment("web", "tenant"), deployment("flux-web", "flux-system")) == {
        ("flux-system", name) for name in FOUR
    }


def test_a_deployment_of_that_name_elsewhere_is_no_controller() -> None:
    own = [deployment(name) for name in FOUR[1:]]
    assert ("tenant", "source-controller") not in found(*own, deployment("source-controller", "tenant"))


def test_two_installations_both_count() -> None:
    both = [deployment(name, namespace) for name in FOUR for namespace in ("flux-a", "flux-b")]
    assert len(found(*both)) == 2 * len(FOUR)


@pytest.mark.anyio
async def test_a_tenant_does_not_hide_a_controller_that_is_missing() -> None:
    api = Api()
    condition = {"type": "Ready", "status": "True", "reason": "Succeeded"}
    kind = next(kind for kind in api.kinds if kind.kind == "GitRepository")
    api.holds(thing(kind, "app", "apps", status={"conditions": [condition]}), *map(deployment, FOUR[1:]))
    api.holds(deployment("source-controller", "tenant"), deployment("web", "tenant"))
    for tool in ("get_flux_instance", "diagnose_flux"):
        reply = await api.ask(tool)
        assert "tenant/" not in reply.text
        assert "hunter2" not in reply.text
