"""The reconcile tools against real Flux controllers, on the fleet of tests/support/live.py (`make test-live`).

Kinds that nothing on the cluster answers for are skipped: the first request to each tells.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
from tests.support.bucket import BUCKET, a_bucket
from tests.support.live import (
    NAMESPACE,
    REQUESTED,
    Fleet,
    Item,
    ask,
    gate,
    git,
    kubectl,
    kustomization,
    line,
    of,
    open_gate,
    outcome,
    process,
    push_oci,
    run,
    template,
    until,
    waits_for_gate,
)
from tests.support.stdio import until as in_time

pytestmark = [pytest.mark.anyio, pytest.mark.live]

TOOL = "reconcile_flux_resource"
ALL = "reconcile_flux_sources"
TOKEN = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
GIT_STEP = ("GitRepository", "fleet")
SINGLETONS = ("FluxInstance", "FluxReport")
"""One to a cluster, which installs Flux: those of the cluster are requested, none is made."""
RECONCILABLE = [kind.kind for kind in FLUX_KINDS if kind.reconcilable and kind.kind not in SINGLETONS]
EXHAUSTED: Item = {"install": {"remediation": {"retries": 0}}, "values": {"fail": True}}
ROLLS_BACK: Item = {"upgrade": {"remediation": {"retries": 1, "remediateLastFailure": True}}}


async def reconcile(kind: str, name: str, settings: Settings | None = None, /, **more: Any) -> Reply:
    return await ask(TOOL, settings, **{"kind": kind, "name": name, "namespace": NAMESPACE, "wait_seconds": 60, **more})


def depends(*names: str, **more: Any) -> Item:
    return {"dependsOn": [{"name": name} for name in names], **more}


def detail(reply: Reply, start: str) -> str:
    """The line below a result that begins so."""
    found = [each for each in reply.lines if each.startswith(f"  {start}")]
    assert len(found) == 1, reply.text
    return found[0]


# Every kind


def spec_of(kind: str, fleet: Fleet) -> Item:
    """A spec with which something may run."""
    specs: dict[str, Item] = {
        "GitRepository": git(fleet),
        "OCIRepository": {"interval": "1h", "url": "oci://registry.invalid/acme/app", "timeout": "5s"},
        "Bucket": {"interval": "1h", "bucketName": "x", "endpoint": "127.0.0.1:1", "insecure": True, "timeout": "5s"},
        "HelmRepository": {"interval": "1h", "url": "http://127.0.0.1:1/charts", "timeout": "5s"},
        "HelmChart": {"interval": "1h", "chart": "./chart", "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
        "Kustomization": kustomization("app", prune=False),
        "HelmRelease": template(releaseName="of-every-kind"),
        "Receiver": {
            "type": "generic",
            "secretRef": {"name": "token"},
            "resources": [{"kind": "GitRepository", "name": "fleet"}],
        },
        "ArtifactGenerator": {
            "sources": [{"alias": "fleet", "kind": "GitRepository", "name": "fleet"}],
            "artifacts": [{"name": "of-every-kind", "copy": [{"from": "@fleet/app/**", "to": "@artifact/"}]}],
        },
        "ImageRepository": {"interval": "1h", "image": "registry.invalid/acme/web", "timeout": "5s"},
        "ImagePolicy": {"imageRepositoryRef": {"name": "every-kind"}, "policy": {"alphabetical": {}}},
        "ImageUpdateAutomation": {
            "interval": "1h",
            "suspend": False,
            "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            "git": {"commit": {"author": {"email": "tests@example.com"}}},
        },
        "ResourceSet": {"resources": []},
        "ResourceSetInputProvider": {"type": "Static", "defaultValues": {"color": "blue"}},
    }
    return specs[kind]


@pytest.mark.parametrize("kind", RECONCILABLE)
async def test_every_kind_that_is_served_ends_as_its_status_says(fleet: Fleet, kind: str) -> None:
    """On this cluster or another: succeeded where Ready is True in the end, failed or waiting where it is False."""
    if not fleet.served(kind):
        pytest.skip(f"the cluster does not serve {kind}")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": NAMESPACE}}
    fleet.apply(secret | {"stringData": {"token": "of the tests"}})
    name = "every-kind"
    fleet.make(kind, name, spec_of(kind, fleet))
    if not fleet.answers(kind, name, within=20):
        pytest.skip(f"nothing on this cluster answers requests to reconcile a {kind}")
    if not fleet.ready(kind, name):
        well(kind, name)  # what answers is no controller of its own
    reply = await reconcile(kind, name)
    found = fleet.read(kind, name)
    token = found["metadata"]["annotations"][REQUESTED]
    assert TOKEN.fullmatch(token)
    assert found["status"]["lastHandledReconcileAt"] == token
    assert outcome(reply, kind, name) in as_ready_says(found), reply.text


def as_ready_says(found: Item) -> set[str]:
    """How a request that was handled may have ended."""
    ready = next((each["status"] for each in found["status"].get("conditions", []) if each["type"] == "Ready"), "")
    return {"True": {"succeeded"}, "False": {"failed", "waiting"}, "": {"running"}}[ready]


@pytest.mark.parametrize("kind", SINGLETONS)
async def test_what_installs_flux_ends_as_its_status_says(cluster: None, tmp_path: Path, kind: str) -> None:
    resource = (by_kind[kind].resource, "--all-namespaces", "--output=json")
    items = json.loads(kubectl("get", *resource) or '{"items": []}')["items"]
    if not items:
        pytest.skip(f"the cluster has no {kind}")
    (before,) = items
    name, namespace = before["metadata"]["name"], before["metadata"]["namespace"]
    reply = await ask(TOOL, kind=kind, name=name, namespace=namespace, wait_seconds=20)
    found = Fleet(tmp_path, "", "").read(kind, name, namespace)
    token = found["metadata"]["annotations"][REQUESTED]
    assert TOKEN.fullmatch(token)
    handled = found["status"].get("lastHandledReconcileAt") == token
    if kind == "FluxReport":
        # Flux Operator takes no note of a request in it: it writes the report anew.
        handled = found["status"].get("conditions") != before["status"].get("conditions")
    assert outcome(reply, kind, name, namespace) in (as_ready_says(found) if handled else {"requested"}), reply.text


# One request


async def test_one_that_succeeds_was_annotated_by_fluxs_field_manager(objects: Fleet) -> None:
    reply = await reconcile("Kustomization", "app")
    told = line(reply, "Kustomization", "app")
    assert ", succeeded, ReconciliationSucceeded, " in told
    assert "(unchanged)" in told
    found = objects.read("Kustomization", "app")
    token = found["metadata"]["annotations"][REQUESTED]
    assert found["status"]["lastHandledReconcileAt"] == token
    assert TOKEN.fullmatch(token)
    managers = {
        entry["manager"]
        for entry in found["metadata"]["managedFields"]
        if f"f:{REQUESTED}" in json.dumps(entry["fieldsV1"])
    }
    assert "flux-client-side-apply" in managers


async def test_nothing_but_the_annotation_is_written(objects: Fleet) -> None:
    def rest(found: Item) -> Item:
        kept = {key: value for key, value in found["metadata"].items() if key in {"labels", "finalizers", "generation"}}
        notes = {k: v for k, v in found["metadata"].get("annotations", {}).items() if k != REQUESTED}
        return {**kept, "annotations": notes, "spec": found["spec"]}

    before = rest(objects.read("Kustomization", "app"))
    await reconcile("Kustomization", "app")
    assert rest(objects.read("Kustomization", "app")) == before


async def test_one_that_fails_is_answered_with_its_reason(objects: Fleet) -> None:
    told = line(await reconcile("Kustomization", "broken"), "Kustomization", "broken")
    assert ", failed, BuildFailed" in told
    assert "missing.yaml" in told


async def test_without_a_wait_it_is_requested(objects: Fleet) -> None:
    reply = await reconcile("Kustomization", "app", wait_seconds=0)
    assert line(reply, "Kustomization", "app").startswith(
        f"Kustomization {NAMESPACE}/app, requested; completion not observed"
    )
    until(lambda: objects.handled("Kustomization", "app") == objects.token("Kustomization", "app"), "the request")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("Kustomization", "suspended", "is suspended (spec.suspend: true)"),
        ("GitRepository", "suspended", "is suspended (spec.suspend: true)"),
        ("Kustomization", "nope", 'There is no Kustomization "nope" in namespace'),
        ("Alert", "any", "must be a kind that reconciles on request"),
    ],
)
async def test_requests_without_effect_are_rejected_before_any_write(
    objects: Fleet, kind: str, name: str, words: str
) -> None:
    reply = await reconcile(kind, name)
    assert reply.is_error
    assert words in reply.text
    assert objects.token(kind, name) == ""


async def test_one_that_is_in_another_namespace_is_named(objects: Fleet) -> None:
    reply = await ask(TOOL, kind="Kustomization", name="from-no-branch", namespace="default")
    assert reply.is_error
    assert f"It is in {NAMESPACE}: pass that namespace." in reply.text


async def test_one_that_is_being_deleted_is_rejected(objects: Fleet) -> None:
    objects.make("Kustomization", "leaving", kustomization("app", prune=False), finalizers=["tests.example.com/hold"])
    where = (by_kind["Kustomization"].resource, "leaving", f"--namespace={NAMESPACE}")
    try:
        run("delete", *where, "--wait=false")
        reply = await reconcile("Kustomization", "leaving")
        assert reply.is_error
        assert "is being deleted" in reply.text
        assert objects.token("Kustomization", "leaving") == ""
    finally:
        kubectl("patch", *where, "--type=merge", '--patch={"metadata":{"finalizers":null}}')


async def test_an_identity_that_may_only_read_is_forbidden(objects: Fleet) -> None:
    before = objects.token("Kustomization", "app")
    reply = await reconcile("Kustomization", "app", of("viewer"))
    assert reply.is_error
    assert reply.text.startswith("Forbidden: viewer may not patch kustomizations.kustomize.toolkit.fluxcd.io")
    assert objects.token("Kustomization", "app") == before
    reply = await ask(ALL, of("viewer"), namespace=NAMESPACE)
    assert reply.is_error
    assert "may not patch" in reply.text


@pytest.fixture
def tenant(fleet: Fleet) -> Iterator[str]:
    """An identity with rights in the fleet's namespace alone."""
    if kubectl("auth", "can-i", "impersonate", "users").strip() != "yes":
        pytest.skip("the current context may not impersonate")
    user = f"{NAMESPACE}-tenant"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant"}
    rbac = "rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "patch"]}]
    metadata = {"name": "tenant", "namespace": NAMESPACE}
    fleet.apply(
        {"apiVersion": rbac, "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": rbac,
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": role,
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        },
    )
    yield user
    kubectl("delete", "rolebinding", "tenant", f"--namespace={NAMESPACE}")
    kubectl("delete", "role", "tenant", f"--namespace={NAMESPACE}")


