"""get_kubernetes_resources: what is said of each kind, what never is, and --flux-only."""

import json
import os
import re
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from typer.testing import CliRunner

from flux_mcp.api.kind import Kind
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import (
    CONFIG_MAP,
    CRD,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    JOB,
    NAMESPACE,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
)
from flux_mcp.cli import app
from flux_mcp.kubectl.connect import connect
from flux_mcp.render.columns import summary
from flux_mcp.sanitize.project import project
from flux_mcp.server import build
from flux_mcp.settings import Settings
from tests.conftest import Ask, Reply
from tests.support.api import INGRESS, OTHER_INGRESS, ROLLOUT, Api, thing
from tests.support.fake import FakeKubectl
from tests.support.items import item

pytestmark = pytest.mark.anyio

TOOL = "get_kubernetes_resources"
NODE = Kind(kind="Node", group="", plural="nodes", namespaced=False)
SCALER = Kind(kind="HorizontalPodAutoscaler", group="autoscaling", plural="horizontalpodautoscalers", short_names=("hpa",))  # fmt: skip
SECRET_TEXT = "s3cr3tS3CR3Tx9"


class Wide(Api):
    """An Api with more kinds."""

    kinds = (*Api.kinds, NODE, SCALER)


@pytest.fixture
def api() -> Wide:
    return Wide()


def on(**more: Any) -> dict[str, Any]:
    return {"type": "Ready", "status": "True", **more}


POD_SPEC = {
    "nodeName": "node-1",
    "initContainers": [{"name": "init", "image": "busybox:1"}],
    "containers": [{"name": "main", "image": "ghcr.io/acme/web:1"}, {"name": "side", "image": "envoy:2"}],
}
CRASHING = {
    "phase": "Running",
    "conditions": [on(status="False")],
    "initContainerStatuses": [{"name": "init", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}],
    "containerStatuses": [
        {"name": "main", "ready": False, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
        {"name": "side", "ready": True, "state": {"running": {}}},
    ],
}
METRIC = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}
CURRENT = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 95}}}

