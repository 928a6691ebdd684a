"""The reconcile tools against a real API server and a real kubectl (`make test-live`).

They ask objects of the tests' own, in a namespace of their own, and need something that answers requests the way Flux's
controllers do and settles with the status that an object had before. Where nothing does, they are skipped: the first
object tells. A request that nobody takes up is made to an ImagePolicy, of a kind that such a stand-in leaves alone: it
needs no process to be stopped.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from mcp import Client

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.kubectl.connect import connect
from flux_mcp.server import build
from flux_mcp.settings import Access, Settings
from tests.conftest import Reply
from tests.live.test_live import ask, cluster, context, kubectl, staging
from tests.support.stdio import until
from tests.tools.test_reconcile_flux_sources import ON_STAGING, outcomes

__all__ = ["cluster", "staging"]

pytestmark = [pytest.mark.anyio, pytest.mark.live]

TOOL = "reconcile_flux_resource"
NAMESPACE = f"reconcile-{os.getpid()}"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
VERSIONS = {
    "source.toolkit.fluxcd.io": "v1",
    "source.extensions.fluxcd.io": "v1beta1",
    "kustomize.toolkit.fluxcd.io": "v1",
    "helm.toolkit.fluxcd.io": "v2",
    "image.toolkit.fluxcd.io": "v1",
}
Item = dict[str, Any]


def condition(kind: str, status: str, reason: str, message: str) -> Item:
    stamp = {"lastTransitionTime": "2026-01-02T03:04:05Z", "observedGeneration": 1}
    return {"type": kind, "status": status, "reason": reason, "message": message, **stamp}


def one(
    kind: str, name: str, spec: Item, ready: tuple[str, str, str] = ("True", "Succeeded", "well"), *more: Item
) -> Item:
    """An object, and the status that it settles with."""
    group = by_kind[kind].group
    return {
        "apiVersion": f"{group}/{VERSIONS[group]}",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
        "status": {"conditions": [*more, condition("Ready", *ready)]},
    }


def applies(source: str, name: str, **more: Any) -> Item:
    return {"interval": "1h", "prune": True, "sourceRef": {"kind": source, "name": name}, **more}


def fetches(url: str, **more: Any) -> Item:
    return {"interval": "1h", "url": url, **more}


GIT = fetches("https://git.example.com/x")
RELEASE = {"interval": "1h"}
FAILED = ("False", "BuildFailed", "kustomize build failed")
EXHAUSTED = condition("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 3 attempt(s)")


def templated(source: str) -> Item:
    reference = {"kind": "HelmRepository", "name": source}
    return {**RELEASE, "chart": {"spec": {"chart": "webapp", "version": "1.x", "sourceRef": reference}}}


def chart(source: str) -> Item:
    return {"interval": "1h", "chart": "webapp", "sourceRef": {"kind": "HelmRepository", "name": source}}


OBJECTS = (
    one("GitRepository", "git", GIT),
    one("GitRepository", "git-broken", GIT, ("False", "GitOperationFailed", "authentication required")),
    one("GitRepository", "git-suspended", {**GIT, "suspend": True}),
    one("OCIRepository", "oci", fetches("oci://registry.example.com/x")),
    one("Bucket", "bucket", {"interval": "1h", "bucketName": "x", "endpoint": "minio.example.com"}),
    one("HelmRepository", "charts", fetches("https://charts.example.com")),
    one("HelmRepository", "charts-oci", fetches("oci://registry.example.com/charts", type="oci")),
    one("HelmChart", f"{NAMESPACE}-release", chart("charts")),
    one("HelmChart", f"{NAMESPACE}-release-oci", chart("charts-oci")),
    one("ExternalArtifact", "made", {"sourceRef": {"kind": "ArtifactGenerator", "name": "maker"}}),
    one(
        "ArtifactGenerator",
        "maker",
        {
            "sources": [{"alias": "x", "kind": "GitRepository", "name": "git"}],
            "artifacts": [{"name": "made", "copy": [{"from": "@x/**", "to": "@artifact/"}]}],
        },
    ),
    one("Kustomization", "well", applies("GitRepository", "git")),
    one("Kustomization", "from-oci", applies("OCIRepository", "oci")),
    one("Kustomization", "from-bucket", applies("Bucket", "bucket")),
    one("Kustomization", "from-broken", applies("GitRepository", "git-broken")),
    one("Kustomization", "from-suspended", applies("GitRepository", "git-suspended")),
    one("Kustomization", "from-nothing", applies("GitRepository", "nope")),
    one("Kustomization", "from-made", applies("ExternalArtifact", "made")),
    one("Kustomization", "broken", applies("GitRepository", "git"), FAILED),
    one(
        "Kustomization",
        "waits",
        applies("GitRepository", "git"),
        ("False", "DependencyNotReady", "dependency 'x/y' is not ready"),
    ),
    one("Kustomization", "suspended", applies("GitRepository", "git", suspend=True)),
    one("HelmRelease", "release", templated("charts")),
    one("HelmRelease", "release-oci", templated("charts-oci")),
    one("HelmRelease", "release-new", templated("charts")),
    one("HelmRelease", "release-ref-oci", {**RELEASE, "chartRef": {"kind": "OCIRepository", "name": "oci"}}),
    one(
        "HelmRelease",
        "release-ref-chart",
        {**RELEASE, "chartRef": {"kind": "HelmChart", "name": f"{NAMESPACE}-release"}},
    ),
    one("HelmRelease", "exhausted", templated("charts"), ("False", "UpgradeFailed", "Helm upgrade failed"), EXHAUSTED),
    one("ImagePolicy", "nobody", {"imageRepositoryRef": {"name": "x"}, "policy": {"alphabetical": {}}}),
)


def resource(kind: str) -> str:
    return by_kind[kind].resource


def run(*args: str, given: str | None = None) -> None:
    subprocess.run(["kubectl", *args], input=given, capture_output=True, text=True, timeout=60, check=True)


def read(kind: str, name: str) -> Item:
    text = kubectl("get", resource(kind), name, f"--namespace={NAMESPACE}", "--output=json", "--show-managed-fields")
    found: Item = json.loads(text or "{}")
    return found


def annotations(kind: str, name: str) -> dict[str, str]:
    found: dict[str, str] = read(kind, name)["metadata"].get("annotations", {})
    return {key: value for key, value in found.items() if key.startswith("reconcile.fluxcd.io/")}


@pytest.fixture(scope="module")
def objects() -> Iterator[None]:
    """The objects, on a cluster where something answers requests and settles with the status of before."""
    made = json.dumps({"apiVersion": "v1", "kind": "List", "items": [{**each, "status": {}} for each in OBJECTS]})
    try:
        run("create", "namespace", NAMESPACE)
        run("apply", "--server-side", "--field-manager=tests", "--filename=-", given=made)
        for each in OBJECTS:
            patch = f"--patch={json.dumps({'status': each['status']})}"
            where = (resource(each["kind"]), each["metadata"]["name"], "--namespace", NAMESPACE)
            run("patch", *where, "--subresource=status", "--type=merge", patch)
        run("annotate", resource("Kustomization"), "well", "--namespace", NAMESPACE, f"{REQUESTED}=probe")
        if not settles("Kustomization", "well", "probe"):
            pytest.skip("nothing on this cluster answers requests to reconcile and settles with the status of before")
        yield
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the objects cannot be made here: {error.stderr}")
    finally:
        delete = ["kubectl", "delete", "--ignore-not-found", "--filename=-"]
        subprocess.run(delete, input=made, text=True, capture_output=True, timeout=60, check=False)
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
        # A bare API server has nobody who finishes the deletion of a namespace.
        done = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}, "spec": {"finalizers": []}}
        finalize = ["kubectl", "replace", "--raw", f"/api/v1/namespaces/{NAMESPACE}/finalize", "--filename=-"]
        subprocess.run(finalize, input=json.dumps(done), text=True, capture_output=True, timeout=60, check=False)


def settles(kind: str, name: str, token: str) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        status = read(kind, name)["status"]
        ready = [each["message"] for each in status["conditions"] if each["type"] == "Ready"]
        if status.get("lastHandledReconcileAt") == token and ready == ["well"]:
            return True
        time.sleep(0.2)
    return False


async def reconcile(kind: str, name: str, settings: Settings | None = None, **more: Any) -> Reply:
    return await ask(TOOL, settings, kind=kind, name=name, namespace=NAMESPACE, **more)


def line(reply: Reply, kind: str, name: str) -> str:
    assert not reply.is_error, reply.text
    (found,) = (each for each in reply.lines if each.startswith(f"{kind} {NAMESPACE}/{name}, "))
    return found


def outcome(reply: Reply, kind: str, name: str) -> str:
    return re.split(r"[ ,:]+", line(reply, kind, name))[2]


# On the objects of staging: before there are others on the cluster


@pytest.fixture
def reconciled(staging: None) -> Iterator[None]:
    """Something answers requests for the objects of staging; what it changes in their conditions is put back."""
    before = conditions()
    where = (resource("GitRepository"), "flux-system", "--namespace=flux-system")
    token = str(time.time_ns())
    run("annotate", *where, "--overwrite", f"{REQUESTED}={token}")
    end = time.monotonic() + 10
    while kubectl("get", *where, "--output=jsonpath={.status.lastHandledReconcileAt}") != token:
        if time.monotonic() > end:
            pytest.skip("nothing on this cluster answers requests to reconcile")
        time.sleep(0.2)
    yield
    for place, found in conditions().items():
        if found != before[place]:
            patch = f"--patch={json.dumps({'status': {'conditions': before[place]}})}"
            run("patch", *place, "--subresource=status", "--type=merge", patch)


def conditions() -> dict[tuple[str, str, str], list[Item]]:
    """The conditions of every Flux object, by what names it to kubectl."""
    kinds = ",".join(kind.resource for kind in FLUX_KINDS)
    items = json.loads(kubectl("get", kinds, "--all-namespaces", "--output=json"))["items"]
    return {
        (resource(each["kind"]), each["metadata"]["name"], f"--namespace={each['metadata']['namespace']}"): each.get(
            "status", {}
        ).get("conditions", [])
        for each in items
    }


@pytest.mark.usefixtures("staging", "reconciled")
async def test_all_sources_of_staging_end_with_one_table() -> None:
    reply = await ask("reconcile_flux_sources", wait_seconds=60)
    assert reply.lines[0].startswith("reconcile_flux_sources: 16 of 18 · ")
    assert outcomes(reply) == ON_STAGING


@pytest.mark.usefixtures("staging", "reconciled")
@pytest.mark.parametrize(
    ("kind", "name", "namespace", "how"),
    [
        ("FluxInstance", "flux", "flux-system", "succeeded"),
        ("ResourceSet", "teams", "flux-system", "succeeded"),
        ("ResourceSetInputProvider", "static", "flux-system", "succeeded"),
        ("Receiver", "github", "flux-system", "succeeded"),
        ("HelmRelease", "payments", "apps", "failed"),
        ("HelmRelease", "backend", "apps", "waiting"),
        ("Kustomization", "cycle-a", "flux-system", "waiting"),
        ("Kustomization", "apps", "flux-system", "failed"),
        ("Bucket", "artifacts", "flux-system", "failed"),
    ],
)
async def test_objects_of_staging_end_as_they_had_ended(kind: str, name: str, namespace: str, how: str) -> None:
    """As recorded: Ready, its reason, and Stalled."""
    reply = await ask(TOOL, kind=kind, name=name, namespace=namespace)
    assert re.split(r"[ ,:]+", reply.lines[1])[2] == how
    assert reply.lines[1].startswith(f"{kind} {namespace}/{name}, ")


# On objects of the tests' own


@pytest.mark.usefixtures("objects")
async def test_one_that_succeeds_was_annotated_by_flux_field_manager() -> None:
    reply = await reconcile("Kustomization", "well")
    assert line(reply, "Kustomization", "well").endswith(', succeeded, Succeeded: "well"')
    found = read("Kustomization", "well")
    token = found["metadata"]["annotations"][REQUESTED]
    assert found["status"]["lastHandledReconcileAt"] == token
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", token)
    managers = {
        entry["manager"]
        for entry in found["metadata"]["managedFields"]
        if f"f:{REQUESTED}" in json.dumps(entry["fieldsV1"])
    }
    assert "flux-client-side-apply" in managers


@pytest.mark.usefixtures("objects")
async def test_nothing_but_the_annotation_is_written() -> None:
    def rest(found: Item) -> Item:
        kept = {key: value for key, value in found["metadata"].items() if key in {"labels", "finalizers", "generation"}}
        notes = {k: v for k, v in found["metadata"].get("annotations", {}).items() if k != REQUESTED}
        return {**kept, "annotations": notes, "spec": found["spec"]}

    before = rest(read("Kustomization", "from-oci"))
    await reconcile("Kustomization", "from-oci")
    assert rest(read("Kustomization", "from-oci")) == before


@pytest.mark.usefixtures("objects")
async def test_one_that_fails_is_told_within_two_seconds_of_the_controller() -> None:
    handled: list[float] = []
    looks: list[float] = []
    before = read("Kustomization", "broken")["status"].get("lastHandledReconcileAt", "")

    def watch() -> None:
        while not handled:
            begin = time.monotonic()
            if read("Kustomization", "broken")["status"].get("lastHandledReconcileAt", "") != before:
                handled.append(begin)
            looks.append(time.monotonic() - begin)
            time.sleep(0.2)

    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, watch)
        reply = await reconcile("Kustomization", "broken", wait_seconds=120)
        told = time.monotonic()
    assert line(reply, "Kustomization", "broken").endswith(', failed, BuildFailed: "kustomize build failed"')
    # Where a kubectl takes more than half a second, it is left alone three times as long as it took.
    assert told - handled[0] <= max(2.0, 5 * max(looks))


@pytest.mark.usefixtures("objects")
async def test_one_that_waits_for_a_dependency() -> None:
    told = line(await reconcile("Kustomization", "waits"), "Kustomization", "waits")
    assert ", waiting, DependencyNotReady" in told
    assert told.endswith(": \"dependency 'x/y' is not ready\"")


@pytest.mark.usefixtures("objects")
async def test_one_that_nobody_takes_up_is_running_at_the_bound() -> None:
    begin = time.monotonic()
    told = line(await reconcile("ImagePolicy", "nobody", wait_seconds=3), "ImagePolicy", "nobody")
    assert "running (not taken up yet, see whether image-reflector-controller runs)" in told
    assert 3 <= time.monotonic() - begin < 10


@pytest.mark.usefixtures("objects")
async def test_without_a_wait_it_is_requested() -> None:
    assert outcome(await reconcile("Bucket", "bucket", wait_seconds=0), "Bucket", "bucket") == "requested"
    assert settles("Bucket", "bucket", annotations("Bucket", "bucket")[REQUESTED])


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("Kustomization", "suspended", "is suspended (spec.suspend: true)"),
        ("HelmRepository", "charts-oci", "is of type oci"),
        ("ExternalArtifact", "made", "must be a kind that reconciles on request"),
        ("Kustomization", "nope", 'There is no Kustomization "nope" in namespace'),
    ],
)
async def test_what_would_not_run_is_refused(kind: str, name: str, words: str) -> None:
    reply = await reconcile(kind, name)
    assert reply.is_error
    assert words in reply.text
    if name != "nope":
        assert annotations(kind, name) == {}


@pytest.mark.usefixtures("objects")
async def test_one_that_is_in_another_namespace_is_named() -> None:
    reply = await ask(TOOL, kind="Kustomization", name="well", namespace="default")
    assert reply.is_error
    assert f"It is in {NAMESPACE}: pass that namespace." in reply.text


@pytest.mark.usefixtures("objects")
async def test_an_identity_that_may_only_read_is_forbidden() -> None:
    before = annotations("Kustomization", "well")
    reply = await reconcile("Kustomization", "well", Settings(access=Access(context=context("viewer"))))
    assert reply.is_error
    assert reply.text.startswith("Forbidden: viewer may not patch kustomizations.kustomize.toolkit.fluxcd.io")
    assert annotations("Kustomization", "well") == before
    reply = await ask("reconcile_flux_sources", Settings(access=Access(context=context("viewer"))), namespace=NAMESPACE)
    assert reply.is_error
    assert "may not patch" in reply.text


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize(
    ("kind", "name", "sources"),
    [
        ("Kustomization", "well", [("GitRepository", "git")]),
        ("Kustomization", "from-oci", [("OCIRepository", "oci")]),
        ("Kustomization", "from-bucket", [("Bucket", "bucket")]),
        ("HelmRelease", "release", [("HelmRepository", "charts"), ("HelmChart", f"{NAMESPACE}-release")]),
        ("HelmRelease", "release-oci", [("HelmChart", f"{NAMESPACE}-release-oci")]),
        ("HelmRelease", "release-new", [("HelmRepository", "charts")]),
        ("HelmRelease", "release-ref-oci", [("OCIRepository", "oci")]),
        ("HelmRelease", "release-ref-chart", [("HelmRepository", "charts"), ("HelmChart", f"{NAMESPACE}-release")]),
        ("HelmChart", f"{NAMESPACE}-release", [("HelmRepository", "charts")]),
    ],
)
async def test_the_source_is_reconciled_before(kind: str, name: str, sources: list[tuple[str, str]]) -> None:
    reply = await reconcile(kind, name, with_source=True, wait_seconds=60)
    steps = [*sources, (kind, name)]
    assert [outcome(reply, *step) for step in steps] == ["succeeded"] * len(steps)
    tokens = [annotations(*step)[REQUESTED] for step in steps]
    assert tokens == sorted(tokens)
    for step, token in zip(steps, tokens, strict=True):
        assert read(*step)["status"]["lastHandledReconcileAt"] == token


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize(
    ("name", "source", "how"),
    [
        ("from-broken", ("GitRepository", "git-broken"), "failed"),
        # The road by an ExternalArtifact; nobody answers for its generator here.
        ("from-made", ("ArtifactGenerator", "maker"), "running"),
    ],
)
async def test_the_object_is_not_asked_when_its_source_has_not_succeeded(
    name: str, source: tuple[str, str], how: str
) -> None:
    reply = await reconcile("Kustomization", name, with_source=True, wait_seconds=4)
    assert outcome(reply, *source) == how
    assert outcome(reply, "Kustomization", name) == "skipped"
    assert annotations("Kustomization", name) == {}


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize(
    ("name", "words"),
    [("from-suspended", "git-suspended is suspended"), ("from-nothing", "nope does not exist")],
)
async def test_without_a_source_to_ask_nothing_is_asked(name: str, words: str) -> None:
    reply = await reconcile("Kustomization", name, with_source=True)
    assert reply.is_error
    assert words in reply.text
    assert annotations("Kustomization", name) == {}


@pytest.mark.usefixtures("objects")
async def test_force_and_reset_carry_the_same_token() -> None:
    reply = await reconcile("HelmRelease", "exhausted")
    assert "reset=true sets its failure counters back" in line(reply, "HelmRelease", "exhausted")
    assert list(annotations("HelmRelease", "exhausted")) == [REQUESTED]
    reply = await reconcile("HelmRelease", "exhausted", force=True, reset=True)
    assert "not taken up" not in line(reply, "HelmRelease", "exhausted")
    tokens = annotations("HelmRelease", "exhausted")
    assert len(tokens) == 3
    assert len(set(tokens.values())) == 1
    status = read("HelmRelease", "exhausted")["status"]
    assert status["lastHandledForceAt"] == status["lastHandledResetAt"] == tokens[REQUESTED]


@pytest.mark.usefixtures("objects")
async def test_a_newer_request_that_takes_our_place() -> None:
    before = annotations("Kustomization", "from-bucket").get(REQUESTED)

    def replace() -> None:
        while annotations("Kustomization", "from-bucket").get(REQUESTED) == before:
            time.sleep(0.05)
        where = (resource("Kustomization"), "from-bucket", "--namespace", NAMESPACE, "--overwrite")
        run("annotate", *where, f"{REQUESTED}=2099-01-01T00:00:00Z")

    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, replace)
        reply = await reconcile("Kustomization", "from-bucket")
    told = line(reply, "Kustomization", "from-bucket")
    assert "succeeded (a newer request took the place of this one)" in told
    assert read("Kustomization", "from-bucket")["status"]["lastHandledReconcileAt"] == "2099-01-01T00:00:00Z"


@pytest.mark.usefixtures("objects")
async def test_two_calls_at_once_for_one_object() -> None:
    replies: list[Reply] = []

    async def call() -> None:
        replies.append(await reconcile("OCIRepository", "oci"))

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        group.start_soon(call)
    assert [outcome(reply, "OCIRepository", "oci") for reply in replies] == ["succeeded", "succeeded"]


def kubectls() -> list[str]:
    """The command lines of every kubectl that runs about our namespace."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if f"--namespace={NAMESPACE}".encode() in words:
            found.append(b" ".join(words).decode())
    return found


