"""Recordings of the ways in which Flux is installed, made from what their manifests and charts write.

Sources: the manifests of `flux install` (Pods have no label of Flux before 2.7), the Helm charts of the community
(https://github.com/fluxcd-community/helm-charts) and of Flux Operator, and https://github.com/stefanprodan/flux-aio.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.kubernetes_kinds import KUBERNETES_KINDS
from tests.support.items import READY

Item = dict[str, Any]
NOW: Final = "2026-11-27T12:00:00Z"
PART_OF: Final = "app.kubernetes.io/part-of"
VERSION: Final = "app.kubernetes.io/version"
OPERATOR_GROUP: Final = "fluxcd.controlplane.io"
TAGS: Final = {
    "2.4": {"source": "v1.4.1", "kustomize": "v1.4.0", "helm": "v1.1.0", "notification": "v1.4.0"},
    "2.6": {"source": "v1.6.2", "kustomize": "v1.6.1", "helm": "v1.3.0", "notification": "v1.6.0"},
    "2.7": {"source": "v1.7.4", "kustomize": "v1.7.3", "helm": "v1.4.5", "notification": "v1.7.5"},
    "2.8": {"source": "v1.8.0", "kustomize": "v1.8.1", "helm": "v1.5.1", "notification": "v1.8.0"},
    "2.9": {"source": "v1.9.4", "kustomize": "v1.9.4", "helm": "v1.6.3", "notification": "v1.9.3"},
    "2.10": {"source": "v1.10.1", "kustomize": "v1.10.1", "helm": "v1.7.3", "notification": "v1.10.0"},
}
"""The minor version of Flux → the tags of its controllers, by the release notes."""


def _labels(version: str, **more: str) -> dict[str, str]:
    return {PART_OF: "flux", VERSION: version, **more}


def _deployment(
    name: str, namespace: str, labels: Mapping[str, str], containers: list[Item], replicas: int = 1
) -> Item:
    ready = {"readyReplicas": replicas, "availableReplicas": replicas} if replicas else {}
    available = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "lastTransitionTime": NOW}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels), "generation": 1},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            **ready,
            "conditions": [available],
        },
    }


def _pod(deployment: Item, labels: Mapping[str, str], restarts: int = 0, ended: str = "") -> Item:
    meta = deployment["metadata"]
    last = {"terminated": {"reason": ended, "exitCode": 137, "finishedAt": "2026-11-27T10:00:00Z"}} if ended else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{meta['name']}-6f9c8d5b77-x7k2p",
            "namespace": meta["namespace"],
            "labels": {"app": meta["name"], **labels},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{meta['name']}-6f9c8d5b77", "controller": True}],
        },
        "spec": {"containers": deployment["spec"]["template"]["spec"]["containers"]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {"name": one["name"], "ready": True, "restartCount": restarts if last else 0, "state": {"running": {}}, "lastState": last}
                for one in deployment["spec"]["template"]["spec"]["containers"]
            ],
        },
    }  # fmt: skip


def _controllers(
    minor: str,
    labels: Mapping[str, str],
    namespace: str = "flux-system",
    *,
    suffix: str = "",
    replicas: int = 1,
    args: Iterable[str] = (),
    labeled_pods: bool = True,
    registry: str = "ghcr.io/fluxcd",
) -> Iterator[Item]:
    for name, tag in TAGS[minor].items():
        container = {
            "name": "manager",
            "image": f"{registry}/{name}-controller:{tag}",
            "args": ["--log-level=info", *args],
        }
        made = _deployment(f"{name}-controller{suffix}", namespace, labels, [container], replicas)
        yield made
        if replicas:
            yield _pod(made, {PART_OF: "flux"} if labeled_pods else {})


def _crds(labels: Mapping[str, str], *, operator: bool = False) -> Iterator[Item]:
    of_operator = {
        VERSION: "v0.62.1",
        "app.kubernetes.io/name": "flux-operator",
        "app.kubernetes.io/managed-by": "Helm",
    }
    # As kubectl lists them: those of the operator stand among the others, by name.
    for kind in sorted(FLUX_KINDS, key=lambda kind: kind.resource):
        if operator or kind.group != OPERATOR_GROUP:
            yield {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": kind.resource, "labels": of_operator if kind.group == OPERATOR_GROUP else dict(labels)},
                "spec": {"versions": [{"name": "v1", "served": True, "storage": True}]},
                "status": {"storedVersions": ["v1"]},
            }  # fmt: skip


def _sync(namespace: str = "flux-system", name: str = "", *, labels: Mapping[str, str] | None = None) -> Iterator[Item]:
    name = name or namespace
    meta = {"name": name, "namespace": namespace, "generation": 1, "creationTimestamp": "2026-11-01T00:00:00Z"}
    revision = "main@sha1:0f1c2d3e4a5b6c7d8e9f00112233445566778899"
    condition = {
        **READY,
        "message": f"Applied revision: {revision}",
        "observedGeneration": 1,
        "lastTransitionTime": NOW,
    }
    yield {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {**meta, "labels": dict(labels or {})},
        "spec": {"url": "https://git.example.com/acme/fleet", "interval": "1m", "ref": {"branch": "main"}},
        "status": {"observedGeneration": 1, "conditions": [condition], "artifact": {"revision": revision}},
    }
    yield {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {**meta, "labels": dict(labels or {})},
        "spec": {
            "interval": "10m", "path": "./clusters/prod", "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": name},
        },
        "status": {
            "observedGeneration": 1, "conditions": [condition],
            "lastAppliedRevision": revision, "lastAttemptedRevision": revision,
        },
    }  # fmt: skip


def _operator(chart: bool) -> Iterator[Item]:
    labels = {"app.kubernetes.io/name": "flux-operator", VERSION: "v0.62.1"}
    labels |= {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "flux-operator-0.62.1"} if chart else {}
    container = {"name": "manager", "image": "ghcr.io/controlplaneio-fluxcd/flux-operator:v0.62.1", "args": []}
    made = _deployment("flux-operator", "flux-system", labels, [container])
    yield made
    yield _pod(made, {"app.kubernetes.io/name": "flux-operator"})


def _instance() -> Item:
    return {
        "apiVersion": "fluxcd.controlplane.io/v1",
        "kind": "FluxInstance",
        "metadata": {"name": "flux", "namespace": "flux-system", "creationTimestamp": "2026-11-01T00:00:00Z"},
        "spec": {"distribution": {"version": "2.x", "registry": "ghcr.io/fluxcd"}},
        "status": {"conditions": [{**READY, "lastTransitionTime": NOW}]},
    }


BOOTSTRAP: Final = {
    "kustomize.toolkit.fluxcd.io/name": "flux-system",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}
MANAGED: Final = {"fluxcd.controlplane.io/name": "flux", "fluxcd.controlplane.io/namespace": "flux-system"}
HELM: Final = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "flux2-2.16.4"}
SHARDS: Final = ("shard1", "shard2", "shard3")


def _plain(minor: str, patch: str, namespace: str = "flux-system", *, labeled_pods: bool = True) -> Iterator[Item]:
    labels = _labels(f"v{minor}.{patch}")
    yield from _crds(labels)
    yield from _controllers(minor, labels, namespace, labeled_pods=labeled_pods)
    yield from _sync(namespace)


def _by_operator(*, chart: bool) -> Iterator[Item]:
    labels = _labels("v2.9.4", **MANAGED)
    yield from (*_crds(labels, operator=True), *_controllers("2.9", labels), *_sync(), *_operator(chart), _instance())


def _bootstrap() -> Iterator[Item]:
    labels = _labels("v2.9.4", **BOOTSTRAP)
    yield from (*_crds(labels), *_controllers("2.9", labels), *_sync())


def _community_chart() -> Iterator[Item]:
    labels = _labels("2.6.4", **HELM)
    yield from _crds(_labels("2.6.4"))
    found = list(_controllers("2.6", labels, labeled_pods=False))
    for item in found:
        if item["metadata"]["name"].startswith("kustomize-controller-"):
            item["status"]["containerStatuses"][0] |= {
                "restartCount": 21,
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
            }
    yield from found
    yield from _sync()


def _aio() -> Iterator[Item]:
    labels = _labels("v2.7.5", **{"app.kubernetes.io/managed-by": "timoni", "app.kubernetes.io/name": "flux"})
    yield from _crds(labels)
    containers = [
        {"name": f"{name}-controller", "image": f"ghcr.io/fluxcd/{name}-controller:{tag}", "args": []}
        for name, tag in TAGS["2.7"].items()
    ]
    made = _deployment("flux", "flux-system", labels, containers)
    yield from (made, _pod(made, {}, restarts=9, ended="OOMKilled"), *_sync())


def _two() -> Iterator[Item]:
    yield from _crds(_labels("v2.9.4"))
    for namespace, minor, patch in (("flux-a", "2.9", "4"), ("flux-b", "2.7", "5")):
        alone = ["--watch-all-namespaces=false"]
        yield from _controllers(minor, _labels(f"v{minor}.{patch}"), namespace, args=alone)
        yield from _sync(namespace)


def _shards() -> Iterator[Item]:
    labels = _labels("v2.9.4")
    yield from _crds(labels)
    yield from _controllers("2.9", labels, args=["--watch-label-selector=!sharding.fluxcd.io/key"])
    for shard in SHARDS:
        selector = f"--watch-label-selector=sharding.fluxcd.io/key={shard}"
        yield from _controllers("2.9", labels, suffix=f"-{shard}", args=[selector], replicas=int(shard != "shard2"))
        yield from _sync(name=f"team-{shard}", labels={"sharding.fluxcd.io/key": shard})
    yield from _sync()


def _scaled() -> Iterator[Item]:
    labels = _labels("v2.9.4")
    yield from (*_crds(labels), *_controllers("2.9", labels, replicas=0), *_sync())


def _operator_alone() -> Iterator[Item]:
    yield from (*_crds(_labels("v2.2.0"), operator=True), *_operator(chart=True))


def _vendor() -> Iterator[Item]:
    """AKS labels Flux with the version of its own extension."""
    labels = _labels("1.19.5", **HELM | {"helm.sh/chart": "microsoft.flux-1.19.5"})
    yield from _crds({PART_OF: "flux"})
    yield from _controllers("2.6", labels, labeled_pods=False, registry="mcr.microsoft.com/oss/fluxcd")
    yield from _sync()


INSTALLATIONS: Final[Mapping[str, Callable[[], Iterable[Item]]]] = {
    "flux bootstrap": _bootstrap,
    "flux install": lambda: _plain("2.9", "4"),
    "Flux Operator by manifest": lambda: _by_operator(chart=False),
    "Flux Operator by Helm chart": lambda: _by_operator(chart=True),
    "community Helm chart": _community_chart,
    "vendor's chart with a version of its own": _vendor,
    "flux-aio": _aio,
    "two installations": _two,
    "three shards, one scaled to zero": _shards,
    "a namespace other than flux-system": lambda: _plain("2.9", "4", "gitops"),
    "controllers scaled to zero": _scaled,
    "operator without instance": _operator_alone,
    "only CRDs": lambda: _crds(_labels("v2.9.4")),
    "Flux 2.4": lambda: _plain("2.4", "0", labeled_pods=False),
    "Flux 2.6": lambda: _plain("2.6", "4", labeled_pods=False),
    "Flux 2.8": lambda: _plain("2.8", "3"),
    "Flux 2.10": lambda: _plain("2.10", "0"),
}


def write_installation(name: str, folder: Path) -> Path:
    """Write the recording of an installation; kinds of the operator are served where it is installed."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in INSTALLATIONS[name]():
        kind = by_kind.get(item["kind"]) or next(kind for kind in KUBERNETES_KINDS if kind.kind == item["kind"])
        found[kind.resource].append(item)
    served = [item["metadata"]["name"] for item in found["customresourcedefinitions.apiextensions.k8s.io"]]
    for resource in (*served, *(kind.resource for kind in KUBERNETES_KINDS)):
        (folder / f"{resource}.json").write_text(
            json.dumps({"kind": "List", "apiVersion": "v1", "items": found[resource]})
        )
    versions = {"clientVersion": {"gitVersion": "v1.36.1"}, "serverVersion": {"gitVersion": "v1.36.1"}}
    (folder / "version.json").write_text(json.dumps(versions))
    (folder / "recording.json").write_text(json.dumps({"recordedAt": NOW}))
    return folder
