"""get_flux_resource: one object in detail, against facts written from the raw JSON of the recording staging."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import FluxKind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import CRON_JOB, DEPLOYMENT, JOB
from tests.conftest import Ask, Reply
from tests.support.api import CLUSTER_ROLE, Api, applied_by, inventory, prints, thing
from tests.support.fake import FIXTURES, FakeKubectl, a_list
from tests.support.items import READY, item
from tests.support.tokens import tokens

pytestmark = pytest.mark.anyio

TOOL = "get_flux_resource"
Name = tuple[str, str, str]
Fact = tuple[str, ...]

APPS = ("Kustomization", "flux-system", "apps")
CHECKOUT = ("Kustomization", "flux-system", "checkout")
REMOTE = ("Kustomization", "flux-system", "remote")
CYCLE = ("Kustomization", "flux-system", "cycle-a")
PAYMENTS = ("HelmRelease", "apps", "payments")
BACKEND = ("HelmRelease", "apps", "backend")
PODINFO = ("HelmRelease", "podinfo", "podinfo")
TEAMS = ("ResourceSet", "flux-system", "teams")

COMMIT = "main@sha1:b649360b9b36ab734e2dbd2d69762648a835a73c"
PODINFO_DIGEST = "a7b62a6e3d6dcac179e3c99ce03fb80166b1e3edd4e70dcf5556f1050294daac"
TEAMS_DIGEST = "d4bae30077416f06ed692d617fe87ce10e778ea4b1a99020e383de803f17b9c4"
GIT = ("sources:", "GitRepository flux-system/flux-system, Ready, main@b649360")
BY_SYNC = ("applied by:", "Kustomization flux-system/flux-system, Ready, main@b649360")
BY_APPS = ("applied by:", "Kustomization flux-system/apps, Failing")
PAYMENTS_FAILED = "failed early due to stalled resources: [HelmRelease/apps/payments status: 'Failed']"
CHECKOUT_FAILED = "failed early due to stalled resources: [Deployment/checkout/checkout-api status: 'Failed']"
INSTALL_FAILED = (
    "Helm install failed for release apps/payments with chart webapp@1.3.0: timeout waiting for: "
    "[Deployment/apps/payments status: 'InProgress']"
)

FACTS: dict[Name, tuple[Fact, ...]] = {
    APPS: (
        ("Kustomization flux-system/apps", "Failing", "HealthCheckFailed"),
        (
            "conditions:",
            "Ready is False",
            "HealthCheckFailed",
            f"health check failed after 35.367907ms: {PAYMENTS_FAILED}",
        ),
        ("conditions:", "Reconciling is True", "ProgressingWithRetry", "Running health checks", "a timeout of 1m0s"),
        ("conditions:", "Healthy is False", "HealthCheckFailed", PAYMENTS_FAILED),
        ("revisions:", f"last attempted: {COMMIT}", "in its source: same as last attempted"),
        GIT,
        (
            "depends on:",
            "Kustomization flux-system/infra-configs, Ready, main@b649360",
            "Kustomization flux-system/monitoring, Ready, main@b649360",
        ),
        BY_SYNC,
        ("spec:", "interval: 10m", 'path: "./apps"', "prune: true", "retryInterval: 1m", "timeout: 1m", "wait: true"),
        ("inventory: 9 objects", "ConfigMap: 1", "HelmRelease: 5", "Namespace: 2", "Secret: 1"),
        ("inventory: 9 objects", "1 Stalled", "1 Failing", "1 Waiting", "1 Suspended", "1 Ready"),
        ("history:", "main@b649360", "HealthCheckFailed", "2 runs", "2026-11-22T09:27:04Z"),
    ),
    CHECKOUT: (
        ("Kustomization flux-system/checkout", "Failing", "HealthCheckFailed"),
        (
            "conditions:",
            "Ready is False",
            "HealthCheckFailed",
            f"health check failed after 25.033806232s: {CHECKOUT_FAILED}",
        ),
        ("conditions:", "Reconciling is True", "ProgressingWithRetry", "a timeout of 30s"),
        ("conditions:", "Healthy is False", "HealthCheckFailed", CHECKOUT_FAILED),
        ("revisions:", f"last attempted: {COMMIT}", "in its source: same as last attempted"),
        GIT,
        ("depends on:", "Kustomization flux-system/infra-configs, Ready, main@b649360"),
        BY_SYNC,
        ("spec:", "interval: 10m", 'path: "./broken/health"', "prune: true", "timeout: 30s", "wait: true"),
        ("inventory: 3 objects", "Deployment: 1", "Namespace: 1", "Service: 1"),
        ("inventory: 3 objects", "Deployment checkout/checkout-api: 0 of 2 ready"),
        ("history:", "main@b649360", "HealthCheckFailed", "1 run", "2026-11-22T09:25:24Z"),
    ),
    REMOTE: (
        ("Kustomization flux-system/remote", "Failing", "ReconciliationFailed"),
        ("conditions:", "Ready is False", "ReconciliationFailed", "unable to read KubeConfig secret"),
        ("conditions:", "Reconciling is True", "ProgressingWithRetry", "a timeout of 9m30s"),
        ("revisions:", f"last attempted: {COMMIT}", "in its source: same as last attempted"),
        GIT,
        BY_SYNC,
        ("applies to another cluster", "Secret prod-kubeconfig", "nothing of its inventory is looked up"),
        ("spec:", "interval: 10m", 'path: "./tenants/a"', "prune: true"),
        ("refers to (Secrets are never read):", "Secret prod-kubeconfig: missing"),
    ),
    CYCLE: (
        ("Kustomization flux-system/cycle-a", "Waiting", "DependencyNotReady"),
        ("conditions:", "Ready is False", "DependencyNotReady", "dependency 'flux-system/cycle-b' is not ready"),
        ("revisions:", f"in its source: {COMMIT}"),
        GIT,
        ("depends on:", "Kustomization flux-system/cycle-b, Waiting"),
        ("dependents:", "Kustomization flux-system/cycle-b, Waiting"),
        BY_SYNC,
        ("spec:", "interval: 10m", 'path: "./infra/configs"', "prune: true"),
    ),
    PAYMENTS: (
        ("HelmRelease apps/payments", "Stalled", "InstallFailed"),
        ("conditions:", "Ready is False", "InstallFailed", INSTALL_FAILED),
        ("conditions:", "Stalled is True", "RetriesExceeded", "Failed to install after 2 attempt(s)"),
        ("conditions:", "Released is False", "InstallFailed"),
        ("revisions:", "latest release: 1.3.0", "in its source: same as latest release"),
        ("sources:", "HelmChart flux-system/apps-payments, Ready, 1.3.0", "HelmRepository flux-system/charts, Ready"),
        BY_APPS,
        ("spec:", "chart.spec.chart: webapp", "chart.spec.version: 1.x", "HelmRepository flux-system/charts"),
        ("spec:", "install.remediation.retries: 1", "upgrade.remediation.strategy: rollback", "timeout: 15s"),
        ("spec:", "values: not shown, with keys", "images"),
        ("inventory: 3 objects", "Deployment: 1", "Secret: 1", "Service: 1"),
        ("inventory: 3 objects", "Deployment apps/payments: 0 of 1 ready"),
        ("history:", "release 1: chart webapp 1.3.0", "failed", "2026-11-22T09:25:47Z"),
    ),
    BACKEND: (
        ("HelmRelease apps/backend", "Failing", "source-failing", "SourceNotReady"),
        ("conditions:", "Ready is False", "SourceNotReady", "no 'webapp' chart with version matching '>=9.0.0' found"),
        ("conditions:", "Reconciling is True", "Progressing", "Fulfilling prerequisites"),
        ("sources:", "HelmChart flux-system/apps-backend, Stalled", "HelmRepository flux-system/charts, Ready"),
        ("dependents:", "HelmRelease apps/frontend, Waiting"),
        BY_APPS,
        ("spec:", "chart.spec.chart: webapp", ">=9.0.0", "interval: 10m", "timeout: 20s"),
        ("spec:", "values: not shown, with keys", "images"),
    ),
    PODINFO: (
        ("HelmRelease podinfo/podinfo", "Ready", "InstallSucceeded"),
        ("conditions:", "Ready is True", "InstallSucceeded", "Helm install succeeded for release podinfo/podinfo.v1"),
        ("conditions:", "Drifted is False", "NoDriftDetected", "No drift detected"),
        ("conditions:", "Released is True", "InstallSucceeded"),
        ("revisions:", "latest release: 6.14.1+a7b62a6e3d6d", f"in its source: 6.14.1@sha256:{PODINFO_DIGEST}"),
        ("sources:", "OCIRepository flux-system/podinfo, Ready, 6.14.1@a7b62a6"),
        BY_APPS,
        (
            "spec:",
            "driftDetection.mode: warn",
            "install.remediation.retries: 3",
            "interval: 50m",
            "releaseName: podinfo",
        ),
        ("spec:", "valuesFrom", "ConfigMap podinfo-values", "Secret podinfo-secret-values"),
        ("spec:", "values: not shown, with keys", "ui.color"),
        ("refers to (Secrets are never read):", "ConfigMap podinfo-values", "Secret podinfo-secret-values"),
        ("inventory: 2 objects", "Deployment: 1", "1 ready", "Service: 1"),
        ("history:", "release 1: chart podinfo 6.14.1+a7b62a6e3d6d", "deployed", "2026-11-22T09:25:20Z"),
    ),
    TEAMS: (
        ("ResourceSet flux-system/teams", "Ready", "ReconciliationSucceeded"),
        ("conditions:", "Ready is True", "ReconciliationSucceeded", "Reconciliation finished in 15s"),
        ("revisions:", f"current: sha256:{TEAMS_DIGEST}"),
        BY_SYNC,
        ("spec:", "resources.kind", "Namespace", "Deployment", "team-<< inputs.team >>/app"),
        ("spec:", "inputs: not shown, with keys", "replicas", "team"),
        ("spec:", "resources: not shown, with keys", "spec.template.spec.containers.image"),
        ("inventory: 4 objects", "Deployment: 2", "2 ready", "Namespace: 2"),
        ("history:", "sha256:d4bae30", "ReconciliationSucceeded", "1 run", "2026-11-22T09:23:39Z"),
    ),
}
"""What the object itself says, and what its neighbours say of it: so at any time. Each fact stands on one line."""

AT_THE_MOMENT: dict[Name, tuple[Fact, ...]] = {
    APPS: (
        ("Kustomization flux-system/apps", " 2s"),
        ("events:", "2s ago, Warning HealthCheckFailed", "35.367907ms"),
        ("events:", "62s ago, Warning HealthCheckFailed", "45.042570858s"),
        ("events:", "6m ago, 39 times, DependencyNotReady", "retrying in 5s"),
    ),
    CHECKOUT: (
        ("Kustomization flux-system/checkout", " 102s"),
        ("events:", "102s ago, Warning HealthCheckFailed", CHECKOUT_FAILED),
        ("events:", "6m ago, 42 times, DependencyNotReady"),
    ),
    REMOTE: (
        ("Kustomization flux-system/remote", " 2m"),
        ("events:", "2m ago, 2 times, Warning ReconciliationFailed", "failed to build kube client"),
    ),
    CYCLE: (("Kustomization flux-system/cycle-a", " 11m"), ("events:", "67s ago, 103 times, DependencyNotReady")),
    PAYMENTS: (
        ("HelmRelease apps/payments", " 64s"),
        ("conditions:", "Stalled is", " 64s ago"),
        ("conditions:", "Released is", " 90s ago"),
        ("events:", "64s ago, Warning InstallFailed", "timeout waiting for"),
        ("events:", "90s ago, UninstallSucceeded"),
        ("events:", "90s ago, Warning InstallFailed"),
        ("events:", "106s ago, HelmChartCreated", "HelmChart/flux-system/apps-payments"),
    ),
    BACKEND: (
        ("HelmRelease apps/backend", " 101s"),
        ("conditions:", "Reconciling is", " 106s ago"),
        ("events:", "106s ago, HelmChartCreated", "HelmChart/flux-system/apps-backend"),
    ),
    PODINFO: (("HelmRelease podinfo/podinfo", " 101s"), ("events:", "101s ago, InstallSucceeded")),
    TEAMS: (
        ("ResourceSet flux-system/teams", " 3m"),
        ("events:", "3m ago, ReconciliationSucceeded"),
        ("events:", "3m ago, ApplySucceeded", "Deployment/team-blue/app created"),
    ),
}
"""What is told by ages and by events."""


def lacking(reply: Reply, facts: tuple[Fact, ...]) -> list[Fact]:
    """The facts of which no part of the answer that begins so holds all; of conditions and events no single line."""
    parts: list[list[str]] = []
    for line in reply.lines:
        if line.startswith("  "):
            parts[-1].append(line.replace('\\"', '"'))
        else:
            parts.append([line.replace('\\"', '"')])

    def holds(part: list[str], fact: Fact) -> bool:
        texts = part[1:] if part[0] in {"conditions:", "events:"} else ["\n".join(part)]
        return part[0].startswith(fact[0]) and any(all(one in text for one in fact[1:]) for text in texts)

    return [fact for fact in facts if not any(holds(part, fact) for part in parts)]


def arguments(name: Name) -> dict[str, str]:
    return {"kind": name[0], "namespace": name[1], "name": name[2]}


def raw(name: Name) -> dict[str, Any]:
    held = json.loads((FIXTURES / "staging" / f"{by_kind[name[0]].resource}.json").read_text())["items"]
    (found,) = (one for one in held if (one["metadata"]["namespace"], one["metadata"]["name"]) == name[1:])
    return dict(found)


def called(name: Name) -> str:
    return f"{name[0]}-{name[2]}"


@pytest.mark.parametrize("name", FACTS, ids=called)
async def test_every_fact_is_in_a_short_answer(ask_recording: Ask, name: Name) -> None:
    reply = await ask_recording("staging", TOOL, **arguments(name))
    assert not reply.is_error
    assert reply.lines[0] == "get_flux_resource · context staging · user unknown · 2026-11-22T09:27:06Z"
    assert lacking(reply, FACTS[name]) == []
    assert lacking(reply, AT_THE_MOMENT[name]) == []
    assert "Could not read" not in reply.text
    expected = [(one["type"], one["status"], one["reason"]) for one in raw(name)["status"]["conditions"]]
    told = re.findall(r"^  (\w+) is (\w+), (\w+)", reply.text, re.MULTILINE)
    assert sorted(told) == sorted(expected)
    assert told[0][0] == "Ready"
    assert tokens(reply.text) <= 1_500
    assert len(reply.text.encode()) <= 12_000


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, (dict, list)):
        for below in node.values() if isinstance(node, dict) else node:
            yield from texts(below)


def with_values() -> list[Any]:
    """Every object of staging whose spec holds values that are not shown, and those values."""
    found = []
    for kind, *path in (
        ("HelmRelease", "values"),
        ("Kustomization", "postBuild", "substitute"),
        ("ResourceSet", "inputs"),
    ):
        for one in json.loads((FIXTURES / "staging" / f"{by_kind[kind].resource}.json").read_text())["items"]:
            node = one["spec"]
            for key in path:
                node = node.get(key, {}) if isinstance(node, dict) else {}
            if node:
                meta = one["metadata"]
                name = (kind, meta["namespace"], meta["name"])
                found.append(pytest.param(name, path[0], node, id=f"{kind}-{name[2]}"))
    return found


@pytest.mark.parametrize(("name", "field", "node"), with_values())
async def test_values_are_told_by_their_keys_alone(ask_recording: Ask, name: Name, field: str, node: Any) -> None:
    reply = await ask_recording("staging", TOOL, **arguments(name))
    lines = [line for line in reply.lines if line.startswith(f"  {field}")]
    assert any(line.startswith(f"  {field}: not shown, with keys ") for line in lines)
    leaked = [text for text in texts(node) if len(text) >= 4 and any(text in line for line in lines)]
    assert leaked == []


# From here on the objects are made by hand.


@pytest.fixture
def api() -> Api:
    return Api()


def event(about: dict[str, Any], message: str = "hello", **more: Any) -> dict[str, Any]:
    meta = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name']}.{more.get('id', '1')}", "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": meta["name"],
            "namespace": meta["namespace"],
        },
        "type": "Warning",
        "reason": "Told",
        "message": message,
        "count": 1,
        "lastTimestamp": "2026-01-02T03:04:05Z",
        **more,
    }


WEB_ID = "apps_web_apps_Deployment"


def web(ready: int = 1, wanted: int = 1) -> dict[str, Any]:
    return thing(DEPLOYMENT, "web", "apps", spec={"replicas": wanted}, status={"readyReplicas": ready})


async def test_no_more_than_four_processes_once_the_kinds_are_known(fake: FakeKubectl, ask_fake: Ask) -> None:
    release = item("HelmRelease", "web", "apps", status=inventory(WEB_ID, "apps_creds__Secret"))
    prints(fake, helmreleases=[release], deployments=[web()], events=[event(release)])
    await ask_fake(TOOL, kind="hr", name="web")
    fake.forget()
    reply = await ask_fake(TOOL, kind="hr", name="web")
    assert "  Deployment: 1 (1 ready)" in reply.text
    assert "events:" in reply.lines
    assert len(fake.calls()) <= 4


async def test_no_secret_is_ever_asked_for(fake: FakeKubectl, ask_fake: Ask) -> None:
    """Helm keeps a release's values and manifests in a Secret; that of a remote cluster's kubeconfig is one, too."""
    release = item(
        "HelmRelease",
        "web",
        "apps",
        spec={"valuesFrom": [{"kind": "Secret", "name": "web-values"}]},
        status={
            **inventory(WEB_ID, "apps_creds__Secret"),
            "storageNamespace": "apps",
            "history": [{"name": "web", "namespace": "apps", "version": 3, "status": "deployed", "chartName": "web"}],
        },
    )
    prints(fake, helmreleases=[release], deployments=[web()], events=[])
    reply = await ask_fake(TOOL, kind="HelmRelease", name="web", namespace="apps")
    assert not reply.is_error
    assert "Secret web-values" in reply.text
    assert fake.calls()
    assert [word for call in fake.calls() for word in call if "secret" in word.lower()] == []


async def test_a_remote_applier_s_inventory_is_not_looked_up(api: Api) -> None:
    """What it applied lives on the other cluster; objects of the same names here say nothing of it."""
    remote = item(
        name="remote",
        spec={"kubeConfig": {"configMapRef": {"name": "prod"}}},
        status=inventory(WEB_ID, "apps_x_helm.toolkit.fluxcd.io_HelmRelease"),
    )
    api.holds(remote, web(ready=0), item("HelmRelease", "x", "apps"))
    reply = await api.ask(TOOL, kind="ks", name="remote")
    assert "applies to another cluster, named by ConfigMap prod: nothing of its inventory is looked up" in reply.text
    assert "inventory: 2 objects on another cluster" in reply.lines
    assert "0 of 1" not in reply.text
    assert not any("deployments.apps" in word for call in api.calls for word in call)


async def test_a_name_alone_is_the_only_object_so_named(api: Api) -> None:
    api.holds(item(name="web", namespace="apps"), item("HelmRelease", "web", "other"), item(name="api", namespace="b"))
    reply = await api.ask(TOOL, kind="Kustomization", name="web")
    assert not reply.is_error
    assert reply.lines[1].startswith("Kustomization apps/web, Ready")


async def test_of_several_so_named_the_namespaces_are_listed(api: Api) -> None:
    api.holds(*(item(name="web", namespace=namespace) for namespace in ("team-b", "team-a")))
    reply = await api.ask(TOOL, kind="Kustomization", name="web")
    assert reply.is_error
    assert reply.text == 'Invalid namespace: required, since Kustomization "web" is in team-a, team-b'
    reply = await api.ask(TOOL, kind="Kustomization", name="web", namespace="team-b")
    assert reply.lines[1].startswith("Kustomization team-b/web")


async def test_of_very_many_so_named_it_is_said_that_there_are_more(api: Api) -> None:
    api.holds(*(item(name="web", namespace=f"team-{number:02}") for number in range(30)))
    reply = await api.ask(TOOL, kind="Kustomization", name="web")
    assert reply.is_error
    assert "team-00, team-01" in reply.text
    assert re.search(r" and \d+ more", reply.text)


async def test_a_name_that_is_only_in_another_namespace_is_found_for_the_next_call(api: Api) -> None:
    api.holds(item(name="web", namespace="team-a"))
    reply = await api.ask(TOOL, kind="Kustomization", name="web", namespace="team-b")
    assert reply.is_error
    assert 'no Kustomization "web" in namespace team-b' in reply.text
    assert "team-a" in reply.text
    assert "context dev" in reply.text


async def test_a_name_that_is_nowhere(api: Api) -> None:
    reply = await api.ask(TOOL, kind="Kustomization", name="web")
    assert reply.is_error
    assert reply.text == 'There is no Kustomization "web" in any namespace; context dev.'


@pytest.mark.parametrize(
    "kind",
    [
        "ks",
        "KS",
        "Kustomization",
        "kustomization",
        "Kustomizations",
        "KUSTOMIZATIONS",
        "kustomizations.kustomize.toolkit.fluxcd.io",
        "Kustomizations.Kustomize.Toolkit.FluxCD.io",
    ],
)
async def test_a_kind_is_spelled_in_many_ways(api: Api, kind: str) -> None:
    api.holds(item(name="web"), item("HelmRelease", "web"))
    reply = await api.ask(TOOL, kind=kind, name="web")
    assert reply.lines[1].startswith("Kustomization flux-system/web, Ready")


@pytest.mark.parametrize("kind", ["Deployment", "Secret", "kustomizationz", "ks.example.com"])
async def test_a_kind_that_is_none_of_flux_is_answered_with_those_that_are(api: Api, kind: str) -> None:
    reply = await api.ask(TOOL, kind=kind, name="web")
    assert reply.is_error
    assert reply.text.startswith("Invalid kind: ")
    assert all(known.kind in reply.text for known in FLUX_KINDS)
    assert api.calls == []


async def test_a_kind_that_is_not_installed(api: Api) -> None:
    api.serves(*(kind for kind in api.kinds if kind.kind != "ResourceSet"))
    reply = await api.ask(TOOL, kind="ResourceSet", name="web")
    assert reply.is_error
    assert reply.text == "The cluster does not serve ResourceSet; context dev."


async def test_a_name_that_may_stand_where_the_list_broke_off_is_not_said_to_be_nowhere(
    fake: FakeKubectl, ask_fake: Ask
) -> None:
    gone = "Error from server (Expired): The provided continue parameter is too old"
    fake.says("get", a_list(*(item(name=f"k{number}") for number in range(500))), gone, 1)
    reply = await ask_fake(TOOL, kind="Kustomization", name="web")
    assert reply.is_error
    assert "There is no Kustomization" not in reply.text
    assert not (await ask_fake(TOOL, kind="Kustomization", name="k7")).is_error


async def test_a_kind_that_may_not_be_read(api: Api) -> None:
    api.holds(item(name="web"), item("HelmRelease", "web"))
    api.forbids(by_kind["HelmRelease"].resource)
    reply = await api.ask(TOOL, kind="hr", name="web")
    assert reply.is_error
    assert reply.text.startswith("Forbidden: dev-user may not list helmreleases.helm.toolkit.fluxcd.io")


@pytest.mark.parametrize(
    ("forbidden", "unread", "still"),
    [
        ("events", "Event", ("Deployment: 1 (0 ready, 1 not ready)", "Deployment apps/web: 0 of 1 ready")),
        ("deployments.apps", "Deployment", ("Deployment: 1", 'Warning Told: "hello"')),
    ],
)
async def test_what_may_not_be_read_is_said_and_the_rest_is_told(
    api: Api, forbidden: str, unread: str, still: Fact
) -> None:
    one = item(name="web", status=inventory(WEB_ID))
    api.holds(one, web(ready=0), event(one))
    api.forbids(forbidden)
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert not reply.is_error
    assert reply.lines[1].startswith(f"Could not read: {unread} (forbidden: dev-user may not list")
    assert all(part in reply.text for part in (*still, "Ready is True", "inventory: 1 object"))
    assert "ready)" not in reply.text or unread == "Event"


async def test_a_neighbour_that_is_not_there_is_missing(api: Api) -> None:
    source = {
        "sourceRef": {"kind": "GitRepository", "name": "gone"},
        "dependsOn": [{"name": "never", "namespace": "b"}],
    }
    api.holds(item(name="web", spec=source, metadata={"labels": applied_by("lost")}))
    reply = await api.ask(TOOL, kind="ks", name="web")
    facts = (
        ("sources:", "GitRepository flux-system/gone: missing"),
        ("depends on:", "Kustomization b/never: missing"),
        ("applied by:", "Kustomization flux-system/lost: missing"),
    )
    assert lacking(reply, facts) == []


async def test_a_neighbour_that_could_not_be_read_is_not_missing(api: Api) -> None:
    source = {"sourceRef": {"kind": "GitRepository", "name": "there"}}
    api.holds(item(name="web", spec=source), item("GitRepository", "there"))
    api.forbids(by_kind["GitRepository"].resource)
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert reply.lines[1].startswith("Could not read: GitRepository (forbidden")
    assert lacking(reply, (("sources:", "GitRepository flux-system/there: could not be read"),)) == []


async def test_a_job_that_has_ended_and_a_cron_job_are_not_unready(api: Api) -> None:
    """Neither has replicas: a Job is done when it is complete, a CronJob has nothing to be ready."""
    done = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
    api.holds(
        item(name="web", status=inventory("apps_migrate_batch_Job", "apps_report_batch_CronJob")),
        thing(JOB, "migrate", "apps", spec={"completions": 1}, status=done),
        thing(CRON_JOB, "report", "apps", spec={"schedule": "0 0 * * *"}),
    )
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert lacking(reply, (("inventory: 2 objects", "CronJob: 1", "Job: 1 (1 ready)"),)) == []
    assert "not ready" not in reply.text
    assert "0 of 1" not in reply.text


async def test_a_kind_of_another_group_has_not_the_health_of_the_flux_kind_of_that_name(api: Api) -> None:
    api.holds(
        item(name="web", status=inventory("flux-system_data_s3.aws.upbound.io_Bucket")),
        item("Bucket", "data", status={"conditions": [{**READY, "status": "False", "reason": "Failed"}]}),
    )
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert "  Bucket: 1" in reply.lines
    assert "Failing" not in reply.text


SECRET = "correct-horse-battery-Staple7"


async def test_a_value_that_a_message_repeats_is_not_shown(api: Api) -> None:
    one = release_that_tells(f"values don't meet the schema: {SECRET} is too short")
    api.holds(one)
    reply = await api.ask(TOOL, kind="hr", name="web")
    assert "  values: not shown, with keys db.password" in reply.lines
    assert "is too short" in reply.text
    assert SECRET not in reply.text


async def test_a_value_that_an_event_repeats_is_not_shown(api: Api) -> None:
    one = release_that_tells("no")
    api.holds(one, event(one, f"values don't meet the schema: {SECRET} is too short"))
    reply = await api.ask(TOOL, kind="hr", name="web")
    assert "is too short" in reply.text
    assert SECRET not in reply.text


def release_that_tells(message: str) -> dict[str, Any]:
    return item(
        "HelmRelease",
        "web",
        "apps",
        spec={"values": {"db": {"password": SECRET}}},
        status={"conditions": [{**READY, "status": "False", "reason": "InstallFailed", "message": message}]},
    )


async def test_only_the_reference_that_the_message_names_is_missing(api: Api) -> None:
    """A ConfigMap and a Secret may have the same name."""
    message = 'could not resolve Secret chart values reference: secrets "web" not found'
    values = [{"kind": "ConfigMap", "name": "web"}, {"kind": "Secret", "name": "web"}]
    ready = {**READY, "status": "False", "reason": "ValuesError", "message": message}
    api.holds(item("HelmRelease", "web", "apps", spec={"valuesFrom": values}, status={"conditions": [ready]}))
    reply = await api.ask(TOOL, kind="hr", name="web")
    assert lacking(reply, (("refers to", "  ConfigMap web\n", "  Secret web: missing"),)) == []


async def test_an_event_of_another_object_of_that_name_is_not_told(api: Api) -> None:
    one = item(name="web")
    namesake = {**one, "apiVersion": "kustomize.example.com/v1"}
    release = item("HelmRelease", "web")
    api.holds(one, release)
    api.holds(event(one, "of the object", id="1"), event(release, "of a release", id="2"))
    api.holds(event(namesake, "of a namesake", id="3"))
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert '"of the object"' in reply.text
    assert '"of a release"' not in reply.text
    assert '"of a namesake"' not in reply.text


def bounded(reply: Reply) -> bool:
    return not reply.is_error and len(reply.text.encode()) <= 12_000


async def test_a_huge_inventory(api: Api) -> None:
    kinds = [f"Kind{number}" for number in range(25)]
    entries = [f"apps_n{number}_example.com_{kinds[number % 25]}" for number in range(4_950)]
    deployments = [thing(DEPLOYMENT, f"web{number}", "apps", status={"readyReplicas": 0}) for number in range(50)]
    one = item(name="web", status=inventory(*entries, *(f"apps_web{number}_apps_Deployment" for number in range(50))))
    api.holds(one, event(one), *deployments)
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert bounded(reply)
    assert "inventory: 5000 objects" in reply.lines
    assert all(f"  {kind}: 198" in reply.lines for kind in kinds)
    assert "  Deployment: 50 (0 ready, 50 not ready)" in reply.lines
    assert "  Deployment apps/web0: 0 of 1 ready" in reply.lines
    assert "  and 42 more that are not ready" in reply.lines
    assert 'Warning Told: "hello"' in reply.text


async def test_an_inventory_of_very_many_kinds_hides_nothing_else(api: Api) -> None:
    one = item(name="web", status=inventory(*(f"apps_n_example.com_{'K' * 40}{number}" for number in range(500))))
    api.holds(one, event(one))
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert bounded(reply)
    assert "inventory: 500 objects" in reply.text
    assert 'Warning Told: "hello"' in reply.text


async def test_very_many_dependants(api: Api) -> None:
    api.holds(item(name="web"))
    api.holds(*(item(name=f"dependant-{number:03}", spec={"dependsOn": [{"name": "web"}]}) for number in range(200)))
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert bounded(reply)
    assert reply.text.count("  Kustomization flux-system/dependant-") == 25
    assert "  and 175 more" in reply.lines


async def test_a_very_long_message(api: Api) -> None:
    long = "head " + "x" * 100_000 + " tail"
    ready = {**READY, "status": "False", "reason": "BuildFailed", "message": long}
    one = item(name="web", status={"conditions": [ready, {**ready, "type": "Healthy", "message": f"other {long}"}]})
    api.holds(one, *(event(one, f"{number} {long}", id=str(number)) for number in range(9)))
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert bounded(reply)
    assert '"head x' in reply.text
    assert ' … tail"' in reply.text
    assert "  and 4 more: get_kubernetes_events lists them" in reply.lines


async def test_very_many_values(api: Api) -> None:
    values = {f"key-{number}": {"inner": "word"} for number in range(3_000)}
    api.holds(item("HelmRelease", "web", spec={"values": values}))
    reply = await api.ask(TOOL, kind="hr", name="web")
    assert bounded(reply)
    (line,) = [line for line in reply.lines if line.startswith("  values: ")]
    assert re.search(r"keys key-0\.inner, key-1\.inner, .* and 2976 more$", line)


@pytest.mark.parametrize("kind", FLUX_KINDS, ids=lambda kind: kind.kind)
async def test_an_object_of_any_kind_that_tells_nothing(api: Api, kind: FluxKind) -> None:
    api.holds({"apiVersion": f"{kind.group}/v1", "kind": kind.kind, "metadata": {"name": "bare", "namespace": "a"}})
    reply = await api.ask(TOOL, kind=kind.plural, name="bare")
    assert not reply.is_error
    assert reply.lines[1].startswith(f"{kind.kind} a/bare, ")


async def test_suspended_by_whom_and_deleted_with_which_finalizers(api: Api) -> None:
    by = {"annotations": {"fluxcd.controlplane.io/suspendedBy": "jane@example.com"}}
    gone = {"deletionTimestamp": "2026-01-02T00:00:00Z", "finalizers": ["finalizers.fluxcd.io"]}
    api.holds(item(name="paused", metadata=by, spec={"suspend": True}), item(name="gone", metadata=gone))
    paused = await api.ask(TOOL, kind="ks", name="paused")
    assert "Suspended" in paused.lines[1]
    assert "suspended by jane@example.com" in paused.lines[1]
    deleted = await api.ask(TOOL, kind="ks", name="gone")
    assert "Deleting" in deleted.lines[1]
    assert "finalizers.fluxcd.io" in deleted.lines[1]


async def test_an_object_that_no_inventory_and_no_label_ties_stands_alone(api: Api) -> None:
    api.holds(item(name="web", status=inventory()), thing(CLUSTER_ROLE, "view"))
    reply = await api.ask(TOOL, kind="ks", name="web")
    assert "inventory: 0 objects" in reply.lines
    assert not any(line.startswith(("applied by", "depend", "used by", "sources")) for line in reply.lines)
