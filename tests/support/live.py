"""A fleet of the live tests' own, on a cluster that KUBECONFIG names and whose Flux reaches a Git repository of theirs.

Everything is in one namespace and on one Git branch, both called as this process, and is deleted at the end. What the
environment does not name is left out: the tests of it are skipped, saying so.

    FLUX_MCP_TEST_GIT_PUSH         where the tests push, FLUX_MCP_TEST_GIT_URL where Flux fetches it
    FLUX_MCP_TEST_CHARTS_URL       a Helm repository (http) with a chart named by FLUX_MCP_TEST_CHART (default: web)
    FLUX_MCP_TEST_OCI_URL          oci://HOST/REPOSITORY of a registry over plain HTTP that anybody may push to
    FLUX_MCP_TEST_BUCKET_HOST      an address of this machine that Flux reaches: the tests serve a bucket there
    FLUX_MCP_TEST_CONTROLLER_PID   the process of kustomize-controller, which a test stops for some seconds (SIGSTOP)
    FLUX_MCP_TEST_APISERVER_PID    the process of the API server, which a test stops likewise

A process is stopped only if its arguments or its environment show that it is that program of this cluster.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Settings
from tests.conftest import Reply, ask_server

Item = dict[str, Any]

NAMESPACE = f"fluxcd-mcp-test-{os.getpid()}"
MANIFESTS = Path(__file__).parent.parent / "live" / "manifests"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
PATIENCE = 60.0
"""Seconds that a controller may take for what it does at once on a quiet machine."""


def kubectl(*args: str, given: str | None = None) -> str:
    """What kubectl prints; nothing where it fails."""
    run = subprocess.run(["kubectl", *args], input=given, capture_output=True, text=True, timeout=90, check=False)
    return run.stdout if run.returncode == 0 else ""


def run(*args: str, given: str | None = None) -> str:
    """What kubectl prints; it must not fail."""
    done = subprocess.run(["kubectl", *args], input=given, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def needs_cluster() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl on PATH")
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster")
    if not kubectl("version", "--output=json", "--request-timeout=10s"):
        pytest.skip("the cluster of KUBECONFIG does not answer")


def context(name: str) -> str:
    if name not in kubectl("config", "get-contexts", "--output=name").split():
        pytest.skip(f"the kubeconfig has no context {name}")
    return name


def process(variable: str, program: str, mark: str) -> int:
    """The process that an environment variable names, which a test may stop.

    Args:
        variable: its name.
        program: what the process runs.
        mark: what its arguments or its environment hold only if it belongs to this cluster.
    """
    pid = os.environ.get(variable)
    if not pid:
        pytest.skip(f"{variable} names no {program} to stop for some seconds")
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        held = words + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        pytest.skip(f"{variable}: there is no process {pid}")
    if program.encode() not in words.partition(b"\0")[0] or mark.encode() not in held:
        pytest.skip(f"{variable}: process {pid} is no {program} of this cluster")
    return int(pid)


def of(name: str, **more: Any) -> Settings:
    """Settings with a context of that name."""
    return Settings(access=Access(context=context(name), **more))


async def ask(tool: str, settings: Settings | None = None, /, **arguments: Any) -> Reply:
    chosen = settings or Settings()
    return await ask_server(build(connect(chosen), chosen), tool, arguments)


def until(holds: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
    """Wait until something holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"{what}: not within {within:g} seconds"
        time.sleep(0.3)


def versions() -> dict[str, str]:
    """The version that the API server prefers, by API group."""
    groups = json.loads(run("get", "--raw", "/apis"))["groups"]
    return {group["name"]: group["preferredVersion"]["version"] for group in groups}


