"""A large fleet, made up and never stored: Flux objects of all sizes, their controllers in two shards, their workloads.

The same objects are served over HTTP to a real kubectl, in chunks as it asks for them, and held in memory for tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT, KUBERNETES_KINDS, POD
from flux_mcp.kubectl.base import Output
from tests.support.api import Api, applied_by, thing
from tests.support.http_api import HttpApi, Response, http_api
from tests.support.items import READY, item

MOMENT: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NAMESPACES: Final = 20
SHARDS: Final = ("shard1", "shard2")
FAILING: Final = 33
"""One of so many Kustomizations fails: three of a hundred."""
CAUSES: Final = (
    (
        "BuildFailed",
        "kustomize build failed: accumulating resources: accumulation err='base-{}' must resolve to a file",
    ),
    ("ArtifactFailed", "artifact path not found: stat /tmp/build/apps-{}: no such file or directory"),
    ("ReconciliationFailed", "ConfigMap/team-{}/settings dry-run failed (Forbidden): configmaps is forbidden"),
    ("ReconciliationFailed", "Deployment/team-{}/web dry-run failed (Invalid): spec.replicas: Invalid value: -1"),
    ("ReconciliationFailed", "Service/team-{}/web dry-run failed (Invalid): spec.ports: Required value"),
    ("DependencyNotReady", "dependency 'flux-system/missing-{}' is not ready"),
    ("PostBuildFailed", "post build failed for 'app': variable substitution failed: variable not set: REGION"),
    ("PruneFailed", "prune failed: Namespace/team-{} cannot be deleted: admission webhook denied the request"),
    ("ReconciliationFailed", "CustomResourceDefinition/widgets.example.com not found: no matches for kind Widget"),
    ("ReconciliationFailed", "namespaces 'team-{}' not found: create it before its objects"),
)
"""Ten ways to fail: a reason and a message, which differs in numbers alone."""
_REVISION: Final = "refs/heads/main@sha1:b649360b9b36ab734e2dbd2d69762648a835a73c"
_MADE: Final = ("ConfigMap", "Service", "ServiceAccount", "Secret", "PersistentVolumeClaim")
_CHUNK: Final = 500


def entries(random: Random) -> int:
    """How many objects an inventory names: 5 to 500, half of them more than 30."""
    return min(500, max(5, round(random.lognormvariate(3.4, 0.7))))


def _metadata(number: int) -> dict[str, Any]:
    return {
        "labels": {**applied_by("flux-system"), "sharding.fluxcd.io/key": SHARDS[number % 2]},
        "finalizers": ["finalizers.fluxcd.io"],
        "resourceVersion": str(100_000 + number),
        "uid": f"e23bce9b-4d6c-4187-a065-{number:012d}",
        "generation": 3,
    }


def _history(status: str) -> list[dict[str, Any]]:
    return [
        {
            "digest": f"sha256:{number:x}" + 63 * "a",
            "firstReconciled": "2026-11-20T09:15:40Z",
            "lastReconciled": f"2026-11-22T09:2{5 - number}:49Z",
            "lastReconciledDuration": "399.931231ms",
            "lastReconciledStatus": status if number == 0 else "ReconciliationSucceeded",
            "metadata": {"revision": _REVISION},
            "totalReconciliations": 2 + number,
        }
        for number in range(5)
    ]


def kustomization(number: int, random: Random) -> dict[str, Any]:
    """An applier of a source, with an inventory and a history; it may depend on the one before, and it may fail."""
    namespace, name = f"team-{number % NAMESPACES}", f"app-{number}"
    ids = [f"{namespace}_{name}_apps_Deployment"]
    ids += [f"{namespace}_{name}-{at}__{_MADE[at % len(_MADE)]}" for at in range(1, entries(random))]
    failed = number % FAILING == 1
    reason, message = CAUSES[number // FAILING % len(CAUSES)] if failed else (READY["reason"], READY["message"])
    ready = {**READY, "observedGeneration": 3, "reason": reason, "message": message.format(number % NAMESPACES)}
    return item(
        name=name,
        namespace=namespace,
        metadata=_metadata(number),
        spec={
            "path": f"./apps/{name}",
            "prune": True,
            "retryInterval": "2m",
            "timeout": "5m",
            "targetNamespace": namespace,
            "sourceRef": {"kind": "GitRepository", "name": f"fleet-{number % 50}", "namespace": "flux-system"},
            "postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "cluster-settings"}]},
            **({"dependsOn": [{"name": f"app-{number - NAMESPACES}"}]} if number % 5 == 0 and number >= 100 else {}),
        },
        status={
            "conditions": [{**ready, "status": "False" if failed else "True"}],
            "observedGeneration": 3,
            "inventory": {"entries": [{"id": one, "v": "v1"} for one in ids]},
            "history": _history(reason),
            "lastAppliedRevision": _REVISION,
            "lastAttemptedRevision": _REVISION,
        },
    )


def helm_release(number: int, random: Random) -> dict[str, Any]:
    """A release of a chart from an OCIRepository."""
    namespace, name = f"team-{number % NAMESPACES}", f"release-{number}"
    ids = [f"{namespace}_{name}-{at}__{_MADE[at % len(_MADE)]}" for at in range(entries(random))]
    snapshot = {"chartName": "podinfo", "chartVersion": "6.9.1", "name": name, "namespace": namespace, "version": 3}
    return item(
        "HelmRelease",
        name,
        namespace,
        metadata=_metadata(number),
        spec={
            "chartRef": {"kind": "OCIRepository", "name": f"chart-{number % 20}", "namespace": "flux-system"},
            "driftDetection": {"mode": "enabled"},
            "upgrade": {"remediation": {"retries": 3}},
            "install": {"remediation": {"retries": 3}},
            "values": {"replicaCount": 2, "ingress": {"enabled": True, "hosts": [f"{name}.example.com"]}},
        },
        status={
            "observedGeneration": 3,
            "inventory": {"entries": [{"id": one, "v": "v1"} for one in ids]},
            "history": [{**snapshot, "status": "deployed", "digest": "sha256:" + 64 * "b"}],
            "lastAttemptedRevision": "6.9.1",
        },
    )


def source(kind: str, name: str) -> dict[str, Any]:
    artifact = {"revision": _REVISION, "digest": "sha256:" + 64 * "c", "lastUpdateTime": "2026-11-22T09:15:40Z"}
    spec = {"url": f"{'oci' if kind == 'OCIRepository' else 'https'}://example.com/{name}", "ref": {"branch": "main"}}
    return item(kind, name, spec=spec, status={"artifact": artifact})


def _workload(namespace: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    made = thing(DEPLOYMENT, name, namespace, labels=labels)
    container: dict[str, Any] = {
        "name": "web",
        "image": f"ghcr.io/example/{name}:1.2.3",
        "imagePullPolicy": "IfNotPresent",
    }
    container |= {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}}
    made["metadata"] |= {"generation": 1, "creationTimestamp": "2026-11-01T09:15:39Z"}
    made["spec"] = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
    }
    counts = dict.fromkeys(("availableReplicas", "readyReplicas", "replicas", "updatedReplicas"), 1)
    conditions = [
        {**READY, "type": kind, "reason": "MinimumReplicasAvailable"} for kind in ("Available", "Progressing")
    ]
    made["status"] = {**counts, "observedGeneration": 1, "conditions": conditions}
    return made


def _controllers() -> Iterator[dict[str, Any]]:
    shards = [f"{name}-{shard}" for name in ("kustomize-controller", "helm-controller") for shard in SHARDS]
    for name in ("source-controller", "notification-controller", "kustomize-controller", "helm-controller", *shards):
        labels = {"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/version": "v2.9.4"}
        labels |= {"app.kubernetes.io/component": name, "app": name}
        deployment = _workload("flux-system", name, labels)
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        key = next((shard for shard in SHARDS if name.endswith(shard)), "")
        selector = f"sharding.fluxcd.io/key={key}" if key else "!sharding.fluxcd.io/key"
        container["args"] = [f"--watch-label-selector={selector}", "--concurrent=20"]
        container["image"] = f"ghcr.io/fluxcd/{name.partition('-shard')[0]}:v1.9.4"
        yield deployment
        pod = thing(POD, f"{name}-64ccfc798d-abcde", "flux-system", labels=labels, spec={"containers": [container]})
        pod["metadata"]["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-64ccfc798d", "uid": "", "controller": True}
        ]
        state = {"name": "web", "ready": True, "restartCount": 0, "image": container["image"], "imageID": ""}
        pod["status"] = {"phase": "Running", "conditions": [READY], "containerStatuses": [state]}
        yield pod


def _crds() -> Iterator[dict[str, Any]]:
    for kind in FLUX_KINDS:
        made = thing(CRD, kind.resource, labels={"app.kubernetes.io/part-of": "flux"})
        names = {"kind": kind.kind, "plural": kind.plural}
        version = {"name": "v1", "served": True, "storage": True}
        made["spec"] = {"group": kind.group, "names": names, "scope": "Namespaced", "versions": [version]}
        made["status"] = {"storedVersions": ["v1"], "conditions": [{**READY, "type": "Established"}]}
        yield made


def fleet(size: int) -> list[dict[str, Any]]:
    """All objects of a fleet with so many Flux objects: the same ones each time."""
    random = Random(size)
    sources = [source("GitRepository", f"fleet-{number}") for number in range(50)]
    sources += [source("OCIRepository", f"chart-{number}") for number in range(20)]
    left = size - len(sources)
    releases = [helm_release(number, random) for number in range(left // 10)]
    appliers = [kustomization(number, random) for number in range(left - len(releases))]
    workloads = []
    for one in appliers:
        name, namespace = one["metadata"]["name"], one["metadata"]["namespace"]
        workloads.append(_workload(namespace, name, applied_by(name, namespace)))
    return [*sources, *appliers, *releases, *workloads, *_controllers(), *_crds()]


class FleetApi(Api):
    """The fleet in memory. What a command printed once is kept, so that only the first call takes time to print it.

    Attributes:
        printed: the bytes of all answers to `get` since the counter was set to 0.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.printed = 0
        self._kept: dict[tuple[str, ...], Output] = {}
        self.holds(*fleet(size))

    def moment(self, context: str | None) -> datetime:
        """The moment that the fleet was made for, in every context."""
        del context
        return MOMENT

    def _get(self, args: tuple[str, ...]) -> Output:
        if args not in self._kept:
            self._kept[args] = super()._get(args)
        self.printed += len(self._kept[args].stdout)
        return self._kept[args]

    def _held(self, resource: str) -> dict[tuple[str, str], dict[str, Any]]:
        selector = next(word for word in self.calls[-1] if word.startswith("--selector=")).removeprefix("--selector=")
        key, _, label = selector.partition("=")
        held = super()._held(resource)
        if not key:
            return held
        return {at: one for at, one in held.items() if one["metadata"].get("labels", {}).get(key) == label}