@pytest.mark.usefixtures("objects")
async def test_a_cancelled_wait_leaves_no_kubectl_and_the_request_stands() -> None:
    if sys.platform != "linux":
        pytest.skip("there is no /proc to see processes in")
    before = annotations("GitRepository", "git").get(REQUESTED)
    settings = Settings()
    arguments = {"kind": "GitRepository", "name": "git", "namespace": NAMESPACE, "wait_seconds": 600}
    async with Client(build(connect(settings), settings)) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, TOOL, arguments)
            await until(lambda: annotations("GitRepository", "git").get(REQUESTED) != before)
            group.cancel_scope.cancel()
        await until(lambda: kubectls() == [], within=1.0)
        token = annotations("GitRepository", "git")[REQUESTED]
        assert settles("GitRepository", "git", token)


@pytest.mark.usefixtures("objects")
async def test_an_object_that_is_deleted_meanwhile() -> None:
    extra = one("ImagePolicy", "short-lived", {"imageRepositoryRef": {"name": "x"}, "policy": {"alphabetical": {}}})
    run("create", "--filename=-", given=json.dumps(extra))

    def delete() -> None:
        while not annotations("ImagePolicy", "short-lived"):
            time.sleep(0.05)
        run("delete", resource("ImagePolicy"), "short-lived", "--namespace", NAMESPACE)

    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, delete)
        reply = await reconcile("ImagePolicy", "short-lived", wait_seconds=60)
    assert "failed (it was deleted meanwhile)" in line(reply, "ImagePolicy", "short-lived")