async def test_rights_in_one_namespace_are_enough(objects: Fleet, tenant: str) -> None:
    settings = Settings(access=Access(impersonate=tenant))
    reply = await reconcile("Kustomization", "app", settings, with_source=True)
    assert outcome(reply, "Kustomization", "app") == "succeeded"
    reply = await ask("get_flux_resource", settings, kind="Kustomization", name="app", namespace=NAMESPACE)
    assert not reply.is_error, reply.text
    assert f"all but the namespace {NAMESPACE} (forbidden)" in reply.lines[1]
    reply = await ask("get_flux_resource", settings, kind="Kustomization", name="app")
    assert reply.is_error
    assert "pass namespace" in reply.text
    assert "pass namespace" not in (await ask("get_flux_instance", settings)).text


# With the source


async def test_a_commit_is_applied_with_one_call(objects: Fleet) -> None:
    """Commit, reconcile with its source, and the cluster holds it."""
    before = objects.read("Kustomization", "app")["status"]["lastAppliedRevision"]
    color = f"of-{time.time_ns()}"
    manifest = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{color: {color}}}\n"
    revision = objects.commit({"app/settings.yaml": manifest})
    reply = await reconcile("Kustomization", "app", with_source=True)
    assert [outcome(reply, *step) for step in (GIT_STEP, ("Kustomization", "app"))] == ["succeeded"] * 2, reply.text
    short = [f"{NAMESPACE}@{each.rpartition(':')[2][:7]}" for each in (before, revision)]
    assert " → ".join(short) in line(reply, "Kustomization", "app")
    assert objects.read("Kustomization", "app")["status"]["lastAppliedRevision"] == revision
    assert objects.read("configmap", "settings")["data"] == {"color": color}


