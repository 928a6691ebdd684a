"""Against a real API server and a real kubectl: any cluster that KUBECONFIG names (`make test-live`).

What needs a certain cluster looks for it and is skipped, saying what is missing.
"""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.settings import Access, Settings
from tests.support.live import NAMESPACE, Fleet, ask, kubectl, of

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.fixture(scope="module", autouse=True)
def needs(cluster: None) -> None:
    """A cluster that answers."""


async def test_the_first_line_names_the_context_and_the_user() -> None:
    reply = await ask("list_flux_resources")
    assert not reply.is_error
    current = kubectl("config", "current-context").strip()
    user = kubectl("config", "view", "--minify", "--output=jsonpath={.contexts[0].context.user}")
    assert re.fullmatch(
        rf"list_flux_resources: \d+ of \d+ · context {current} · user {user} · 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ",
        reply.lines[0],
    )


@pytest.mark.parametrize(
    ("kind", "name", "health"),
    [
        ("GitRepository", "no-branch", "Failing"),
        ("GitRepository", "suspended", "Suspended"),
        ("Kustomization", "broken", "Failing, BuildFailed"),
        ("Kustomization", "after-broken", "Waiting, DependencyNotReady"),
        ("Kustomization", "suspended", "Suspended"),
        ("Kustomization", "from-nothing", "Failing, ArtifactFailed"),
    ],
)
async def test_an_object_has_the_health_that_its_controller_gave_it(
    objects: Fleet, kind: str, name: str, health: str
) -> None:
    reply = await ask("list_flux_resources", namespace=NAMESPACE)
    (line,) = (each for each in reply.lines if each.startswith(f"{kind} {NAMESPACE}/{name}, "))
    assert line.startswith(f"{kind} {NAMESPACE}/{name}, {health}")
    message = objects.ready(kind, name).get("message", "")
    # As far as the first quotation mark, which is escaped in the answer.
    assert message.partition('"')[0] in line


async def test_every_object_of_a_namespace_is_counted_and_named(objects: Fleet, release: Fleet) -> None:
    kinds = ",".join(kind.resource for kind in FLUX_KINDS if objects.served(kind.kind))
    items = json.loads(kubectl("get", kinds, f"--namespace={NAMESPACE}", "--output=json"))["items"]
    reply = await ask("list_flux_resources", namespace=NAMESPACE)
    assert reply.lines[0].startswith(f"list_flux_resources: {len(items)} of {len(items)} · ")
    for each in items:
        assert re.search(rf"{each['kind']} {NAMESPACE}/.*\b{each['metadata']['name']}\b", reply.text), each["metadata"]


async def test_an_identity_that_may_read_some_kinds_gets_those_and_the_names_of_the_others(
    objects: Fleet, release: Fleet
) -> None:
    reply = await ask("list_flux_resources", of("viewer"), namespace=NAMESPACE)
    assert not reply.is_error
    assert reply.lines[1].startswith("Could not read: ")
    unread = set(re.findall(r"\w+", reply.lines[1].split("(")[0]))
    for kind in ("HelmRelease", "Receiver", "Alert", "ImagePolicy"):
        assert (kind in unread) is objects.served(kind)
    assert f"Kustomization {NAMESPACE}/broken, Failing" in reply.text
    assert f"HelmRelease {NAMESPACE}/" not in reply.text


async def test_an_identity_that_may_read_nothing_gets_an_error() -> None:
    reply = await ask("list_flux_resources", of("nobody"))
    assert reply.is_error
    assert reply.text.startswith("Forbidden: nobody may not list ")
    assert "Kustomization" in reply.text
    assert "context nobody" in reply.text


async def test_an_impersonation_that_is_not_allowed_is_an_error_of_its_own() -> None:
    reply = await ask("list_flux_resources", of("viewer", impersonate="somebody"))
    assert reply.is_error
    assert "may not act as the identity of --kube-as" in reply.text


async def test_an_impersonation_that_is_allowed_is_named() -> None:
    if kubectl("auth", "can-i", "impersonate", "users").strip() != "yes":
        pytest.skip("the current context may not impersonate")
    reply = await ask("list_flux_resources", Settings(access=Access(impersonate="system:serviceaccount:a:b")))
    assert reply.is_error
    assert "system:serviceaccount:a:b may not list" in reply.text


async def test_an_unknown_context_is_named_with_the_known_ones() -> None:
    reply = await ask("list_flux_resources", Settings(access=Access(context="no-such-context")))
    assert reply.is_error
    assert "no-such-context" in reply.text
    assert kubectl("config", "current-context").strip() in reply.text


async def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    reply = await ask("list_flux_resources", Settings(access=Access(server="https://127.0.0.1:1")))
    assert reply.is_error
    assert reply.text.startswith("Cannot reach the cluster; context ")


class _Api(BaseHTTPRequestHandler):
    """Remembers the headers of every request, and serves nothing."""

    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        self.seen.append(dict(self.headers))
        body = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}'
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """An API server of the test's own: its kubeconfig, and the headers that it saw."""
    _Api.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
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
    yield str(kubeconfig), _Api.seen
    server.shutdown()
    server.server_close()


async def test_the_impersonation_reaches_the_api_server_in_every_request(api: tuple[str, list[dict[str, str]]]) -> None:
    kubeconfig, seen = api
    access = Access(kubeconfig=kubeconfig, impersonate="jane", impersonate_groups=("ops", "dev"), impersonate_uid="7")
    reply = await ask("list_flux_resources", Settings(access=access))
    assert reply.is_error
    assert seen
    for headers in seen:
        assert headers["Impersonate-User"] == "jane"
        assert headers["Impersonate-Uid"] == "7"
        assert headers["Impersonate-Group"] in {"ops", "dev"}  # the last of several headers of that name


@pytest.mark.parametrize("argv", [["list_flux_resources"], ["get_kubeconfig_contexts"]])
def test_the_command_line_answers_too(argv: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "flux_mcp", "call", *argv], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{argv[0]}: ")
