"""An API server of a large fleet for the benchmark: so many Kustomizations, listed in chunks as kubectl asks for them.

It serves discovery for the Flux kinds and lists; no object can be had by its name. Only kubectl on this machine talks
to it, over loopback.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from tests.support.items import item

INVENTORY = 60
"""Entries of each inventory: what brings an object to about ten kilobytes, as kubectl prints it."""


def kustomization(number: int) -> dict[str, Any]:
    """One object of the fleet; every hundredth fails."""
    space, name = f"team-{number % 50}", f"app-{number}"
    one = item(
        name=name,
        namespace=space,
        spec={"path": f"./apps/{name}", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
        status={
            "inventory": {
                "entries": [{"id": f"{space}_{name}-{n}_apps_Deployment", "v": "v1"} for n in range(INVENTORY)]
            }
        },
    )
    if number % 100 == 0:
        ready = one["status"]["conditions"][0]
        failed = {"status": "False", "reason": "BuildFailed", "message": f"kustomize build failed: app-{number}"}
        one["status"]["conditions"] = [{**ready, **failed}]
    return one


class _Fleet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    chunks: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if url.path == "/version":
            self._send({"gitVersion": "v1.34.4", "major": "1", "minor": "34"})
        elif url.path == "/api":
            self._send({"kind": "APIVersions", "versions": ["v1"]})
        elif url.path == "/apis":
            self._send({"kind": "APIGroupList", "apiVersion": "v1", "groups": [*_groups()]})
        elif url.path == "/api/v1" or (len(parts) == 3 and parts[0] == "apis"):
            self._send(_resources("" if parts[0] == "api" else parts[1], parts[-1]))
        else:
            self._list(parts[-1], parse_qs(url.query).get("continue", ["0"])[0])

    def _list(self, plural: str, after: str) -> None:
        if plural != "kustomizations":
            self._send({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []})
            return
        at = int(after)
        more = f'"continue": "{at + 1}"' if at + 1 < len(self.chunks) else ""
        head = f'{{"kind": "KustomizationList", "apiVersion": "v1", "metadata": {{{more}}}, "items": ['
        self._send(head.encode() + self.chunks[at] + b"]}")

    def _send(self, body: dict[str, Any] | bytes) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def _groups() -> Iterator[dict[str, Any]]:
    for group in sorted({kind.group for kind in (*FLUX_KINDS, *KUBERNETES_KINDS) if kind.group}):
        version = {"groupVersion": f"{group}/v1", "version": "v1"}
        yield {"name": group, "versions": [version], "preferredVersion": version}


def _resources(group: str, version: str) -> dict[str, Any]:
    found = [
        {
            "name": kind.plural,
            "singularName": kind.kind.lower(),
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": ["get", "list"],
        }
        for kind in (*FLUX_KINDS, *KUBERNETES_KINDS)
        if kind.group == group
    ]
    return {"kind": "APIResourceList", "groupVersion": f"{group}/{version}" if group else version, "resources": found}


@contextmanager
def fleet(folder: Path, size: int, chunk: int = 500) -> Iterator[Path]:
    """Serve a fleet of this size while the context lasts; the kubeconfig to use."""
    every = [json.dumps(kustomization(number)) for number in range(size)]
    _Fleet.chunks = [",".join(every[at : at + chunk]).encode() for at in range(0, size, chunk)]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Fleet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = folder / "kubeconfig"
    cluster = {"name": "fleet", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "fleet",
                "clusters": [cluster],
                "users": [{"name": "me", "user": {}}],
                "contexts": [{"name": "fleet", "context": {"cluster": "fleet", "user": "me"}}],
            }
        )
    )
    try:
        yield path
    finally:
        server.shutdown()
        server.server_close()