@pytest.mark.parametrize(
    ("name", "step", "how"),
    [("from-no-branch", ("GitRepository", "no-branch"), "failed")],
)
async def test_the_object_is_not_requested_when_its_source_has_not_succeeded(
    objects: Fleet, name: str, step: tuple[str, str], how: str
) -> None:
    reply = await reconcile("Kustomization", name, with_source=True, wait_seconds=20)
    assert outcome(reply, *step) == how
    told = line(reply, "Kustomization", name)
    assert f"skipped (not requested: its source GitRepository {NAMESPACE}/no-branch has not succeeded)" in told
    assert objects.annotations("Kustomization", name) == {}


@pytest.mark.parametrize(
    ("name", "words"), [("from-suspended", "suspended is suspended"), ("from-nothing", "nope does not exist")]
)
async def test_without_a_source_to_request_nothing_is_requested(objects: Fleet, name: str, words: str) -> None:
    reply = await reconcile("Kustomization", name, with_source=True)
    assert reply.is_error
    assert words in reply.text
    assert objects.annotations("Kustomization", name) == {}


async def route(fleet: Fleet, kind: str, name: str, *steps: tuple[str, str]) -> Reply:
    """Reconcile an object with its source: each step succeeded, in this order, and was handled."""
    reply = await reconcile(kind, name, with_source=True)
    every = [*steps, (kind, name)]
    assert [outcome(reply, *step) for step in every] == ["succeeded"] * len(every), reply.text
    tokens = [fleet.token(*step) for step in every]
    assert tokens == sorted(tokens)
    for step, token in zip(every, tokens, strict=True):
        assert fleet.handled(*step) == token
    return reply