class _Fleet:
    """Answers lists in chunks that were made before; filtered lists and single objects are left to the server."""

    def __init__(self, api: HttpApi, objects: list[dict[str, Any]]) -> None:
        self._chunks: dict[str, list[bytes]] = {}
        known = {(kind.kind, kind.group): kind for kind in (*FLUX_KINDS, *KUBERNETES_KINDS)}
        for kind in known.values():
            api.serves(kind)
            found = [
                one for one in objects if (one["kind"], one["apiVersion"].rpartition("/")[0]) == (kind.kind, kind.group)
            ]
            api.holds(kind, *found)
            pieces = [found[at : at + _CHUNK] for at in range(0, len(found), _CHUNK)] or [[]]
            version = f"{kind.group}/v1" if kind.group else "v1"
            head = {"kind": f"{kind.kind}List", "apiVersion": version}
            self._chunks[f"{version}/{kind.plural}"] = [
                orjson.dumps(head | {"metadata": {"continue": str(at)} if at < len(pieces) else {}, "items": piece})
                for at, piece in enumerate(pieces, 1)
            ]

    def answer(self, _method: str, path: str, query: dict[str, list[str]]) -> Response | None:
        chunks = self._chunks.get(path.removeprefix("/apis/").removeprefix("/api/"))
        if chunks is None or "labelSelector" in query or "fieldSelector" in query:
            return None
        return 200, chunks[int(query.get("continue", ["0"])[0])]


@contextmanager
def served(folder: Path, size: int) -> Iterator[Path]:
    """Serve a fleet of this size while the context lasts; the kubeconfig to use."""
    with http_api(folder) as api:
        api.answer = _Fleet(api, fleet(size)).answer
        yield api.kubeconfig
