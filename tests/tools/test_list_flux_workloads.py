"""list_flux_workloads: on the recordings against a table written from the raw JSON, and on hand-made objects."""

import json
import re
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    KUBERNETES_KINDS,
    STATEFUL_SET,
    WORKLOAD_KINDS,
)
from flux_mcp.cluster.client import Cluster
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.managed_workloads import Confirmation, group
from flux_mcp.kubectl.replay import RecordedKubectl
from flux_mcp.render.list_flux_workloads import FluxWorkloads
from flux_mcp.tools.list_flux_workloads import list_flux_workloads
from tests.conftest import Ask, Reply
from tests.support.api import Api, applied_by, inventory, thing
from tests.support.fake import FIXTURES, FakeKubectl
from tests.support.items import READY, failing, item

pytestmark = pytest.mark.anyio

TOOL = "list_flux_workloads"
HELM = "helm.toolkit.fluxcd.io"
MONITORING = "Kustomization flux-system/monitoring"
PROMETHEUS = "HelmRelease monitoring/kube-prometheus-stack"
LOKI = "HelmRelease monitoring/loki"
CERT_MANAGER = "HelmRelease cert-manager/cert-manager"
INSTANCE = "FluxInstance flux-system/flux"
SYNC = "Kustomization flux-system/flux-system"
REPORT = "sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b"