class Fleet:
    """The namespace, the repository, and what is in them."""

    def __init__(self, folder: Path, push: str, url: str) -> None:
        self.folder, self.push, self.url = folder, push, url
        self.versions = versions()

    # Git

    def git(self, *args: str) -> str:
        who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
        done = subprocess.run(["git", *who, *args], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def begin(self) -> None:
        """The manifests, on a branch of their own."""
        shutil.copytree(MANIFESTS, self.folder, dirs_exist_ok=True)
        self.git("init", "--quiet", f"--initial-branch={NAMESPACE}")
        self.commit({})

    def commit(self, changes: dict[str, str]) -> str:
        """Write these files and push them; the revision that Flux gives the commit."""
        for path, text in changes.items():
            (self.folder / path).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        self.git("push", "--quiet", "--force", self.push, f"HEAD:refs/heads/{NAMESPACE}")
        return f"{NAMESPACE}@sha1:{self.git('rev-parse', 'HEAD')}"

    # Objects

    def served(self, kind: str) -> bool:
        return by_kind[kind].group in self.versions

    def make(self, kind: str, name: str, spec: Item, **metadata: Any) -> None:
        """Create or change an object of ours."""
        group = by_kind[kind].group
        made = {
            "apiVersion": f"{group}/{self.versions[group]}",
            "kind": kind,
            "metadata": {"name": name, "namespace": NAMESPACE, **metadata},
            "spec": spec,
        }
        self.apply(made)

    def apply(self, *objects: Item) -> None:
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        run("apply", "--server-side", "--force-conflicts", "--field-manager=tests", "--filename=-", given=given)

    def read(self, kind: str, name: str, namespace: str = NAMESPACE) -> Item:
        """An object; empty where there is none."""
        known = by_kind.get(kind)
        where = (known.resource if known else kind, name, f"--namespace={namespace}")
        found: Item = json.loads(kubectl("get", *where, "--output=json", "--show-managed-fields") or "{}")
        return found

    def ready(self, kind: str, name: str) -> Item:
        """The Ready condition; empty without one."""
        found = self.read(kind, name).get("status", {}).get("conditions", [])
        return next((each for each in found if each["type"] == "Ready"), {})

    def settles(self, kind: str, name: str, status: str, reason: str = "") -> None:
        """Wait for a Ready condition."""

        def holds() -> bool:
            ready = self.ready(kind, name)
            return ready.get("status") == status and reason in {"", ready.get("reason")}

        until(holds, f"{kind} {name}: Ready {status} {reason}")

    def annotations(self, kind: str, name: str) -> dict[str, str]:
        """The annotations of requests."""
        found: dict[str, str] = self.read(kind, name).get("metadata", {}).get("annotations", {})
        return {key: value for key, value in found.items() if key.startswith("reconcile.fluxcd.io/")}

    def token(self, kind: str, name: str) -> str:
        return self.annotations(kind, name).get(REQUESTED, "")

    def handled(self, kind: str, name: str) -> str:
        told: str = self.read(kind, name).get("status", {}).get("lastHandledReconcileAt", "")
        return told

    def answers(self, kind: str, name: str, within: float = 10.0) -> bool:
        """Whether something on this cluster handles requests for this object."""
        token = f"probe-{time.time_ns()}"
        where = (by_kind[kind].resource, name, f"--namespace={NAMESPACE}")
        run("annotate", *where, "--overwrite", "--field-manager=flux-client-side-apply", f"{REQUESTED}={token}")
        with contextlib.suppress(AssertionError):
            until(lambda: self.handled(kind, name) == token, "the probe", within)
        return self.handled(kind, name) == token

    def close(self) -> None:
        """Delete everything."""
        kinds = ",".join(kind.resource for kind in FLUX_KINDS if self.served(kind.kind))
        for resource in kinds.split(","):
            kubectl("delete", resource, "--all", f"--namespace={NAMESPACE}", "--wait=false", "--ignore-not-found")
        for resource in kinds.split(","):
            # What a controller does not take its finalizer off, because it does not run here.
            for name in kubectl("get", resource, f"--namespace={NAMESPACE}", "--output=name").split():
                with contextlib.suppress(AssertionError):
                    until(lambda name=name: not kubectl("get", name, f"--namespace={NAMESPACE}"), name, 10)  # type: ignore[misc]
                patch = '{"metadata":{"finalizers":null}}'
                kubectl("patch", name, f"--namespace={NAMESPACE}", "--type=merge", f"--patch={patch}")
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
        with contextlib.suppress(AssertionError):
            self.git("push", "--quiet", self.push, f":refs/heads/{NAMESPACE}")


@contextlib.contextmanager
def a_fleet(folder: Path) -> Iterator[Fleet]:
    """The fleet, whose source was fetched."""
    needs_cluster()
    push, url = os.environ.get("FLUX_MCP_TEST_GIT_PUSH"), os.environ.get("FLUX_MCP_TEST_GIT_URL")
    if not push or not url:
        pytest.skip("FLUX_MCP_TEST_GIT_PUSH and FLUX_MCP_TEST_GIT_URL name no Git repository that the tests push to")
    if kubectl("auth", "can-i", "create", "namespaces").strip() != "yes":
        pytest.skip("the current context may not create a namespace")
    fleet = Fleet(folder, push, url)
    if not fleet.served("GitRepository") or not fleet.served("Kustomization"):
        pytest.skip("the cluster has no Flux")
    try:
        run("create", "namespace", NAMESPACE)
        fleet.begin()
        fleet.make("GitRepository", "fleet", git(fleet))
        try:
            fleet.settles("GitRepository", "fleet", "True")
        except AssertionError:
            pytest.skip(f"Flux does not fetch {url}: {fleet.ready('GitRepository', 'fleet')}")
        yield fleet
    finally:
        fleet.close()


# Specs


def git(fleet: Fleet, **more: Any) -> Item:
    return {"interval": "1h", "url": fleet.url, "ref": {"branch": NAMESPACE}, "timeout": "20s", **more}


def kustomization(path: str, source: str = "fleet", kind: str = "GitRepository", **more: Any) -> Item:
    reference = {"kind": kind, "name": source}
    settings = {"interval": "1h", "retryInterval": "1h", "prune": True, "targetNamespace": NAMESPACE}
    return {**settings, "path": f"./{path}", "sourceRef": reference, **more}


def template(source: str = "fleet", kind: str = "GitRepository", chart: str = "./chart", **more: Any) -> Item:
    spec = {"chart": chart, "sourceRef": {"kind": kind, "name": source}, "reconcileStrategy": "Revision"}
    return {"interval": "1h", "chart": {"spec": spec}, **more}


def waits_for_gate() -> Item:
    """What makes a Kustomization of `slow` take its time: until the test opens the gate."""
    current = "has(data.opened) && data.opened == data.wanted"
    checks = [{"apiVersion": "v1", "kind": "ConfigMap", "current": current}]
    return {"wait": True, "timeout": "5m", "healthCheckExprs": checks}


def gate(wanted: str) -> dict[str, str]:
    """The commit that closes the gate."""
    return {
        "slow/gate.yaml": f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: gate}}\ndata: {{wanted: "{wanted}"}}\n'
    }