async def test_a_chart_of_a_git_repository(release: Fleet) -> None:
    chart = ("HelmChart", f"{NAMESPACE}-web")
    await route(release, "HelmRelease", "web", GIT_STEP, chart)
    await route(release, *chart, GIT_STEP)


async def test_a_chart_reference(release: Fleet) -> None:
    reference = {"kind": "GitRepository", "name": "fleet"}
    release.make("HelmChart", "referred", {"interval": "1h", "chart": "./chart", "sourceRef": reference})
    release.make("HelmRelease", "referring", {"interval": "1h", "chartRef": {"kind": "HelmChart", "name": "referred"}})
    release.settles("HelmRelease", "referring", "True")
    await route(release, "HelmRelease", "referring", GIT_STEP, ("HelmChart", "referred"))


@pytest.fixture(scope="module")
def charts(fleet: Fleet) -> tuple[str, str]:
    """The address of a Helm repository, and a chart in it."""
    url = os.environ.get("FLUX_MCP_TEST_CHARTS_URL")
    if not url:
        pytest.skip("FLUX_MCP_TEST_CHARTS_URL names no Helm repository")
    fleet.make("HelmRepository", "charts", {"interval": "1h", "url": url})
    fleet.settles("HelmRepository", "charts", "True")
    return url, os.environ.get("FLUX_MCP_TEST_CHART", "web")


async def test_a_chart_of_a_helm_repository(release: Fleet, charts: tuple[str, str]) -> None:
    release.make("HelmRelease", "from-charts", template("charts", "HelmRepository", charts[1]))
    release.settles("HelmRelease", "from-charts", "True")
    chart = ("HelmChart", f"{NAMESPACE}-from-charts")
    await route(release, "HelmRelease", "from-charts", ("HelmRepository", "charts"), chart)


@pytest.fixture(scope="module")
def registry(fleet: Fleet) -> str:
    """The address of a registry that the tests push to; Flux reads from it."""
    url = os.environ.get("FLUX_MCP_TEST_OCI_URL")
    if not url:
        pytest.skip("FLUX_MCP_TEST_OCI_URL names no registry that the tests push to")
    app = {path.name: path.read_bytes() for path in (fleet.folder / "app").iterdir()}
    push_oci(f"{url}/app-{NAMESPACE}", app, "latest")
    chart = {
        f"web/{path.relative_to(fleet.folder / 'chart')}": path.read_bytes()
        for path in (fleet.folder / "chart").rglob("*")
        if path.is_file()
    }
    push_oci(f"{url}/web", chart, "1.0.0")
    return url


async def test_an_oci_repository(fleet: Fleet, registry: str) -> None:
    fleet.make("OCIRepository", "oci", {"interval": "1h", "url": f"{registry}/app-{NAMESPACE}", "insecure": True})
    fleet.make("Kustomization", "from-oci", kustomization("", "oci", "OCIRepository", prune=False))
    fleet.settles("Kustomization", "from-oci", "True")
    await route(fleet, "Kustomization", "from-oci", ("OCIRepository", "oci"))


async def test_a_chart_reference_to_an_oci_repository(release: Fleet, registry: str) -> None:
    layer = {"mediaType": "application/vnd.cncf.flux.content.v1.tar+gzip", "operation": "copy"}
    spec = {"interval": "1h", "url": f"{registry}/web", "ref": {"tag": "1.0.0"}, "layerSelector": layer}
    release.make("OCIRepository", "chart", spec | {"insecure": True})
    release.make("HelmRelease", "from-oci", {"interval": "1h", "chartRef": {"kind": "OCIRepository", "name": "chart"}})
    release.settles("HelmRelease", "from-oci", "True")
    await route(release, "HelmRelease", "from-oci", ("OCIRepository", "chart"))


