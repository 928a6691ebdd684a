"""Kinds, events and logs against a real API server and a real kubectl, as in test_live.py."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from flux_mcp.cluster.client import Cluster
from flux_mcp.errors import BadArgument, KindNotInstalled
from flux_mcp.kubectl.connect import connect
from flux_mcp.settings import Access, Settings
from tests.support.fake import FIXTURES
from tests.support.live import NAMESPACE, ask, kubectl, of

pytestmark = [pytest.mark.anyio, pytest.mark.live]

EVENTS, LOGS = "get_kubernetes_events", "get_kubernetes_logs"


# Kinds


@pytest.mark.usefixtures("cluster")
async def test_every_kind_that_is_served_is_found_by_its_names() -> None:
    settings = Settings()
    asked = Cluster(connect(settings), settings.access)
    scope = await asked.open()
    for line in kubectl("api-resources", "--output=wide", "--no-headers").splitlines():
        *names, api_version, namespaced, kind, verbs = line.split()[: line.split().index(kind_of(line)) + 2]
        group = api_version.rpartition("/")[0]
        resource = f"{names[0]}.{group}" if group else names[0]
        if kind == "Secret":
            with pytest.raises(BadArgument):
                await asked.resolve(scope, resource)
        elif {"get", "list"} & set(verbs.split(",")):
            found = await asked.resolve(scope, kind, api_version)
            assert (found.resource, found.namespaced) == (resource, namespaced == "true")
            assert (await asked.resolve(scope, resource)).kind == kind


def kind_of(line: str) -> str:
    words = line.split()
    return next(words[n + 1] for n, word in enumerate(words) if word in {"true", "false"})


@pytest.mark.usefixtures("cluster")
async def test_a_kind_that_is_not_served_is_named_with_near_ones() -> None:
    settings = Settings()
    asked = Cluster(connect(settings), settings.access)
    with pytest.raises(KindNotInstalled, match=r"Did you mean .*ingress"):
        await asked.resolve(await asked.open(), "ingres")


# Events


@pytest.mark.usefixtures("cluster")
async def test_events_of_the_cluster_are_answered() -> None:
    reply = await ask(EVENTS)
    assert not reply.is_error
    assert reply.lines[0].startswith(f"{EVENTS}: ")
    assert len(reply.text.encode()) <= 12_000


@pytest.mark.usefixtures("cluster")
async def test_an_identity_that_may_not_read_events_gets_an_error() -> None:
    reply = await ask(EVENTS, of("nobody"))
    assert reply.is_error
    assert reply.text.startswith("Forbidden: nobody may not list events in all namespaces; context nobody.")


@pytest.mark.usefixtures("cluster")
async def test_events_of_a_kind_of_kubernetes_are_looked_up() -> None:
    reply = await ask(EVENTS, kind="no", name="no-such-node")
    assert not reply.is_error
    assert ": 0 of 0 · " in reply.lines[0]


# Logs


@pytest.mark.usefixtures("workload")
async def test_a_log_is_shown_or_it_is_said_that_the_kubelet_is_not_there() -> None:
    reply = await ask(LOGS, kind="Deployment", name="pause", namespace=NAMESPACE)
    if reply.is_error:
        assert re.match(rf"No log could be read of {NAMESPACE}/pause-[\w-]+/main", reply.text)
        assert "The API server cannot reach the kubelet of the Pod's node" in reply.text
    else:
        assert re.match(rf"Pod {NAMESPACE}/pause-[\w-]+, container main: running, ready", reply.lines[1])


@pytest.mark.usefixtures("workload")
async def test_an_identity_that_may_read_pods_but_no_logs_gets_an_error() -> None:
    reply = await ask(LOGS, of("viewer"), kind="Deployment", name="pause", namespace=NAMESPACE)
    assert reply.is_error
    assert f"Forbidden: viewer may not get pods/log in namespace {NAMESPACE}; context viewer." in reply.text


@pytest.mark.usefixtures("workload")
async def test_a_container_that_never_restarted_has_no_run_before() -> None:
    reply = await ask(LOGS, kind="Deployment", name="pause", namespace=NAMESPACE, previous=True)
    assert not reply.is_error
    assert re.match(rf"Pod {NAMESPACE}/pause-[\w-]+, container main: running, ready, never restarted", reply.lines[1])


class _Kubelet(BaseHTTPRequestHandler):
    """An API server of the test's own, with the Pods of the recording staging and a log of each container."""

    pods: dict[str, Any]
    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.asked.append((url.path, dict(parse_qsl(url.query))))
        if url.path.endswith("/log"):
            self.send(200, b"\x1b[1mup\x1b[0m\npassword=hunter2\n", "text/plain")
        elif url.path == "/api":
            self.send(200, {"kind": "APIVersions", "versions": ["v1"]})
        elif url.path == "/apis":
            self.send(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
        elif url.path == "/api/v1":
            pods = {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get", "list"]}
            self.send(200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": [pods]})
        elif found := self.pods.get(url.path.rpartition("/")[2]):
            self.send(200, found)
        else:
            self.send(
                404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            )

    def send(self, code: int, body: bytes | dict, sort: str = "application/json") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", sort)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def own(tmp_path: Path) -> Iterator[str]:
    """The kubeconfig of an API server of the test's own."""
    items = json.loads((FIXTURES / "staging" / "pods.json").read_text())["items"]
    _Kubelet.pods, _Kubelet.asked = {item["metadata"]["name"]: item for item in items}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Kubelet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = tmp_path / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "own",
                "clusters": [{"name": "own", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
                "users": [{"name": "me", "user": {}}],
                "contexts": [{"name": "own", "context": {"cluster": "own", "user": "me"}}],
            }
        )
    )
    yield str(path)
    server.shutdown()
    server.server_close()


async def test_what_a_real_kubectl_asks_for_is_one_container_of_one_pod(own: str) -> None:
    pod = "source-controller-6b8b897c7d-jgrtz"
    settings = Settings(access=Access(kubeconfig=own))
    reply = await ask(LOGS, settings, kind="Pod", name=pod, namespace="flux-system", since="90s")
    assert not reply.is_error
    assert reply.lines[1:] == [
        f"Pod flux-system/{pod}, container manager: running, ready, 2 log lines:",
        "    up",
        "    password=***",
    ]
    ((path, query),) = [asked for asked in _Kubelet.asked if asked[0].endswith("/log")]
    assert path == f"/api/v1/namespaces/flux-system/pods/{pod}/log"
    del query["timeout"]
    assert query == {"container": "manager", "limitBytes": "1048576", "sinceSeconds": "90", "tailLines": "2000"}
    assert not any("secret" in path for path, _ in _Kubelet.asked)


async def test_a_kuberc_does_not_change_what_is_asked_for(
    own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = {"timestamps": "true", "previous": "true", "prefix": "true", "ignore-errors": "true"}
    flags |= {"tail": "1", "since": "1s", "limit-bytes": "1"}
    options = [{"name": name, "default": told} for name, told in flags.items()]
    group = "kubectl.config.k8s.io"
    newer = {
        "apiVersion": f"{group}/v1beta1",
        "kind": "Preference",
        "defaults": [{"command": "logs", "options": options}],
    }
    older = {
        "apiVersion": f"{group}/v1alpha1",
        "kind": "Preference",
        "overrides": [{"command": "logs", "flags": options}],
    }
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "kuberc").write_text(f"{json.dumps(newer)}\n---\n{json.dumps(older)}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECTL_KUBERC", "true")
    pod = "source-controller-6b8b897c7d-jgrtz"
    kubectl("logs", f"--kubeconfig={own}", "--namespace=flux-system", pod)
    if ("tailLines", "1") not in [pair for path, query in _Kubelet.asked for pair in query.items()]:
        pytest.skip("this kubectl reads no kuberc")
    _Kubelet.asked.clear()
    reply = await ask(LOGS, Settings(access=Access(kubeconfig=own)), kind="Pod", name=pod, namespace="flux-system")
    assert not reply.is_error
    ((_, query),) = [asked for asked in _Kubelet.asked if asked[0].endswith("/log")]
    del query["timeout"]
    assert query == {"container": "manager", "limitBytes": "1048576", "tailLines": "2000"}