def open_gate(wanted: str) -> None:
    patch = json.dumps({"data": {"opened": wanted}})
    where = ("configmap", "gate", f"--namespace={NAMESPACE}")
    run("patch", *where, "--type=merge", "--field-manager=tests", f"--patch={patch}")


# Answers


def line(reply: Reply, kind: str, name: str, namespace: str = NAMESPACE) -> str:
    """The line of a reconcile tool's answer about one object."""
    assert not reply.is_error, reply.text
    found = [each for each in reply.lines if each.startswith(f"{kind} {namespace}/{name}, ")]
    assert len(found) == 1, reply.text
    return found[0]


def outcome(reply: Reply, kind: str, name: str, namespace: str = NAMESPACE) -> str:
    return re.split(r"[ ,:;]+", line(reply, kind, name, namespace))[2]


# A registry


def push_oci(url: str, files: dict[str, bytes], tag: str) -> None:
    """Push an artifact of one layer, as `flux push artifact` does, over plain HTTP."""
    parts = urlsplit(url)
    base = f"http://{parts.netloc}/v2/{parts.path.strip('/')}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    layer, config = packed.getvalue(), b"{}"
    flux = "application/vnd.cncf.flux"
    descriptors = []
    for kind, content in ((f"{flux}.config.v1+json", config), (f"{flux}.content.v1.tar+gzip", layer)):
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        location = _http("POST", f"{base}/blobs/uploads/").headers["Location"]
        join = "&" if "?" in location else "?"
        _http("PUT", f"{urljoin(base, location)}{join}digest={digest}", content, "application/octet-stream")
        descriptors.append({"mediaType": kind, "digest": digest, "size": len(content)})
    media = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": media, "config": descriptors[0], "layers": descriptors[1:]}
    _http("PUT", f"{base}/manifests/{tag}", json.dumps(manifest).encode(), media)


def _http(method: str, url: str, body: bytes = b"", kind: str = "application/octet-stream") -> Any:
    request = urllib.request.Request(url, method=method, data=body, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=20) as reply:
        reply.read()
        return reply