@pytest.fixture(scope="module")
def bucket(release: Fleet) -> Iterator[Fleet]:
    """The manifests in a bucket, on an address of this machine that Flux reaches."""
    host = os.environ.get("FLUX_MCP_TEST_BUCKET_HOST")
    if not host:
        pytest.skip("FLUX_MCP_TEST_BUCKET_HOST names no address of this machine that Flux reaches")
    paths = [path for folder in ("app", "chart") for path in (release.folder / folder).rglob("*") if path.is_file()]
    files = {str(path.relative_to(release.folder)): path.read_bytes() for path in paths}
    with a_bucket(host, files) as endpoint:
        spec = {"interval": "1h", "bucketName": BUCKET, "endpoint": endpoint, "insecure": True, "timeout": "20s"}
        release.make("Bucket", "bucket", spec)
        release.settles("Bucket", "bucket", "True")
        yield release


async def test_a_bucket(bucket: Fleet) -> None:
    bucket.make("Kustomization", "from-bucket", kustomization("app", "bucket", "Bucket", prune=False))
    bucket.settles("Kustomization", "from-bucket", "True")
    await route(bucket, "Kustomization", "from-bucket", ("Bucket", "bucket"))


async def test_a_chart_of_a_bucket(bucket: Fleet) -> None:
    bucket.make("HelmRelease", "web-of-bucket", template("bucket", "Bucket", releaseName="web-of-bucket"))
    bucket.settles("HelmRelease", "web-of-bucket", "True")
    chart = ("HelmChart", f"{NAMESPACE}-web-of-bucket")
    await route(bucket, "HelmRelease", "web-of-bucket", ("Bucket", "bucket"), chart)
    await route(bucket, *chart, ("Bucket", "bucket"))


async def test_a_helm_repository_of_a_registry_is_left_out(release: Fleet, registry: str) -> None:
    spec = {"interval": "1h", "type": "oci", "url": registry, "insecure": True}
    release.make("HelmRepository", "registry", spec)
    release.make("HelmRelease", "from-registry", template("registry", "HelmRepository", "web"))
    until(lambda: release.read("HelmChart", f"{NAMESPACE}-from-registry") != {}, "the HelmChart")
    reply = await reconcile("HelmRelease", "from-registry", with_source=True)
    told = line(reply, "HelmRepository", "registry")
    assert "skipped (not requested: it has type oci: source-controller does not reconcile it" in told
    assert release.token("HelmRepository", "registry") == ""
    assert outcome(reply, "HelmChart", f"{NAMESPACE}-from-registry") in {"succeeded", "failed"}


async def test_the_sources_of_a_generator_are_requested_before_it(fleet: Fleet) -> None:
    if not fleet.served("ArtifactGenerator") or not fleet.served("ExternalArtifact"):
        pytest.skip("the cluster serves no ArtifactGenerator")
    fleet.make("GitRepository", "second", git(fleet))
    sources = [
        {"alias": "a", "kind": "GitRepository", "name": "fleet"},
        {"alias": "b", "kind": "GitRepository", "name": "second"},
    ]
    artifacts = [{"name": "made", "copy": [{"from": "@a/app/**", "to": "@artifact/"}]}]
    fleet.make("ArtifactGenerator", "maker", {"sources": sources, "artifacts": artifacts})
    if not fleet.answers("ArtifactGenerator", "maker"):
        pytest.skip("nothing on this cluster answers requests to reconcile an ArtifactGenerator")
    ours = fleet.read("ExternalArtifact", "made") == {}
    fleet.make("ExternalArtifact", "made", {"sourceRef": {"kind": "ArtifactGenerator", "name": "maker"}})
    for kind, name in (("ArtifactGenerator", "maker"), ("ExternalArtifact", "made")) if ours else ():
        well(kind, name)
    fleet.make("Kustomization", "from-made", kustomization("", "made", "ExternalArtifact"))
    reply = await reconcile("Kustomization", "from-made", with_source=True)
    steps = [("GitRepository", "fleet"), ("GitRepository", "second"), ("ArtifactGenerator", "maker")]
    assert [outcome(reply, *step) for step in steps] == ["succeeded"] * 3, reply.text
    tokens = [fleet.token(*step) for step in steps]
    assert max(tokens[:2]) < tokens[2] < fleet.token("Kustomization", "from-made")
    told = line(reply, "ExternalArtifact", "made")
    assert "succeeded (not requested: its ArtifactGenerator writes it)" in told
    assert fleet.annotations("ExternalArtifact", "made") == {}