# Kind, namespace/name, ready, owner, images by container (the init container first): by hand from the raw JSON.
STAGING = {
    ("Deployment apps/payments", "0 of 1 ready", "HelmRelease apps/payments", "main ghcr.io/acme/payments:broken"),
    (
        "Deployment cert-manager/cert-manager",
        "1 of 1 ready",
        CERT_MANAGER,
        "main quay.io/jetstack/cert-manager-controller:v1.18.2",
    ),
    (
        "Deployment cert-manager/cert-manager-1",
        "1 of 1 ready",
        CERT_MANAGER,
        "main quay.io/jetstack/cert-manager-webhook:v1.18.2",
    ),
    (
        "Deployment cert-manager/cert-manager-2",
        "1 of 1 ready",
        CERT_MANAGER,
        "main quay.io/jetstack/cert-manager-cainjector:v1.18.2",
    ),
    (
        "Deployment checkout/checkout-api",
        "0 of 2 ready",
        "Kustomization flux-system/checkout",
        "api ghcr.io/acme/checkout:broken",
    ),
    (
        "Deployment flux-system/helm-controller",
        "1 of 1 ready",
        INSTANCE,
        "manager ghcr.io/fluxcd/helm-controller:v1.6.3",
    ),
    (
        "Deployment flux-system/image-automation-controller",
        "1 of 1 ready",
        INSTANCE,
        "manager ghcr.io/fluxcd/image-automation-controller:v1.2.4",
    ),
    (
        "Deployment flux-system/image-reflector-controller",
        "1 of 1 ready",
        INSTANCE,
        "manager ghcr.io/fluxcd/image-reflector-controller:v1.2.4",
    ),
    (
        "Deployment flux-system/kustomize-controller",
        "1 of 1 ready",
        INSTANCE,
        "manager ghcr.io/fluxcd/kustomize-controller:v1.9.4",
    ),
    (
        "Deployment flux-system/notification-controller",
        "1 of 1 ready",
        INSTANCE,
        "manager ghcr.io/fluxcd/notification-controller:v1.9.3",
    ),
    (
        "Deployment flux-system/source-controller",
        "1 of 1 ready",
        INSTANCE,
        "manager ghcr.io/fluxcd/source-controller:v1.9.4",
    ),
    ("Deployment flux-system/source-watcher", "1 of 1 ready", INSTANCE, "manager ghcr.io/fluxcd/source-watcher:v2.2.3"),
    (
        "Deployment ingress-nginx/ingress-nginx",
        "1 of 1 ready",
        "HelmRelease ingress-nginx/ingress-nginx",
        "main registry.k8s.io/ingress-nginx/controller:v1.13.0",
    ),
    (
        "Deployment monitoring/blackbox-exporter",
        "2 of 2 ready",
        MONITORING,
        "init-config docker.io/library/busybox:1.37, blackbox quay.io/prometheus/blackbox-exporter:v0.27.0",
    ),
    (
        "Deployment monitoring/kube-prometheus-stack",
        "1 of 1 ready",
        PROMETHEUS,
        "main quay.io/prometheus-operator/prometheus-operator:v0.83.0",
    ),
    (
        "Deployment monitoring/kube-prometheus-stack-1",
        "1 of 1 ready",
        PROMETHEUS,
        "main quay.io/prometheus/prometheus:v3.4.1",
    ),
    (
        "Deployment monitoring/kube-prometheus-stack-2",
        "1 of 1 ready",
        PROMETHEUS,
        "main docker.io/grafana/grafana:12.0.2",
    ),
    (
        "Deployment monitoring/kube-prometheus-stack-3",
        "1 of 1 ready",
        PROMETHEUS,
        "main quay.io/prometheus/alertmanager:v0.28.1",
    ),
    ("Deployment monitoring/loki", "1 of 1 ready", LOKI, "main docker.io/grafana/loki:3.5.1"),
    ("Deployment monitoring/loki-1", "1 of 1 ready", LOKI, "main docker.io/kiwigrid/k8s-sidecar:1.30.0"),
    (
        "Deployment podinfo/podinfo",
        "2 of 2 ready",
        "HelmRelease podinfo/podinfo",
        "podinfo ghcr.io/stefanprodan/podinfo:6.14.1",
    ),
    ("Deployment team-blue/app", "2 of 2 ready", "ResourceSet flux-system/teams", "app ghcr.io/acme/app:1.0"),
    ("Deployment team-red/app", "1 of 1 ready", "ResourceSet flux-system/teams", "app ghcr.io/acme/app:1.0"),
    ("Deployment tenant-a/tenant-a", "1 of 1 ready", "Kustomization flux-system/tenant-a", "a ghcr.io/acme/tenant:1.0"),
    ("CronJob monitoring/report", "", MONITORING, f"report ghcr.io/acme/report@{REPORT}"),
}
BOOTSTRAP = {
    ("Deployment flux-system/helm-controller", "0 of 1 ready", SYNC, "manager ghcr.io/fluxcd/helm-controller:v1.7.4"),
    ("Deployment flux-system/kustomize-controller", "0 of 1 ready", SYNC, "manager ghcr.io/fluxcd/kustomize-controller:v1.7.4"),
    ("Deployment flux-system/notification-controller", "0 of 1 ready", SYNC, "manager ghcr.io/fluxcd/notification-controller:v1.7.4"),
    ("Deployment flux-system/source-controller", "0 of 1 ready", SYNC, "manager ghcr.io/fluxcd/source-controller:v1.7.4"),
    ("Deployment ingress/ingress-nginx", "1 of 1 ready", "HelmRelease ingress/ingress-nginx", "main registry.k8s.io/ingress-nginx/controller:v1.13.0"),
    ("Deployment podinfo/podinfo", "2 of 2 ready", "Kustomization flux-system/apps", "podinfod ghcr.io/stefanprodan/podinfo:6.9.1"),
    ("StatefulSet podinfo/cache", "1 of 1 ready", "Kustomization flux-system/apps", "redis docker.io/library/redis:8.0"),
}  # fmt: skip
# How an owner and its parent are tied, from labels and inventories in the raw JSON.
PARENTS = {
    "staging": {
        "HelmRelease apps/payments": "Kustomization flux-system/apps",
        "HelmRelease podinfo/podinfo": "Kustomization flux-system/apps",
        CERT_MANAGER: "Kustomization flux-system/infra-controllers",
        "HelmRelease ingress-nginx/ingress-nginx": "Kustomization flux-system/infra-controllers",
        PROMETHEUS: MONITORING,
        LOKI: MONITORING,
        "Kustomization flux-system/checkout": SYNC,
        MONITORING: SYNC,
        "Kustomization flux-system/tenant-a": SYNC,
        "ResourceSet flux-system/teams": SYNC,
        INSTANCE: "",
    },
    "bootstrap": {
        "HelmRelease ingress/ingress-nginx": "Kustomization flux-system/infrastructure",
        "Kustomization flux-system/apps": SYNC,
        SYNC: "",
    },
}


