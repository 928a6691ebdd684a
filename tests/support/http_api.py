"""An API server over HTTP that misbehaves as a test tells it to, for a real kubectl: on loopback, without TLS."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flux_mcp.api.kind import Kind

Response = tuple[int, dict[str, Any] | bytes]
"""A status code and a JSON document, or the bytes of a log."""


def failure(code: int, reason: str, message: str) -> Response:
    """An error as the API server words it."""
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "code": code,
        "message": message,
    }


UNAVAILABLE = failure(503, "ServiceUnavailable", "the server is currently unable to handle the request")
NO_SUCH_PATH = (404, b"404 page not found\n")


class HttpApi:
    """What the API server holds, how it misbehaves, and what it was asked.

    Attributes:
        versions: API group → the versions that discovery lists, the preferred one first; the core group's name is empty.
        broken: group/version → every request for it and below it is answered with 503.
        removed: group/version → discovery may still list it, and nothing is served in it.
        answer: asked first with method, path and query; None lets the server answer as usual.
        requests: method and path of every request so far.
        kubeconfig: the file to use it with.
        address: of the server.
    """

    address = ""

    def __init__(self, folder: Path) -> None:
        self.versions: dict[str, list[str]] = {}
        self.broken: set[str] = set()
        self.removed: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.answer: Callable[[str, str, dict[str, list[str]]], Response | None] = lambda *_: None
        self.kubeconfig = folder / "kubeconfig"
        self._kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._objects: dict[str, dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)

    def serves(self, *kinds: Kind, version: str = "v1", **more: Any) -> None:
        """From now on it serves these kinds in this version too; more goes into their entries of discovery."""
        for kind in kinds:
            versions = self.versions.setdefault(kind.group, [])
            if version not in versions:
                versions.append(version)
            entry = {
                "name": kind.plural,
                "singularName": kind.kind.lower(),
                "shortNames": list(kind.short_names),
                "namespaced": kind.namespaced,
                "kind": kind.kind,
                "verbs": ["get", "list", "patch", "watch"],
            }
            self._kinds[_group_version(kind.group, version)].append({**entry, **more})

    def holds(self, kind: Kind, *objects: dict[str, Any]) -> None:
        """From now on it holds these objects of a kind."""
        for one in objects:
            meta = one["metadata"]
            self._objects[kind.resource][meta.get("namespace", ""), meta["name"]] = one

    def get(self, method: str, path: str, query: dict[str, list[str]]) -> Response:  # noqa: PLR0911 (one a path)
        """What a request is answered with."""
        self.requests.append((method, path))
        if (answer := self.answer(method, path, query)) is not None:
            return answer
        parts = path.strip("/").split("/")
        if path == "/version":
            return 200, {"gitVersion": "v1.34.4", "major": "1", "minor": "34"}
        if path == "/api":
            return 200, {"kind": "APIVersions", "versions": self.versions.get("", [])}
        if path == "/apis":
            groups = [self._group(group) for group in self.versions if group]
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        group_version, rest = ("/".join(parts[1:3]), parts[3:]) if parts[0] == "apis" else (parts[1], parts[2:])
        if group_version in self.broken:
            return UNAVAILABLE
        if group_version in self.removed or group_version not in self._kinds:
            return NO_SUCH_PATH
        if not rest:
            listed = {"kind": "APIResourceList", "groupVersion": group_version, "resources": self._kinds[group_version]}
            return 200, listed
        if method == "POST":
            return 201, {
                "kind": "SelfSubjectAccessReview",
                "apiVersion": "authorization.k8s.io/v1",
                "status": {"allowed": True},
            }
        return self._object(group_version, rest, query)

    def _group(self, group: str) -> dict[str, Any]:
        versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in self.versions[group]]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _object(self, group_version: str, rest: list[str], query: dict[str, list[str]]) -> Response:
        namespace = rest[1] if len(rest) > 2 and rest[0] == "namespaces" else None
        plural, *name = rest[2:] if namespace is not None else rest
        kind = next((entry for entry in self._kinds[group_version] if entry["name"] == plural), None)
        if kind is None:
            return NO_SUCH_PATH
        group = group_version.rpartition("/")[0]
        resource = f"{plural}.{group}" if group else plural
        found = [
            {**one, "kind": kind["kind"], "apiVersion": group_version}
            for (where, called), one in self._objects[resource].items()
            if namespace in {None, where} and (not name or called == name[0]) and _selected(one, query)
        ]
        if name:
            missing = failure(404, "NotFound", f'{resource} "{name[0]}" not found')
            return (200, found[0]) if found else missing
        listed = {"kind": f"{kind['kind']}List", "apiVersion": group_version, "metadata": {"resourceVersion": "1"}}
        return 200, {**listed, "items": found}


def _selected(one: dict[str, Any], query: dict[str, list[str]]) -> bool:
    """Whether an object has the name and the one label that a request is limited to."""
    name = query.get("fieldSelector", [""])[0].removeprefix("metadata.name=")
    key, _, label = query.get("labelSelector", [""])[0].partition("=")
    labels = one["metadata"].get("labels", {})
    return name in {"", one["metadata"]["name"]} and (not key or labels.get(key) == label)


def _group_version(group: str, version: str) -> str:
    return f"{group}/{version}" if group else version


@contextmanager
def http_api(folder: Path) -> Iterator[HttpApi]:
    """An API server that listens while the context lasts."""
    api = HttpApi(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            url = urlsplit(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            code, body = api.get(self.command, url.path, parse_qs(url.query))
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json" if data[:1] == b"{" else "text/plain")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_POST = _reply  # noqa: N815 (names that http.server calls)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    api.address = f"http://127.0.0.1:{server.server_port}"
    write_kubeconfig(api.kubeconfig, test=api.address)
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


def write_kubeconfig(path: Path, **addresses: str) -> None:
    """A kubeconfig with a context for each address, by name; the first one is in use."""
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": next(iter(addresses)),
                "clusters": [{"name": name, "cluster": {"server": address}} for name, address in addresses.items()],
                "users": [{"name": "me", "user": {"token": "none"}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in addresses],
            }
        )
    )


def slowly(seconds: float, answer: Callable[[str], bool]) -> Callable[[str, str, dict[str, list[str]]], None]:
    """An `answer` that keeps the paths it is true of waiting, and leaves the answer to the server."""

    def wait(_method: str, path: str, _query: dict[str, list[str]]) -> None:
        if answer(path):
            time.sleep(seconds)

    return wait