def well(kind: str, name: str) -> None:
    """A status for an object whose controller does not run here."""
    ready: Item = {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "of the tests"}
    ready |= {"lastTransitionTime": "2026-01-02T03:04:05Z", "observedGeneration": 1}
    patch = json.dumps({"status": {"conditions": [ready]}})
    where = (by_kind[kind].resource, name, f"--namespace={NAMESPACE}")
    run("patch", *where, "--subresource=status", "--type=merge", f"--patch={patch}")


# What an object waits for


@pytest.fixture(scope="module")
def slow(objects: Fleet) -> Fleet:
    """A Kustomization whose health the tests decide on, and one that depends on it."""
    objects.make("Kustomization", "slow", kustomization("slow", **waits_for_gate()))
    objects.make("Kustomization", "after-slow", kustomization("app", **depends("slow"), prune=False))
    until(lambda: objects.read("configmap", "gate") != {}, "the gate")
    open_gate("0")
    objects.settles("Kustomization", "slow", "True")
    objects.settles("Kustomization", "after-slow", "True")
    return objects


async def test_the_wait_goes_on_while_a_dependency_rolls_out(slow: Fleet) -> None:
    revision = slow.commit(gate("1"))
    timer = threading.Timer(8.0, open_gate, ("1",))
    timer.start()
    try:
        reply = await reconcile("Kustomization", "after-slow", with_source=True, wait_seconds=120)
    finally:
        timer.join()
    assert outcome(reply, "Kustomization", "after-slow") == "succeeded", reply.text
    assert slow.read("Kustomization", "after-slow")["status"]["lastAppliedRevision"] == revision
    slow.settles("Kustomization", "slow", "True")


async def test_when_the_time_is_up_it_waits_for_what_still_rolls_out(slow: Fleet) -> None:
    slow.commit(gate("2"))
    reply = await reconcile("Kustomization", "after-slow", with_source=True, wait_seconds=8)
    try:
        assert ", waiting, DependencyNotReady" in line(reply, "Kustomization", "after-slow")
        told = detail(reply, f"waits for Kustomization {NAMESPACE}/slow, ")
        assert "Progressing" in told
        assert "Running health checks" in told
    finally:
        open_gate("2")
    slow.settles("Kustomization", "after-slow", "True")


async def test_a_dependency_that_fails_ends_the_wait(objects: Fleet) -> None:
    reply = await reconcile("Kustomization", "after-broken", wait_seconds=600)
    assert ", waiting, DependencyNotReady" in line(reply, "Kustomization", "after-broken")
    told = detail(reply, f"waits for Kustomization {NAMESPACE}/broken, Failing, BuildFailed")
    assert "missing.yaml" in told


async def test_a_loop_in_the_source_is_why_a_dependency_stays_behind(objects: Fleet) -> None:
    """kustomize-controller lets no Kustomization of the source follow its new revision."""
    objects.make("GitRepository", "looped", git(objects))
    objects.make("Kustomization", "held", kustomization("loop", "looped"))
    objects.make("Kustomization", "loop-a", kustomization("loop", "looped", **depends("loop-b"), prune=False))
    objects.make("Kustomization", "loop-b", kustomization("loop", "looped", **depends("loop-a"), prune=False))
    objects.make("Kustomization", "after-held", kustomization("loop", "looped", **depends("held"), prune=False))
    objects.settles("Kustomization", "held", "True")
    objects.settles("Kustomization", "loop-a", "False", "DependencyNotReady")
    before = objects.read("Kustomization", "held")["status"]["lastAppliedRevision"]
    revision = objects.commit({})
    reply = await reconcile("Kustomization", "after-held", with_source=True, wait_seconds=60)
    assert outcome(reply, "GitRepository", "looped") == "succeeded"
    assert ", waiting, DependencyNotReady" in line(reply, "Kustomization", "after-held")
    assert "revision-behind" in detail(reply, f"waits for Kustomization {NAMESPACE}/held, Ready")
    (told,) = (each for each in reply.lines if each.startswith(f"GitRepository {NAMESPACE}/looped: "))
    assert f"Kustomization {NAMESPACE}/loop-a, Kustomization {NAMESPACE}/loop-b wait for each other" in told
    assert objects.read("Kustomization", "held")["status"]["lastAppliedRevision"] == before != revision
    reply = await reconcile("Kustomization", "loop-a", wait_seconds=60)
    assert "loop of dependsOn" in detail(reply, "loop of dependsOn")