async def facts(recording: str, **arguments: Any) -> FluxWorkloads:
    return await list_flux_workloads(Cluster(RecordedKubectl(FIXTURES / recording)), **arguments)


def rows(found: FluxWorkloads) -> set[tuple[str, str, str, str]]:
    return {
        (
            str(view.ref),
            view.rollout.counts,
            " and ".join(str(ref) for ref, _ in entry.owners),
            ", ".join(
                f"{container.name} {re.sub(r'(:v?[0-9.]+)@sha256.*', lambda m: m[1], container.image)}"
                for container in view.workload.containers
            ),
        )
        for entry in found.groups
        for view in entry.workloads
    }


@pytest.mark.parametrize(("recording", "table"), [("staging", STAGING), ("bootstrap", BOOTSTRAP)])
async def test_what_flux_manages_is_what_the_raw_json_says(recording: str, table: set) -> None:
    assert rows(await facts(recording)) == table


@pytest.mark.parametrize("recording", PARENTS)
async def test_every_owner_has_its_parent(recording: str) -> None:
    found = await facts(recording)
    told = {str(e.owners[0][0]): " and ".join(map(str, e.parents)) for e in found.groups}
    assert told == PARENTS[recording]


async def test_staging_is_sure_of_its_owners_and_bootstrap_has_a_release_by_label() -> None:
    assert {why for entry in (await facts("staging")).groups for _, why in entry.owners} == {Confirmation.BOTH}
    why = {str(ref): why for entry in (await facts("bootstrap")).groups for ref, why in entry.owners}
    assert why == {
        SYNC: Confirmation.BOTH,
        "Kustomization flux-system/apps": Confirmation.BOTH,
        "HelmRelease ingress/ingress-nginx": Confirmation.NO_INVENTORY,
    }


async def test_handmade_is_counted_and_not_named(ask_recording: Ask) -> None:
    reply = await ask_recording("bootstrap", TOOL)
    assert "Not managed by Flux: 1" in reply.lines
    assert "handmade" not in reply.text


async def test_the_images_of_monitoring_with_init_container_and_digest(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL, namespace="monitoring")
    assert ": 8 of 8 " in reply.lines[0]
    assert reply.lines[1] == "Could not read: StatefulSet, DaemonSet, Job (not recorded)"
    for row in STAGING:
        if " monitoring/" in row[0]:
            for image in re.findall(r"\S+/\S+[:@][^\s,]+", row[3]):
                assert image.replace(REPORT, f"{REPORT[:14]}…") in reply.text
    assert (
        "Kustomization flux-system/monitoring (applied by Kustomization flux-system/flux-system)\n"
        '  CronJob monitoring/report: schedule "0 3 * * *", never ran\n'
        "    report: ghcr.io/acme/report@sha256:6c3c624…\n"
        "  Deployment monitoring/blackbox-exporter: 2 of 2 ready\n"
        "    init-config (init): docker.io/library/busybox:1.37\n"
        "    blackbox: quay.io/prometheus/blackbox-exporter:v0.27.0\n"
    ) in reply.text


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ({"kinds": ["deploy"]}, 24),
        ({"kinds": ["CronJob"]}, 1),
        ({"kinds": "cronjobs.batch,deployments"}, 25),
        ({"namespace": "podinfo"}, 1),
        ({"namespace": "default"}, 0),
        ({"name_contains": "PROMETHEUS"}, 4),
        ({"image_contains": "ghcr.io/fluxcd/"}, 7),
        ({"image_contains": "busybox"}, 1),
        ({"image_contains": REPORT[10:30]}, 1),
        ({"image_contains": "nothing-like-it"}, 0),
    ],
)
async def test_arguments_narrow(ask_recording: Ask, arguments: dict[str, Any], count: int) -> None:
    reply = await ask_recording("staging", TOOL, **arguments)
    assert f": {count} of {count} " in reply.lines[0]
    assert ("No workload that Flux manages matches" in reply.text) is (count == 0)