# What kubectl's own columns and `kubectl describe` tell of each, by the API's documentation.
LINES: dict[str, tuple[dict[str, Any], str]] = {
    "pod": (thing(POD, "web", "apps", spec=POD_SPEC, status=CRASHING), "Pod apps/web: Running, 1 of 2 containers ready, 7 restarts, container main in CrashLoopBackOff, on node node-1"),
    "pod-evicted": (thing(POD, "web", "apps", status={"phase": "Failed", "reason": "Evicted"}), "Pod apps/web: Evicted, 0 of 0 containers ready"),
    "pod-unscheduled": (
        thing(POD, "web", "apps", status={"phase": "Pending", "conditions": [on(type="PodScheduled", status="False", reason="Unschedulable")]}),
        "Pod apps/web: Pending, 0 of 0 containers ready, not scheduled: Unschedulable",
    ),
    "deployment": (
        thing(DEPLOYMENT, "web", "apps", spec={"replicas": 2, "template": {"spec": POD_SPEC}}, status={"readyReplicas": 1, "updatedReplicas": 2}),
        "Deployment apps/web: 1 of 2 ready, images busybox:1 ghcr.io/acme/web:1 envoy:2",
    ),
    "stateful-set": (thing(STATEFUL_SET, "db", "apps", status={"readyReplicas": 1}), "StatefulSet apps/db: 1 of 1 ready"),
    "daemon-set": (thing(DAEMON_SET, "agent", "apps", status={"desiredNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 3}), "DaemonSet apps/agent: 2 of 3 ready"),
    "replica-set": (thing(REPLICA_SET, "web-1", "apps", spec={"replicas": 0}), "ReplicaSet apps/web-1: scaled to zero"),
    "job": (thing(JOB, "once", "apps", status={"succeeded": 1, "conditions": [on(type="Complete")]}), "Job apps/once: 1 of 1 completions, complete"),
    "cron-job": (thing(CRON_JOB, "often", "apps", spec={"schedule": "@daily", "suspend": True}), 'CronJob apps/often: schedule "@daily", suspended, never ran'),
    "service": (
        thing(SERVICE, "web", "apps", spec={"type": "NodePort", "clusterIP": "10.0.0.1", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http", "nodePort": 30080}, {"port": 53, "protocol": "UDP", "targetPort": 53}]}),
        "Service apps/web: NodePort, cluster IP 10.0.0.1, ports 80:30080/TCP 53/UDP, target ports http 53, selector app=web",
    ),
    "service-without-address": (
        thing(SERVICE, "web", "apps", spec={"type": "LoadBalancer", "clusterIP": "10.0.0.1", "ports": [{"port": 80}]}),
        "Service apps/web: LoadBalancer, cluster IP 10.0.0.1, no address yet, ports 80/TCP, no selector",
    ),
    "service-with-address": (
        thing(SERVICE, "web", "apps", spec={"type": "LoadBalancer", "selector": {"a": "b"}}, status={"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}),
        "Service apps/web: LoadBalancer, address lb.example.com, selector a=b",
    ),
    "service-external": (thing(SERVICE, "db", "apps", spec={"type": "ExternalName", "externalName": "db.example.com"}), "Service apps/db: ExternalName, external name db.example.com"),
    "ingress": (
        thing(INGRESS, "web", "apps", spec={"ingressClassName": "nginx", "rules": [{"host": "a.example.com", "http": {"paths": [{"backend": {"service": {"name": "web"}}}]}}], "tls": [{"hosts": ["a.example.com"]}]}, status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
        "Ingress apps/web: class nginx, hosts a.example.com, to Service web, TLS for a.example.com, address 192.0.2.1",
    ),
    "ingress-without-address": (thing(INGRESS, "web", "apps", spec={"defaultBackend": {"service": {"name": "web"}}}), "Ingress apps/web: to Service web, no address yet"),
    "autoscaler": (
        thing(SCALER, "web", "apps", spec={"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 10, "metrics": [METRIC]}, status={"currentReplicas": 3, "desiredReplicas": 4, "currentMetrics": [CURRENT], "conditions": [on(type="ScalingLimited", reason="TooManyReplicas")]}),
        "HorizontalPodAutoscaler apps/web: scales Deployment web, 3 replicas, 4 desired, minimum 2, maximum 10, cpu 95% (target 80%), scaling limited (TooManyReplicas)",
    ),
    "autoscaler-blind": (
        thing(SCALER, "web", "apps", spec={"maxReplicas": 10, "metrics": [METRIC]}, status={"conditions": [on(type="ScalingActive", status="False", reason="FailedGetResourceMetric")]}),
        "HorizontalPodAutoscaler apps/web: 0 replicas, 0 desired, minimum 1, maximum 10, cpu unknown (target 80%), ScalingActive=False (FailedGetResourceMetric)",
    ),
    "claim": (
        thing(PERSISTENT_VOLUME_CLAIM, "data", "apps", spec={"storageClassName": "fast", "accessModes": ["ReadWriteOnce"], "volumeName": "pv-1", "resources": {"requests": {"storage": "20Gi"}}}, status={"phase": "Bound", "capacity": {"storage": "10Gi"}}),
        "PersistentVolumeClaim apps/data: Bound, capacity 10Gi, requested 20Gi, storage class fast, access modes ReadWriteOnce, volume pv-1",
    ),
    "node": (
        thing(NODE, "n1", labels={"node-role.kubernetes.io/worker": ""}, spec={"unschedulable": True, "taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}, status={"conditions": [on(), {"type": "DiskPressure", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.34.4"}, "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"}}),
        "Node n1: Ready, cordoned, DiskPressure, taints gpu=yes:NoSchedule, roles worker, kubelet v1.34.4, allocatable cpu 4, allocatable memory 16Gi, allocatable pods 110",
    ),
    "node-down": (thing(NODE, "n1", status={"conditions": [on(status="Unknown", reason="NodeStatusUnknown")]}), "Node n1: not Ready, NodeStatusUnknown"),
    "namespace": (thing(NAMESPACE, "apps", status={"phase": "Terminating"}), "Namespace apps: Terminating"),
    "config-map": (
        {**thing(CONFIG_MAP, "env", "apps"), "data": {"password": SECRET_TEXT, "a": "b"}, "binaryData": {"c": "eA=="}, "immutable": True},
        "ConfigMap apps/env: keys password a c, immutable true",
    ),
    "event": (
        {**thing(EVENT, "web.1", "apps"), "type": "Warning", "reason": "BackOff", "message": "back-off restarting", "count": 4, "involvedObject": {"kind": "Pod", "name": "web", "namespace": "apps"}},
        'Event apps/web.1: Warning, BackOff, 4 times, about Pod apps/web: "back-off restarting"',
    ),
    "crd": (
        thing(CRD, "x.example.com", spec={"names": {"kind": "X"}, "scope": "Cluster", "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {}}}, {"name": "v1beta1", "served": True, "deprecated": True}]}, status={"storedVersions": ["v1beta1", "v1"]}),
        "CustomResourceDefinition x.example.com: kind X, scope Cluster, serves v1 v1beta1, deprecated v1beta1, storage version v1, stored versions v1beta1 v1",
    ),
    "unknown": (
        thing(ROLLOUT, "web", "apps", status={"phase": SECRET_TEXT, "conditions": [on(type="Available", status="False", reason="TooFew"), on(type="Paused")]}),
        "Rollout apps/web: Available=False (TooFew), Paused=True",
    ),
    "deleting": (
        {**thing(CONFIG_MAP, "x", "apps"), "metadata": {"name": "x", "namespace": "apps", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]}},
        "ConfigMap apps/x: no keys, being deleted, finalizers a/b",
    ),
}  # fmt: skip


def kind_of(one: dict[str, Any]) -> str:
    kind = next(k for k in Wide.kinds if (k.kind, k.group) == (one["kind"], one["apiVersion"].rpartition("/")[0]))
    return kind.resource


@pytest.mark.parametrize("name", LINES)
async def test_a_line_tells_what_an_operator_looks_for(api: Wide, name: str) -> None:
    one, line = LINES[name]
    api.holds(one)
    reply = await api.ask(TOOL, kind=kind_of(one))
    assert line in reply.lines
    assert ": 1 of 1 " in reply.lines[0]


@pytest.mark.parametrize("name", LINES)
def test_a_recording_tells_the_same(name: str) -> None:
    one, _ = LINES[name]
    assert summary(project(one)) == summary(one)


@pytest.mark.parametrize("name", LINES)
async def test_one_object_by_name_begins_with_the_same_line(api: Wide, name: str) -> None:
    one, line = LINES[name]
    api.holds(one)
    reply = await api.ask(TOOL, kind=kind_of(one), name=one["metadata"]["name"])
    assert reply.lines[1] == line
    assert SECRET_TEXT not in reply.text


async def test_one_object_is_told_in_detail(api: Wide) -> None:
    pod_spec = {
        **POD_SPEC,
        "containers": [
            {
                **POD_SPEC["containers"][0],  # type: ignore[dict-item]
                "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
                "command": ["sh", "-c", SECRET_TEXT],
                "args": [f"--token={SECRET_TEXT}"],
                "env": [{"name": "MOTD", "value": SECRET_TEXT}],
            }
        ],
        "volumes": [{"name": "x", "hostPath": {"path": SECRET_TEXT}}],
    }
    owner = thing(DEPLOYMENT, "web", "apps")
    one = thing(
        REPLICA_SET,
        "web-1",
        "apps",
        owner=owner,
        labels={"app": "web"},
        spec={"replicas": 1, "template": {"spec": pod_spec}},
    )
    one["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/prune": "disabled", "motd": SECRET_TEXT}
    one["status"] = {
        "conditions": [on(type="ReplicaFailure", reason="FailedCreate", message=f"quota exceeded {SECRET_TEXT}")]
    }
    api.holds(one)
    reply = await api.ask(TOOL, kind="rs", name="web-1", namespace="apps")
    assert reply.lines[2:] == [
        "labels: app=web",
        "annotations: kustomize.toolkit.fluxcd.io/prune=disabled",
        "owned by Deployment web (its controller)",
        'condition ReplicaFailure True, FailedCreate: "quota exceeded ***"',
        "init container init: image busybox:1",
        "container main: image ghcr.io/acme/web:1, requests cpu 100m, limits memory 1Gi",
        "spec:",
        "  replicas: 1",
    ]


async def test_a_pod_tells_of_its_containers(api: Wide) -> None:
    api.holds(thing(POD, "web", "apps", spec={**POD_SPEC, "dnsPolicy": "x", "volumes": []}, status=CRASHING))
    reply = await api.ask(TOOL, kind="po", name="web")
    assert "init container init: not ready, terminated Completed exit code 0, image busybox:1" in reply.lines
    assert "container main: not ready, waiting CrashLoopBackOff, 7 restarts, image ghcr.io/acme/web:1" in reply.lines
    assert "container side: ready, running, image envoy:2" in reply.lines
    assert "  set, but not shown: dnsPolicy" in reply.lines


async def test_a_kind_that_is_not_known_shows_the_paths_of_its_keys(api: Wide) -> None:
    spec = {"strategy": {"canary": {"steps": [{"setWeight": 5}]}}, "token": SECRET_TEXT, "paused": True}
    api.holds(*(thing(ROLLOUT, name, "apps", spec=spec) for name in "abc"))
    told = "Fields set in spec, values not shown: strategy.canary.steps.setWeight, token, paused"
    assert told in (await api.ask(TOOL, kind="ro")).lines
    api.holds({**thing(ROLLOUT, "d", "apps", spec=spec), "rules": [{"verbs": [SECRET_TEXT]}]})
    reply = await api.ask(TOOL, kind="Rollout", name="d")
    assert reply.lines[2:] == [
        "spec:",
        "  paused: true",
        "  strategy: not shown, with keys canary.steps.setWeight",
        "  token: not shown",
        "object:",
        "  rules: not shown, with keys verbs",
    ]


async def test_a_flux_kind_is_told_by_its_verdict(ask_recording: Ask) -> None:
    reply = await ask_recording("staging", TOOL, kind="hr")
    assert ": 9 of 9 " in reply.lines[0]
    assert reply.lines[1].startswith("The flags source-failing and revision-behind are not checked here")
    assert reply.lines[2].startswith("HelmRelease apps/payments, Stalled, InstallFailed, ")
    one = await ask_recording("staging", TOOL, kind="Kustomization", name="apps", namespace="flux-system")
    assert "Kustomization flux-system/apps, Failing, HealthCheckFailed" in one.lines[1]
    assert "get_flux_resource" in one.lines[2]


async def test_trouble_comes_first_and_a_cut_is_said(api: Wide) -> None:
    for number in range(300):
        api.holds(thing(NAMESPACE, f"a-{number:03}", status={"phase": "Active"}))
    api.holds(thing(NAMESPACE, "z", status={"phase": "Terminating"}))
    reply = await api.ask(TOOL, kind="ns", limit=5)
    assert ": 5 of 301 " in reply.lines[0]
    assert reply.lines[1] == "Namespace z: Terminating"
    assert reply.lines[-1].startswith("… 296 more objects left out: ")
    whole = await api.ask(TOOL, kind="ns")
    shown, left = re.search(r": (\d+) of 301 ", whole.lines[0]), re.match(r"… (\d+) more", whole.lines[-1])
    assert shown is not None
    assert int(shown[1]) + (int(left[1]) if left else 0) == 301


async def test_an_empty_list_is_said(api: Wide) -> None:
    exists = "Namespace apps exists, and nothing that was requested is in it."
    assert (await api.ask(TOOL, kind="Pod", namespace="apps")).lines[1:] == [exists, "No object matches."]


REPEATS = {"pod", "deployment", "replica-set", "stateful-set", "daemon-set", "job", "cron-job", "unknown", "flux"}
"""Objects that hold hidden values whose messages may repeat one."""


@pytest.mark.parametrize("name", [*LINES, "flux"])
async def test_what_is_not_allowed_is_not_shown(api: Wide, name: str) -> None:
    """Wherever an object of any kind may hold a value that is nobody's business."""
    one = json.loads(json.dumps(LINES[name][0] if name in LINES else item("HelmRelease", name="web", namespace="apps")))
    container = {
        "name": "main",
        "env": [{"name": "MOTD", "value": SECRET_TEXT}],
        "args": [SECRET_TEXT],
        "command": [SECRET_TEXT],
    }
    one["metadata"] |= {"annotations": {"motd": SECRET_TEXT}, "managedFields": [{"motd": SECRET_TEXT}]}
    one["spec"] |= {"motd": SECRET_TEXT, "values": {"motd": SECRET_TEXT}, "containers": [container]}
    one["spec"] |= {
        "template": {"metadata": {"annotations": {"motd": SECRET_TEXT}}, "spec": {"containers": [container]}}
    }
    one["status"]["motd"] = SECRET_TEXT
    if name in REPEATS:
        one["status"].setdefault("conditions", []).append(on(type="Motd", message=f"it was {SECRET_TEXT} that failed"))
    one["motd"] = {"below": SECRET_TEXT}
    api.holds(one)
    for more in ({}, {"limit": 5}, {"name": one["metadata"]["name"]}):
        reply = await api.ask(TOOL, kind=kind_of(one), **more)
        assert not reply.is_error
        assert SECRET_TEXT not in reply.text


# Refusals


SECRETS = ("secret", "Secret", "SeCrEtS", "secrets", "secrets.", "secret/s", "secrets.v1.", "secrets,kustomizations", "all", "--raw=/api", "pods --all", "\uff53ecrets", "secrets\n", "sec\u200brets")  # fmt: skip


@pytest.mark.parametrize("kind", SECRETS)
async def test_row35_secrets_in_every_spelling_are_refused(fake: FakeKubectl, ask_fake: Ask, kind: str) -> None:
    fake.says("api-resources", "secrets v1 true Secret get,list\npods po v1 true Pod get,list\n")
    for more in ({}, {"name": "x"}, {"api_version": "v1"}, {"name": "x", "namespace": "apps"}):
        reply = await ask_fake(TOOL, kind=kind, **more)
        assert reply.is_error
        assert "secrets" not in json.dumps(fake.calls())
    assert fake.calls("get") == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"kind": "Pod", "name": "x", "selector": "a=b"}, '"selector"'),
        ({"kind": "Namespace", "namespace": "apps"}, '"namespace"'),
        ({"kind": "Pod", "name": "../x"}, '"name"'),
        ({"kind": "Pod", "name": "UPPER"}, '"name"'),
    ],
)
async def test_what_does_not_fit_together_is_refused(
    fake: FakeKubectl, ask_fake: Ask, arguments: dict, told: str
) -> None:
    reply = await ask_fake(TOOL, **arguments)
    assert reply.is_error
    assert told.strip('"') in reply.text
    assert fake.calls() == []


async def test_a_kind_of_several_groups_needs_one(api: Wide) -> None:
    api.holds(thing(INGRESS, "a", "apps"), thing(OTHER_INGRESS, "b", "apps"))
    reply = await api.ask(TOOL, kind="Ingress")
    assert reply.is_error
    assert "ingresses.networking.k8s.io, ingresses.traefik.io" in reply.text
    assert "Ingress apps/b" in (await api.ask(TOOL, kind="Ingress", api_version="traefik.io/v1")).text
    assert "Ingress apps/a" in (await api.ask(TOOL, kind="ingresses.networking.k8s.io")).text


async def test_what_could_not_be_read_is_an_error(api: Wide) -> None:
    api.holds(thing(POD, "a", "apps"))
    api.forbids("pods")
    for more in ({}, {"name": "a"}, {"namespace": "apps"}):
        assert (await api.ask(TOOL, kind="Pod", **more)).text.startswith("Forbidden: ")
    fresh = Wide()
    fresh.serves(DEPLOYMENT)
    assert "does not serve" in (await fresh.ask(TOOL, kind="Pod")).text


async def test_a_name_in_several_namespaces_needs_one(api: Wide) -> None:
    api.holds(thing(POD, "a", "apps"), thing(POD, "a", "web"))
    reply = await api.ask(TOOL, kind="Pod", name="a")
    assert reply.is_error
    assert "apps, web" in reply.text


async def test_one_kubectl_for_a_known_kind(fake: FakeKubectl, ask_fake: Ask) -> None:
    fake.serves("pods")
    await ask_fake(TOOL, kind="Pod")
    fake.forget()
    await ask_fake(TOOL, kind="Pod", selector="a=b", namespace="apps")
    (get,) = fake.calls()
    assert get[-1] == "pods.v1."
    assert {"--selector=a=b", "--namespace=apps"} <= set(get)


# Anything


KEYS = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "name",
        "namespace",
        "labels",
        "annotations",
        "ownerReferences",
        "controller",
        "kind",
        "conditions",
        "type",
        "reason",
        "message",
        "containers",
        "initContainers",
        "image",
        "resources",
        "requests",
        "limits",
        "containerStatuses",
        "state",
        "waiting",
        "ports",
        "port",
        "targetPort",
        "selector",
        "rules",
        "http",
        "paths",
        "backend",
        "service",
        "host",
        "tls",
        "hosts",
        "loadBalancer",
        "ingress",
        "metrics",
        "resource",
        "target",
        "currentMetrics",
        "data",
        "binaryData",
        "versions",
        "served",
        "storage",
        "names",
        "taints",
        "key",
        "allocatable",
        "capacity",
        "phase",
        "template",
        "involvedObject",
        "finalizers",
        "deletionTimestamp",
        "schedule",
        "scaleTargetRef",
        "storedVersions",
        "nodeInfo",
        "a",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["True", "False", "Ready"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
KINDS = [POD, SERVICE, INGRESS, SCALER, PERSISTENT_VOLUME_CLAIM, NODE, NAMESPACE, CONFIG_MAP, EVENT, CRD, DEPLOYMENT, CRON_JOB, JOB, ROLLOUT, by_kind["HelmRelease"]]  # fmt: skip


@given(st.sampled_from(KINDS), st.lists(st.dictionaries(KEYS, JSON, max_size=6), min_size=1, max_size=3), st.booleans())
def test_arbitrary_objects_never_raise_and_stay_in_bounds(kind: Kind, nodes: list[dict[str, Any]], by_name: bool) -> None:  # fmt: skip
    async def run() -> Reply:
        api = Wide()
        for number, node in enumerate(nodes):
            metadata = node.get("metadata") if isinstance(node.get("metadata"), dict) else {}
            place = {"namespace": "apps"} if kind.namespaced else {}
            base = {key: found for key, found in (metadata or {}).items() if key != "namespace"}
            metadata = {**base, "name": f"x{number}", **place}
            version = f"{kind.group}/v1" if kind.group else "v1"
            api.holds({**node, "apiVersion": version, "kind": kind.kind, "metadata": metadata})
        return await api.ask(TOOL, kind=kind.resource, **({"name": "x0"} if by_name else {}))

    reply = anyio.run(run)
    assert not reply.is_error
    assert len(reply.text.encode()) <= 12_000


@pytest.mark.parametrize("limit", [None, 500])
async def test_much_of_everything_stays_in_bounds(api: Wide, limit: int | None) -> None:
    labels = {f"example.com/label-{n}": "v" * 60 for n in range(300)}
    for number in range(600):
        api.holds(
            thing(SERVICE, f"web-{number}", "apps", labels=labels, spec={"type": "ClusterIP", "selector": labels})
        )
    api.holds({**thing(CONFIG_MAP, "big", "apps"), "data": {f"key-{n}-{'k' * 200}": "" for n in range(5000)}})
    more = {"limit": limit} if limit else {}
    listed = await api.ask(TOOL, kind="Service", **more)
    assert len(listed.text.encode()) <= (60_000 if limit else 12_000)
    assert listed.lines[-1].startswith("… ")
    for one in (
        await api.ask(TOOL, kind="cm", **more),
        await api.ask(TOOL, kind="svc", name="web-1"),
        await api.ask(TOOL, kind="cm", name="big"),
    ):
        assert len(one.text.encode()) <= 12_000
        assert len(one.lines) > 1


# --flux-only


LEFT_OUT = {TOOL, "get_kubernetes_logs"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_flux_only_lists_and_calls_neither_of_the_two(fake: FakeKubectl, mode: str) -> None:
    settings = Settings(kubectl=str(fake.path), flux_only=True)
    async with Client(build(connect(settings), settings), mode=mode) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        refused = [await client.call_tool(tool, {"kind": "Pod", "name": "x"}) for tool in sorted(LEFT_OUT)]
    plain = Settings(kubectl=str(fake.path))
    async with Client(build(connect(plain), plain), mode=mode) as client:
        everything = {tool.name for tool in (await client.list_tools()).tools}
    assert everything - listed == LEFT_OUT
    assert all(result.is_error for result in refused)
    assert fake.calls() == []


@pytest.mark.parametrize("tool", sorted(LEFT_OUT))
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_flux_only_is_a_flag_and_a_variable(fake: FakeKubectl, tool: str, how: str) -> None:
    flag = ["--flux-only"] if how == "flag" else []
    env = {**os.environ, **({} if flag else {"FLUX_MCP_FLUX_ONLY": "true"})}
    called = CliRunner(env=env).invoke(app, ["call", tool, "kind=Pod", "name=x", f"--kubectl={fake.path}", *flag])
    assert called.exit_code == 2
    assert f"{tool} is not available with --flux-only" in called.output
    listed = CliRunner(env=env).invoke(app, ["tools", *flag])
    assert listed.exit_code == 0
    assert tool not in listed.output
    assert "list_flux_workloads" in listed.output
    assert fake.calls() == []