# A controller that does not run


@contextmanager
def stopped() -> Iterator[None]:
    """kustomize-controller does nothing, as one that hangs or is down."""
    pid = process("FLUX_MCP_TEST_CONTROLLER_PID", "kustomize-controller", os.environ["KUBECONFIG"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("name", ["broken", "app"])
async def test_a_request_that_nobody_takes_up_is_requested(objects: Fleet, name: str) -> None:
    """Whatever an earlier run left on the object: of one that failed Reconciling is True."""
    with stopped():
        reply = await reconcile("Kustomization", name, wait_seconds=4)
    told = line(reply, "Kustomization", name)
    assert "requested; completion not observed (not taken up)" in told
    assert "kustomize-controller" in reply.text
    until(lambda: objects.handled("Kustomization", name) == objects.token("Kustomization", name), "the request")


# Why it failed


async def test_after_a_rollback_the_upgrade_that_failed_is_the_reason(release: Fleet) -> None:
    release.make("HelmRelease", "rolled-back", template(**ROLLS_BACK))
    release.settles("HelmRelease", "rolled-back", "True")
    release.make("HelmRelease", "rolled-back", template(**ROLLS_BACK, values={"fail": True}))
    reply = await reconcile("HelmRelease", "rolled-back", reset=True)
    told = line(reply, "HelmRelease", "rolled-back")
    assert re.search(r", failed( \([^)]*\))?, UpgradeFailed", told)
    assert "binaryData" in told or "base64" in told
    assert "condition Ready False, RollbackSucceeded" in detail(reply, "condition Ready")


async def test_force_and_reset_carry_the_same_token(release: Fleet) -> None:
    release.make("HelmRelease", "exhausted", template(**EXHAUSTED))
    until(lambda: stalled(release, "exhausted"), "the release is stalled")
    reply = await reconcile("HelmRelease", "exhausted")
    assert "reset=true resets its failure counters" in line(reply, "HelmRelease", "exhausted")
    assert set(release.annotations("HelmRelease", "exhausted")) == {REQUESTED}
    reply = await reconcile("HelmRelease", "exhausted", force=True, reset=True)
    assert "not taken up" not in line(reply, "HelmRelease", "exhausted")
    tokens = release.annotations("HelmRelease", "exhausted")
    assert len(tokens) == 3
    assert len(set(tokens.values())) == 1
    status = release.read("HelmRelease", "exhausted")["status"]
    assert status["lastHandledForceAt"] == status["lastHandledResetAt"] == tokens[REQUESTED]


def stalled(fleet: Fleet, name: str) -> bool:
    conditions = fleet.read("HelmRelease", name).get("status", {}).get("conditions", [])
    return any((each["type"], each["status"]) == ("Stalled", "True") for each in conditions)


async def test_a_forced_upgrade_makes_a_new_release(release: Fleet) -> None:
    before = release.read("HelmRelease", "web")["status"]["history"][0]["version"]
    told = line(await reconcile("HelmRelease", "web", force=True), "HelmRelease", "web")
    assert ", succeeded, " in told
    assert f"release {before} → {before + 1}" in told


async def test_the_pod_that_keeps_a_health_check_from_succeeding_is_named(objects: Fleet) -> None:
    if not kubectl("get", "nodes", "--output=name"):
        pytest.skip("the cluster has no nodes, or they may not be read")
    objects.make("Kustomization", "unhealthy", kustomization("unhealthy", wait=True, timeout="15s"))
    until(lambda: objects.ready("Kustomization", "unhealthy").get("status") == "False", "the health check")
    reply = await reconcile("Kustomization", "unhealthy", wait_seconds=90)
    assert ", failed, HealthCheckFailed" in line(reply, "Kustomization", "unhealthy")
    told = detail(reply, f"Pod {NAMESPACE}/unhealthy-")
    assert re.search("ImagePullBackOff|ErrImagePull|ContainerCreating", told)
    assert "registry.invalid/acme/web:broken" in told


# Several at once, and what happens meanwhile


async def test_all_sources_of_a_namespace_end_with_one_table(objects: Fleet) -> None:
    reply = await ask(ALL, namespace=NAMESPACE, wait_seconds=60)
    assert not reply.is_error, reply.text
    listed = json.loads(
        run("get", ",".join(by_kind[kind].resource for kind in ("GitRepository", "HelmChart")), "--output=json",
            f"--namespace={NAMESPACE}")
    )["items"]  # fmt: skip
    assert len(listed) >= 3
    told = "\n".join(reply.lines)
    assert re.search(rf"^GitRepository {NAMESPACE}/no-branch, failed", told, re.MULTILINE)
    assert re.search(rf"^GitRepository {NAMESPACE}/suspended, skipped", told, re.MULTILINE)
    assert re.search(rf"^succeeded GitRepository {NAMESPACE}/: .*fleet", told, re.MULTILINE)
    for each in listed:
        if not each["spec"].get("suspend"):
            status = objects.read(each["kind"], each["metadata"]["name"])
            assert status["status"]["lastHandledReconcileAt"] == status["metadata"]["annotations"][REQUESTED]


async def test_a_newer_request_that_takes_our_place(objects: Fleet) -> None:
    before = objects.token("GitRepository", "fleet")

    def replace() -> None:
        until(lambda: objects.token("GitRepository", "fleet") != before, "the request")
        where = (by_kind["GitRepository"].resource, "fleet", "--namespace", NAMESPACE, "--overwrite")
        run("annotate", *where, f"{REQUESTED}=2099-01-01T00:00:00Z")

    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, replace)
        reply = await reconcile("GitRepository", "fleet")
    # Unless its controller was faster than the newer request.
    assert outcome(reply, "GitRepository", "fleet") == "succeeded"
    until(lambda: objects.handled("GitRepository", "fleet") == "2099-01-01T00:00:00Z", "the newer request")


async def test_two_calls_at_once_for_one_object(objects: Fleet) -> None:
    replies: list[Reply] = []

    async def call() -> None:
        replies.append(await reconcile("Kustomization", "app"))

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        group.start_soon(call)
    assert [outcome(reply, "Kustomization", "app") for reply in replies] == ["succeeded", "succeeded"]


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


async def test_a_cancelled_wait_leaves_no_kubectl_and_the_request_stands(objects: Fleet) -> None:
    if sys.platform != "linux":
        pytest.skip("there is no /proc to see processes in")
    objects.make("Kustomization", "cancelled", kustomization("slow", **waits_for_gate(), prune=False))
    until(lambda: objects.ready("Kustomization", "cancelled") != {}, "the Kustomization")
    before = objects.token("Kustomization", "cancelled")
    settings = Settings()
    arguments = {"kind": "Kustomization", "name": "cancelled", "namespace": NAMESPACE, "wait_seconds": 600}
    async with Client(build(connect(settings), settings)) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, TOOL, arguments)
            await in_time(lambda: objects.token("Kustomization", "cancelled") != before)
            group.cancel_scope.cancel()
        await in_time(lambda: kubectls() == [], within=1.0)
        token = objects.token("Kustomization", "cancelled")
        until(lambda: objects.handled("Kustomization", "cancelled") == token, "the request", within=90)