async def test_a_limit_cuts_and_says_so(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL, limit=3)
    assert ": 3 of 25 " in reply.lines[0]
    assert reply.lines[-1].startswith("… 22 more workloads: ")
    assert "  Deployment apps/payments: 0 of 1 ready, ProgressDeadlineExceeded" in reply.lines


@pytest.mark.parametrize(
    "kinds", [["Pod"], ["Kustomization"], ["Secret"], ["Deployment", "ReplicaSet"], ["jobs.batch.volcano.sh"], []]
)
async def test_other_kinds_are_refused_and_the_allowed_ones_named(
    fake: FakeKubectl, ask_fake: Ask, kinds: list
) -> None:
    reply = await ask_fake(TOOL, kinds=kinds)
    assert reply.is_error
    assert '"kinds"' in reply.text or "kinds: must" in reply.text
    assert not kinds or "Deployment, StatefulSet, DaemonSet, CronJob, Job" in reply.text
    assert fake.calls() == []


async def test_two_kubectl_processes(fake: FakeKubectl, ask_fake: Ask) -> None:
    """Once context and kinds are known: appliers everywhere, workloads of the kinds and the namespace asked for."""
    fake.serves(*(kind.resource for kind in (*WORKLOAD_KINDS, *map(by_kind.get, ("Kustomization", "HelmRelease")))))  # type: ignore[union-attr]
    await ask_fake(TOOL)
    fake.forget()
    assert not (await ask_fake(TOOL, namespace="apps", kinds=["Deployment"])).is_error
    gets = sorted(fake.calls("get"), key=lambda call: call[-1])
    assert len(fake.calls()) == len(gets) == 2
    assert gets[0][-1] == "deployments.v1.apps"
    assert "--namespace=apps" in gets[0]
    assert gets[1][-1] == "kustomizations.v1.kustomize.toolkit.fluxcd.io,helmreleases.v1.helm.toolkit.fluxcd.io"
    assert "--all-namespaces=true" in gets[1]


# Hand-made objects


def web(name: str = "web", labels: dict[str, str] | None = None, kind: Any = DEPLOYMENT, **more: Any) -> dict[str, Any]:
    """A Deployment in apps with one container, ready."""
    spec = {"replicas": 1, "template": {"spec": {"containers": [{"name": "main", "image": "ghcr.io/acme/web:1"}]}}}
    status = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}
    return thing(
        kind, name, "apps", labels=labels or {}, spec=spec, status={**status, **more.pop("status", {})}, **more
    )


def applier(name: str = "apps", *ids: str, kind: str = "Kustomization", **more: Any) -> dict[str, Any]:
    held = {} if more.pop("unknown", False) else inventory(*ids)
    return item(kind, name=name, status={**held, **more.pop("status", {})}, **more)


WEB = "apps_web_apps_Deployment"


async def ask(*objects: dict[str, Any], **arguments: Any) -> Reply:
    api = Api()
    api.holds(*objects)
    reply = await api.ask(TOOL, **arguments)
    assert not reply.is_error
    return reply


def last(reply: Reply) -> str:
    return reply.lines[-1]


