"""What a real kubectl makes of our names, of discovery that is broken or old, and of a kuberc: over an API server of ours.

FLUX_MCP_TEST_KUBECTL may name a kubectl that reads a kuberc by itself (1.34 or newer), where the one on PATH does not.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT, EVENT, KUBERNETES_KINDS, NAMESPACE, POD
from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Settings
from tests.conftest import Reply, ask_server
from tests.support.http_api import HttpApi, failure, http_api
from tests.support.items import item

pytestmark = [pytest.mark.anyio, pytest.mark.live]

LIST, DIAGNOSE, ONE = "list_flux_resources", "diagnose_flux", "get_flux_resource"
RECONCILE = "reconcile_flux_resource"
KUSTOMIZATION = by_kind["Kustomization"]
REVIEW = Kind(
    kind="SelfSubjectAccessReview", group="authorization.k8s.io", plural="selfsubjectaccessreviews", namespaced=False
)
V1 = f"{KUSTOMIZATION.group}/v1"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpApi]:
    """An API server with every kind, and one Kustomization that fails; kubectl keeps its cache in a HOME of its own."""
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl on PATH")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with http_api(tmp_path) as made:
        made.serves(*KUBERNETES_KINDS, *FLUX_KINDS, REVIEW)
        made.holds(NAMESPACE, {"metadata": {"name": "apps"}})
        made.holds(KUSTOMIZATION, failing("app"))
        yield made


def failing(name: str) -> dict[str, Any]:
    ready = {
        "type": "Ready",
        "status": "False",
        "reason": "BuildFailed",
        "message": "no such path",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-11-20T00:00:00Z",
    }
    return item(name=name, namespace="apps", status={"conditions": [ready], "observedGeneration": 1})


def server_of(api: HttpApi, kubectl: str = "kubectl") -> Any:
    settings = Settings(access=Access(kubeconfig=str(api.kubeconfig)), kubectl=kubectl, timeout=30)
    return build(connect(settings), settings)


async def ask(server: Any, tool: str, **arguments: Any) -> Reply:
    return await ask_server(server, tool, arguments)


def unread(reply: Reply) -> str:
    return " ".join(line for line in reply.lines if line.startswith(("NOT READ", "Could not read")))


# Names


async def test_every_kind_is_found_by_its_version_and_group(api: HttpApi) -> None:
    reply = await ask(server_of(api), LIST)
    assert not reply.is_error
    assert "Kustomization apps/app, Failing" in reply.text
    assert not unread(reply)
    assert "ot installed" not in reply.text


async def test_a_category_or_another_kind_of_that_name_takes_no_place(api: HttpApi) -> None:
    """A CRD may have the category `pods`, a plural of the core group, or a version that spells a part of our group."""
    widget = Kind(kind="Widget", group="acme.io", plural="widgets")
    api.serves(widget, categories=["pods", "events", "kustomizations"], shortNames=["kustomizations", "pods"])
    api.serves(Kind(kind="Kustomization", group="toolkit.fluxcd.io", plural="kustomizations"), version="kustomize")
    api.serves(Kind(kind="Kustomization", group=f"v1.{KUSTOMIZATION.group}", plural="kustomizations"))
    api.serves(Kind(kind="Pod", group="acme.io", plural="pods"), Kind(kind="Event", group="acme.io", plural="events"))
    pod = {"metadata": {"name": "web", "namespace": "apps"}, "status": {"phase": "Pending"}}
    api.holds(POD, pod)
    server = server_of(api)
    assert "Kustomization apps/app, Failing" in (await ask(server, LIST)).text
    assert "BuildFailed" in (await ask(server, ONE, kind="Kustomization", name="app")).text
    assert "Pod apps/web" in (await ask(server, "get_kubernetes_resources", kind="Pod")).text
    reply = await ask(server, RECONCILE, kind="Kustomization", name="app", namespace="apps", wait_seconds=0)
    assert not reply.is_error
    ((method, path),) = [request for request in api.requests if request[0] == "PATCH"]
    assert (method, path) == ("PATCH", f"/apis/{V1}/namespaces/apps/kustomizations/app")


# Versions that are no longer served


@pytest.mark.parametrize("fresh", [False, True], ids=["kubectls-cache-is-old", "kubectls-cache-is-fresh"])
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (LIST, {}),
        (ONE, {"kind": "Kustomization", "name": "app"}),
        (ONE, {"kind": "Kustomization", "name": "app", "namespace": "apps"}),
        (RECONCILE, {"kind": "Kustomization", "name": "app", "namespace": "apps", "wait_seconds": 0}),
    ],
    ids=["list", "by-name", "by-namespace-and-name", "annotate"],
)
async def test_a_version_that_is_no_longer_served_leads_to_a_new_discovery(
    api: HttpApi, tmp_path: Path, tool: str, arguments: dict[str, Any], fresh: bool
) -> None:
    api.versions[KUSTOMIZATION.group] = []
    api.serves(KUSTOMIZATION, version="v1beta2")
    server = server_of(api)
    before = await ask(server, LIST)
    assert "Kustomization apps/app, Failing" in before.text
    api.versions[KUSTOMIZATION.group] = []
    api.serves(KUSTOMIZATION, version="v1")
    api.removed = {f"{KUSTOMIZATION.group}/v1beta2"}
    if fresh:
        shutil.rmtree(tmp_path / ".kube" / "cache")
    after = await ask(server, tool, **arguments)
    assert not after.is_error, after.text
    assert "apps/app" in after.text
    assert not unread(after)


async def test_a_version_that_is_listed_and_not_served_is_not_an_empty_list(api: HttpApi) -> None:
    server = server_of(api)
    assert not unread(await ask(server, LIST))
    api.removed = {V1}
    reply = await ask(server, LIST)
    assert reply.is_error or "Kustomization" in unread(reply)


# Discovery that is broken


@pytest.mark.parametrize(
    ("broken", "tool", "kinds"),
    [
        (V1, LIST, "Kustomization"),
        ("apps/v1", DIAGNOSE, DEPLOYMENT.kind),
        ("apps/v1", "list_flux_workloads", DEPLOYMENT.kind),
        ("v1", DIAGNOSE, POD.kind),
        ("v1", "get_kubernetes_events", EVENT.kind),
        ("batch/v1", "list_flux_workloads", "CronJob"),
    ],
)
async def test_a_group_that_cannot_be_discovered_is_not_one_that_is_not_installed(
    api: HttpApi, broken: str, tool: str, kinds: str
) -> None:
    api.broken = {broken}
    server = server_of(api)
    for _ in range(2):
        reply = await ask(server, tool)
        assert kinds in (reply.text if reply.is_error else unread(reply))
        assert "does not serve" not in reply.text
        assert f"{kinds}" not in "".join(line for line in reply.lines if line.startswith("Not installed"))
    api.broken = set()
    reply = await ask(server, tool)
    assert not reply.is_error
    assert kinds not in unread(reply)


async def test_a_metrics_api_that_is_down_does_no_harm(api: HttpApi) -> None:
    api.serves(Kind(kind="PodMetrics", group="metrics.k8s.io", plural="pods"), version="v1beta1")
    api.broken = {"metrics.k8s.io/v1beta1"}
    server = server_of(api)
    for _ in range(2):
        reply = await ask(server, LIST)
        assert "Kustomization apps/app, Failing" in reply.text
        assert not unread(reply)
    table = [path for _, path in api.requests if path == f"/apis/{by_kind['HelmRelease'].group}/v1"]
    assert len(table) < 4, "it is remembered"


async def test_core_that_breaks_after_discovery_is_not_an_empty_list(api: HttpApi, tmp_path: Path) -> None:
    """With another vendor's `pods` in the same version there is a kind that kubectl could take for the core group's."""
    api.serves(Kind(kind="Pod", group="acme.io", plural="pods"))
    api.holds(POD, {"metadata": {"name": "web", "namespace": "apps"}, "status": {"phase": "Pending"}})
    server = server_of(api)
    assert "Pod apps/web" in (await ask(server, "get_kubernetes_resources", kind="Pod")).text
    api.broken = {"v1"}
    shutil.rmtree(tmp_path / ".kube" / "cache")
    reply = await ask(server, "get_kubernetes_resources", kind="Pod")
    assert reply.is_error or "Pod" in unread(reply)


# Lists that break off


async def test_a_page_that_expires_is_read_in_part(api: HttpApi) -> None:
    def pages(_method: str, path: str, query: dict[str, list[str]]) -> Any:
        if path != f"/apis/{V1}/kustomizations":
            return None
        if "continue" in query:
            return failure(410, "Expired", "The provided continue parameter is too old.")
        first = {**failing("first"), "apiVersion": V1, "kind": "Kustomization"}
        metadata = {"resourceVersion": "1", "continue": "next", "remainingItemCount": 900}
        return 200, {"kind": "KustomizationList", "apiVersion": V1, "metadata": metadata, "items": [first]}

    api.answer = pages
    for tool in (LIST, DIAGNOSE):
        reply = await ask(server_of(api), tool)
        assert "Kustomization" in unread(reply)
        assert "apps/first" in reply.text


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [(500, "InternalError", "etcdserver: leader changed"), (429, "TooManyRequests", "slow down"), (504, "Timeout", "")],
)
async def test_a_list_that_fails_is_not_an_empty_one(api: HttpApi, code: int, reason: str, message: str) -> None:
    api.answer = lambda _method, path, _query: (
        failure(code, reason, message) if path == f"/apis/{V1}/kustomizations" else None
    )
    reply = await ask(server_of(api), LIST)
    assert "Kustomization" in (reply.text if reply.is_error else unread(reply))
    reply = await ask(server_of(api), DIAGNOSE)
    assert "Kustomization" in (reply.text if reply.is_error else unread(reply))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, id="success"),
        pytest.param({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "rows": []}, id="table"),
        pytest.param({"kind": "KustomizationList", "apiVersion": V1, "metadata": {}}, id="no-items"),
        pytest.param(
            {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [{**item(), "kind": "Secret"}]}, id="kind"
        ),
        pytest.param(
            {"kind": "KustomizationList", "apiVersion": V1, "items": [{"kind": "Kustomization", "apiVersion": V1}]},
            id="no-metadata",
        ),
        pytest.param(b"<html>Please log in</html>", id="html"),
        pytest.param(b"", id="empty"),
    ],
)
async def test_a_list_of_another_shape_is_not_an_empty_one(api: HttpApi, body: Any) -> None:
    api.answer = lambda _method, path, _query: (200, body) if path == f"/apis/{V1}/kustomizations" else None
    reply = await ask(server_of(api), LIST)
    assert "Kustomization" in (reply.text if reply.is_error else unread(reply))
    for tool in (DIAGNOSE, ONE):
        reply = await ask(server_of(api), tool, kind="Kustomization", name="app", namespace="apps")
        assert reply.is_error
        assert "There is no" not in reply.text


# A kuberc


@pytest.fixture
def newer_kubectl() -> str:
    """A kubectl that reads a kuberc without being told to."""
    program = os.environ.get("FLUX_MCP_TEST_KUBECTL", "kubectl")
    if shutil.which(program) is None:
        pytest.skip("no kubectl")
    printed = subprocess.run(
        [program, "version", "--client", "--output=json"], capture_output=True, text=True, check=True
    )
    version = json.loads(printed.stdout)["clientVersion"]["gitVersion"].lstrip("v").split(".")
    if (int(version[0]), int(version[1])) < (1, 34):
        pytest.skip(f"kubectl {'.'.join(version)} reads no kuberc by itself; FLUX_MCP_TEST_KUBECTL names no other")
    return program


def write_kuberc(home: Path, **commands: dict[str, str]) -> None:
    defaults = [
        {
            "command": command.replace("_", "-").replace("-view", " view"),
            "options": [{"name": name, "default": value} for name, value in options.items()],
        }
        for command, options in commands.items()
    ]
    document = {"apiVersion": "kubectl.config.k8s.io/v1beta1", "kind": "Preference", "defaults": defaults}
    (home / ".kube").mkdir(exist_ok=True)
    (home / ".kube" / "kuberc").write_text(json.dumps(document))


async def test_a_kuberc_changes_no_answer(api: HttpApi, tmp_path: Path, newer_kubectl: str) -> None:
    write_kuberc(
        tmp_path,
        get={
            "chunk-size": "1",
            "subresource": "status",
            "sort-by": ".metadata.none",
            "raw": "/version",
            "filename": "/etc/hostname",
            "show-managed-fields": "true",
            "output": "yaml",
            "watch": "true",
            "selector": "a=b",
            "field-selector": "metadata.name=none",
            "ignore-not-found": "true",
            "warnings-as-errors": "true",
        },
        api_resources={"verbs": "create", "categories": "none", "sort-by": "kind", "output": "name", "cached": "true"},
        config_view={"minify": "true", "flatten": "true", "raw": "true", "output": "yaml"},
        version={"client": "false", "output": "yaml"},
        annotate={"filename": "/etc/hostname", "dry-run": "client", "all": "true", "selector": "a=b"},
    )
    server = server_of(api, newer_kubectl)
    reply = await ask(server, LIST)
    assert "Kustomization apps/app, Failing" in reply.text
    assert not unread(reply)
    reply = await ask(server, RECONCILE, kind="Kustomization", name="app", namespace="apps", wait_seconds=0)
    assert not reply.is_error
    assert [path for method, path in api.requests if method == "PATCH"] == [
        f"/apis/{V1}/namespaces/apps/kustomizations/app"
    ]


async def test_a_kuberc_changes_no_log(api: HttpApi, tmp_path: Path, newer_kubectl: str) -> None:
    """--all-pods, which kubectl has since 1.32, adds a prefix to the lines of the one Pod and no other Pod."""
    container = {"name": "main", "image": "web"}
    api.holds(POD, {"metadata": {"name": "web", "namespace": "apps"}, "spec": {"containers": [container]}})
    queries: list[dict[str, list[str]]] = []

    def log(_method: str, path: str, query: dict[str, list[str]]) -> Any:
        if not path.endswith("/log"):
            return None
        queries.append(query)
        return 200, b"hello\n"

    api.answer = log
    write_kuberc(
        tmp_path, logs={"all-pods": "true", "since-time": "2036-01-01T00:00:00Z", "selector": "a=b", "tail": "1"}
    )
    reply = await ask(server_of(api, newer_kubectl), "get_kubernetes_logs", kind="Pod", name="web", namespace="apps")
    assert "hello" in reply.text
    (query,) = queries
    assert query["container"] == ["main"]
    assert "sinceTime" not in query


@pytest.mark.parametrize(
    ("option", "hidden"),
    [
        ({"api-group": "apps"}, "Kustomization"),
        ({"api-group": ""}, "Kustomization"),
        ({"api-group": KUSTOMIZATION.group}, "HelmRelease"),
        ({"namespaced": "true"}, NAMESPACE.kind),
        ({"namespaced": "false"}, "Kustomization"),
    ],
)
async def test_a_kuberc_that_filters_the_kinds_hides_none(
    api: HttpApi, tmp_path: Path, newer_kubectl: str, option: dict[str, str], hidden: str
) -> None:
    """No flag undoes these: what is missing is not known to be not installed."""
    write_kuberc(tmp_path, api_resources=option)
    server = server_of(api, newer_kubectl)
    tool, arguments = (LIST, {}) if hidden != NAMESPACE.kind else ("get_kubernetes_resources", {"kind": "Namespace"})
    reply = await ask(server, tool, **arguments)
    assert hidden in (reply.text if reply.is_error else unread(reply))
    assert "kuberc" in reply.text
    assert "does not serve" not in reply.text