async def test_an_object_that_is_deleted_meanwhile(objects: Fleet) -> None:
    objects.make("GitRepository", "short-lived", git(objects))
    objects.settles("GitRepository", "short-lived", "True")
    before = objects.token("GitRepository", "short-lived")

    def delete() -> None:
        until(lambda: objects.token("GitRepository", "short-lived") != before, "the request")
        run("delete", by_kind["GitRepository"].resource, "short-lived", "--namespace", NAMESPACE)

    with_hook = threading.Thread(target=delete)
    with_hook.start()
    reply = await reconcile("GitRepository", "short-lived")
    with_hook.join()
    # Its controller may have been faster than the deletion.
    told = line(reply, "GitRepository", "short-lived")
    assert re.search(r"failed \((deleted meanwhile|it is being deleted)\)|succeeded", told)


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


async def test_a_kuberc_that_makes_annotate_a_dry_run_has_no_effect(
    objects: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    where = (by_kind["GitRepository"].resource, "fleet", "--namespace", NAMESPACE, "--overwrite")
    kubectl("annotate", *where, f"{REQUESTED}=by-hand")
    if objects.token("GitRepository", "fleet") == "by-hand":
        pytest.skip(f"kubectl {version} does not take this kuberc, so that nothing would be proved")
    assert outcome(await reconcile("GitRepository", "fleet"), "GitRepository", "fleet") == "succeeded"
    found = objects.read("GitRepository", "fleet")["metadata"]
    assert TOKEN.fullmatch(found["annotations"][REQUESTED])
    assert not any("change-cause" in key for key in found["annotations"])
    assert "kubectl-x" not in {entry["manager"] for entry in found["managedFields"]}
    assert objects.token("GitRepository", "suspended") == ""