TIES: dict[str, tuple[tuple[dict[str, Any], ...], str]] = {
    "label-and-inventory": ((web(labels=applied_by("apps")), applier("apps", WEB)), "Kustomization flux-system/apps"),
    "no-inventory": ((web(labels=applied_by("apps")), applier(unknown=True)), "Kustomization flux-system/apps (by label, as it has no inventory)"),
    "not-in-inventory": (
        (web(labels=applied_by("apps")), applier("apps", "apps_other_apps_Deployment"), web("other", applied_by("apps"))),
        "Kustomization flux-system/apps (by label, but not in its inventory)",
    ),
    "a-hook": (
        (
            web(labels=applied_by("apps", prefix=HELM)) | {"metadata": {"name": "web", "namespace": "apps", "labels": applied_by("apps", prefix=HELM), "annotations": {"helm.sh/hook": "pre-install"}}},
            applier(kind="HelmRelease"),
        ),
        "HelmRelease flux-system/apps (by label, as a Helm hook)",
    ),
    "inventory-alone": ((web(), applier("apps", WEB)), "Kustomization flux-system/apps (by its inventory, without a label)"),
    "another-inventory": (
        (web(labels=applied_by("apps")), applier("apps"), applier("thief", WEB)),
        "Kustomization flux-system/apps (by label, but not in its inventory) and Kustomization flux-system/thief (by its inventory, without a label)",
    ),
    "owner-is-gone": ((web(labels=applied_by("gone")), applier()), "Kustomization flux-system/gone (by label, but it does not exist)"),
    "owner-elsewhere": (
        (web(labels=applied_by("apps")), applier("apps", WEB, spec={"kubeConfig": {"secretRef": {"name": "x"}}})),
        "Kustomization flux-system/apps (by label, but it applies to another cluster)",
    ),
    "two-labels": (
        (web(labels={**applied_by("apps"), **applied_by("web", prefix=HELM)}), applier("apps", WEB), applier("web", WEB, kind="HelmRelease")),
        "Kustomization flux-system/apps and HelmRelease flux-system/web",
    ),
    "an-owner-that-fails": (
        (web(labels=applied_by("apps")), failing(status=inventory(WEB))),
        "Kustomization flux-system/apps, Failing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TIES)
async def test_how_sure_an_owner_is(name: str) -> None:
    objects, owner = TIES[name]
    reply = await ask(*objects, name_contains="web")
    assert reply.lines[-3:] == [owner, "  Deployment apps/web: 1 of 1 ready", "    main: ghcr.io/acme/web:1"]
    assert (". Labels and inventories agree" in reply.text) is ("(by " not in owner)


async def test_an_applier_that_was_not_read_is_said_and_its_workloads_are_there_by_label() -> None:
    api = Api()
    api.holds(web(labels=applied_by("apps", prefix=HELM)), web("handmade"))
    api.forbids("helmreleases.helm.toolkit.fluxcd.io")
    reply = await api.ask(TOOL)
    assert reply.lines[1].startswith("Could not read: HelmRelease (forbidden")
    assert "Not managed by Flux: 1, as far as could be read" in reply.lines
    assert "HelmRelease flux-system/apps (by label, as it could not be read)" in reply.lines


async def test_workloads_that_could_not_be_read_are_an_error_or_a_gap() -> None:
    api = Api()
    api.holds(web(labels=applied_by("apps")))
    api.forbids("jobs.batch", "cronjobs.batch")
    reply = await api.ask(TOOL)
    assert reply.lines[1].startswith("Could not read: CronJob, Job (forbidden")
    api.forbids(*(kind.resource for kind in WORKLOAD_KINDS))
    assert (await api.ask(TOOL)).is_error


async def test_where_there_is_no_flux_that_is_said() -> None:
    api = Api()
    api.serves(*KUBERNETES_KINDS)
    api.holds(web())
    reply = await api.ask(TOOL)
    assert "Flux is not installed" in reply.text
    assert "Not managed by Flux: 1" in reply.lines


async def test_what_another_controller_made_is_counted_and_not_listed() -> None:
    cron = web("report", applied_by("apps"), CRON_JOB)
    reply = await ask(cron, web("report-1", applied_by("apps"), JOB, owner=cron), web("report-2", kind=JOB, owner=cron))
    assert ": 1 of 1 " in reply.lines[0]
    assert "Left out, created by another controller: 2 by a CronJob" in reply.lines
    assert "Not managed by Flux: 0" in reply.lines


async def test_workloads_on_another_cluster_are_counted() -> None:
    there = {"kubeConfig": {"secretRef": {"name": "prod"}}}
    ids = ("apps_a_apps_Deployment", "apps_b_apps_StatefulSet", "apps_c__Service", "other_d_apps_DaemonSet")
    remote = applier("remote", *ids, spec=there)
    old = applier("old", kind="HelmRelease", unknown=True, spec=there, status={"history": [{"chartVersion": "1.0.0"}]})
    never = applier("never", unknown=True, spec=there)
    reply = await ask(remote, old, never)
    assert (
        "Workloads on other clusters, not read: HelmRelease flux-system/old applies an unknown number, "
        "Kustomization flux-system/remote applies 3" in reply.lines
    )
    assert "Missing" not in reply.text
    assert "Kustomization flux-system/remote applies 2" in (await ask(remote, namespace="apps")).text
    assert "other clusters" not in (await ask(remote, name_contains="x")).text


async def test_what_an_inventory_names_and_is_not_there_is_said() -> None:
    held = applier("apps", WEB, "apps_gone_apps_Deployment", "apps_gone__Service", "apps_once_batch_Job")
    objects = (web(labels=applied_by("apps")), held)
    told = "Missing, though in an inventory: Deployment apps/gone (Kustomization flux-system/apps)"
    assert told in (await ask(*objects)).lines
    for arguments in ({"namespace": "other"}, {"kinds": ["Job"]}, {"name_contains": "web"}, {"image_contains": "web"}):
        assert "Missing" not in (await ask(*objects, **arguments)).text
    api = Api()
    api.holds(*objects)
    api.forbids("deployments.apps")
    assert "Missing" not in (await api.ask(TOOL)).text


async def test_workloads_are_counted_by_kind_and_status() -> None:
    names = ("a", "b", "c")
    objects = [web(name, applied_by("apps")) for name in names]
    objects.append(web("d", applied_by("apps"), status={"readyReplicas": 0}))
    cron = thing(CRON_JOB, "report", "apps", labels=applied_by("apps"), spec={"schedule": "@daily", "suspend": True})
    reply = await ask(*objects, cron, applier(unknown=True))
    assert reply.lines[1] == "CronJob: 1 not running; Deployment: 1 not ready, 3 ready"


async def test_what_is_in_trouble_keeps_its_images_where_others_lose_them() -> None:
    names = [f"web-{n:03}" for n in range(200)]
    broken = [web(name, applied_by("apps"), status={"readyReplicas": 0}) for name in names[:2]]
    calm = [web(name, applied_by("apps")) for name in names[2:]]
    reply = await ask(*broken, *calm, applier("apps", *(f"apps_{name}_apps_Deployment" for name in names)))
    assert reply.lines[3:9] == [
        "Kustomization flux-system/apps",
        "  Deployment apps/web-000: 0 of 1 ready",
        "    main: ghcr.io/acme/web:1",
        "  Deployment apps/web-001: 0 of 1 ready",
        "    main: ghcr.io/acme/web:1",
        "  Deployment apps/web-002: 1 of 1 ready",
    ]
    assert reply.text.count("ghcr.io") == 2
    assert last(reply).startswith("… images of workloads without trouble are left out")


async def test_very_many_without_trouble_are_counted() -> None:
    names = [f"web-{n}" for n in range(900)]
    broken = [web(name, applied_by("apps"), status={"readyReplicas": 0}) for name in names[:1]]
    calm = [web(name, applied_by("apps")) for name in names[1:]]
    reply = await ask(*broken, *calm, applier("apps", *(f"apps_{name}_apps_Deployment" for name in names)))
    assert reply.lines[3:7] == [
        "Kustomization flux-system/apps",
        "  Deployment apps/web-0: 0 of 1 ready",
        "    main: ghcr.io/acme/web:1",
        "  others: 899 ready",
    ]


async def test_trouble_comes_first_within_an_owner_and_among_owners() -> None:
    broken = {"replicas": 1, "readyReplicas": 0}
    names = ("a", "b", "c")
    reply = await ask(
        web("a", applied_by("apps")),
        web("c", applied_by("apps"), status=broken),
        web("b", applied_by("calm")),
        applier("apps", *(f"apps_{name}_apps_Deployment" for name in names)),
        applier("calm", "apps_b_apps_Deployment"),
    )
    assert [line.split(":")[0].strip() for line in reply.lines[3:] if not line.startswith("    ")] == [
        "Kustomization flux-system/apps",
        "Deployment apps/c",
        "Deployment apps/a",
        "Kustomization flux-system/calm and Kustomization flux-system/apps (by its inventory, without a label)",
        "Deployment apps/b",
    ]


async def test_appliers_that_apply_each_other_in_a_circle_are_all_shown() -> None:
    names, above = "abcd", {"a": "b", "b": "a", "c": "c", "d": "a"}
    reply = await ask(
        *(web(name, applied_by(name)) for name in names),
        *(applier(name, metadata={"labels": applied_by(above[name])}, unknown=True) for name in names),
    )
    owner = "Kustomization flux-system/{} (by label, as it has no inventory"
    assert [line for line in reply.lines if line.startswith("Kustomization")] == [
        f"{owner.format('c')})",
        *(f"{owner.format(name)}, applied by Kustomization flux-system/{above[name]})" for name in ("b", "d", "a")),
    ]


def test_nothing_is_grouped_where_nothing_is_managed() -> None:
    assert group((), Graph(()), frozenset()) == ()


# Anything


KEYS = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "template",
        "containers",
        "initContainers",
        "image",
        "name",
        "namespace",
        "labels",
        "annotations",
        "replicas",
        "readyReplicas",
        "conditions",
        "type",
        "reason",
        "message",
        "ownerReferences",
        "controller",
        "kind",
        "jobTemplate",
        "schedule",
        "suspend",
        "completions",
        "active",
        "lastScheduleTime",
        "generation",
        "observedGeneration",
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "inventory",
        "entries",
        "id",
        "kubeConfig",
        "deletionTimestamp",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["apps", "True", WEB, READY["lastTransitionTime"]]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
OBJECTS = st.lists(
    st.tuples(
        st.sampled_from([DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB, by_kind["Kustomization"]]),
        st.dictionaries(KEYS, JSON, max_size=5),
    ),
    max_size=8,
)


@given(OBJECTS, st.none() | st.integers(1, 3))
def test_arbitrary_objects_never_raise_and_stay_in_bounds(objects: list, limit: int | None) -> None:
    async def run() -> Reply:
        api = Api()
        named = []
        for number, (kind, node) in enumerate(objects):
            metadata = node.get("metadata") if isinstance(node.get("metadata"), dict) else {}
            metadata = {**metadata, "name": f"x{number}", "namespace": "apps"}
            named.append({**node, "apiVersion": f"{kind.group}/v1", "kind": kind.kind, "metadata": metadata})
        api.holds(*named)
        return await api.ask(TOOL, **({"limit": limit} if limit else {}))

    reply = anyio.run(run)
    assert not reply.is_error
    assert len(reply.text.encode()) <= (60_000 if limit else 12_000)


@pytest.mark.parametrize(("count", "containers"), [(30, 30), (400, 1), (3000, 2)])
@pytest.mark.parametrize("ready", [0, 1])
@pytest.mark.parametrize("limit", [None, 500])
async def test_many_workloads_stay_in_bounds_and_all_are_told_of(
    count: int, containers: int, ready: int, limit: int | None
) -> None:
    held = [f"apps_web-{n}_apps_Deployment" for n in range(count)]
    objects = [web(f"web-{n}", applied_by(f"apps-{n % 7}"), status={"readyReplicas": ready}) for n in range(count)]
    for one in objects:
        pod = [{"name": f"c{n}", "image": f"ghcr.io/acme/{'long-' * 20}{n}:1"} for n in range(containers)]
        one["spec"]["template"]["spec"]["containers"] = pod
    owners = [applier(f"apps-{n}", *held[n::7]) for n in range(7)]
    reply = await ask(*objects, *owners, **({"limit": limit} if limit else {}))
    assert len(reply.text.encode()) <= (60_000 if limit else 12_000)
    shown = int(re.match(rf"{TOOL}: (\d+) of {count} ", reply.lines[0]).group(1))  # type: ignore[union-attr]
    folded = sum(
        map(int, re.findall(r"^  (?:others: )?(?:\d+ not ready, )?(\d+) (?:not )?ready$", reply.text, re.MULTILINE))
    )
    left = sum(map(int, re.findall(r"^… (\d+) more", reply.text, re.MULTILINE)))
    assert shown + folded + left == count
    assert shown + folded > 3
    whole = reply.text.count("ghcr.io/acme/") == count * min(containers, 12)
    assert whole or left or "… images of workloads" in reply.text
    assert json.dumps(reply.text)