KUBERC = """
apiVersion: kubectl.config.k8s.io/v1beta1
kind: Preference
defaults:
  - command: annotate
    options:
      - {name: dry-run, default: client}
      - {name: all, default: "true"}
      - {name: record, default: "true"}
      - {name: field-manager, default: kubectl-x}
      - {name: output, default: yaml}
  - command: auth can-i
    options:
      - {name: quiet, default: "true"}
"""


@pytest.mark.usefixtures("objects")
async def test_a_kuberc_that_makes_annotate_a_dry_run_has_no_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = json.loads(kubectl("version", "--client", "--output=json"))["clientVersion"]["gitVersion"]
    told = re.match(r"v(\d+)\.(\d+)", version)
    if told is None or (int(told[1]), int(told[2])) < (1, 34):
        pytest.skip(f"kubectl {version} reads no kuberc by itself; 1.34 and newer do")
    if not Path(os.environ["KUBECONFIG"]).is_absolute():
        pytest.skip("KUBECONFIG must be absolute, since the home directory is another one here")
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "kuberc").write_text(KUBERC)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBERC", raising=False)
    monkeypatch.delenv("KUBECTL_KUBERC", raising=False)
    where = (resource("HelmRepository"), "charts", "--namespace", NAMESPACE, "--overwrite")
    run("annotate", *where, f"{REQUESTED}=by-hand")
    if annotations("HelmRepository", "charts").get(REQUESTED) == "by-hand":
        pytest.skip(f"kubectl {version} does not take this kuberc, so that nothing would be proved")
    assert outcome(await reconcile("HelmRepository", "charts"), "HelmRepository", "charts") == "succeeded"
    found = read("HelmRepository", "charts")["metadata"]
    assert found["annotations"][REQUESTED] != "by-hand"
    assert not any("change-cause" in key for key in found["annotations"])
    assert "kubectl-x" not in {entry["manager"] for entry in found["managedFields"]}
    assert annotations("HelmRepository", "charts-oci") == {}
