"""A large fleet, made up and never stored: Flux objects of all sizes, their controllers in two shards, their workloads.

The same objects are served over HTTP to a real kubectl, in chunks as it asks for them, and held in memory for tests.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import CRD, DEPLOYMENT, KUBERNETES_KINDS, POD, REPLICA_SET
from flux_mcp.kubectl.base import Output
from flux_mcp.kubectl.command import Command
from tests.support.api import Api, applied_by, thing
from tests.support.http_api import HttpApi, Response, http_api, write_kubeconfig
from tests.support.items import READY, item

MOMENT: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NAMESPACES: Final = 20
SOURCES: Final = 5
"""GitRepositories: what asks of each Kustomization about all others of its source takes time."""
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
DIFFERING: Final = 50
"""In the other fleet, one of so many Kustomizations applies another path."""
CONTEXTS: Final = ("test", "other")
LOG: Final = b"2026-11-22T09:27:06Z\tinfo\treconciled\n"


def entries(random: Random) -> int:
    """How many objects an inventory names: 5 to 500, half of them more than 30."""
    return min(500, max(5, round(random.lognormvariate(3.4, 0.7))))


def _managed_fields(controller: str) -> list[dict[str, Any]]:
    """Who owns which fields: the applier those of spec, the controller those of status. kubectl prints them if asked."""
    fields = ("interval", "path", "prune", "retryInterval", "sourceRef", "targetNamespace", "timeout", "postBuild")
    status = ("conditions", "inventory", "history", "lastAppliedRevision", "lastAttemptedRevision")
    label: dict[str, Any] = {f"f:kustomize.toolkit.fluxcd.io/{field}": {} for field in ("name", "namespace")}
    applied = {"f:metadata": {"f:labels": label}, "f:spec": {f"f:{field}": {} for field in fields}}
    common = {"apiVersion": "v1", "fieldsType": "FieldsV1", "time": "2026-11-20T09:15:39Z"}
    return [
        {**common, "manager": "kustomize-controller", "operation": "Apply", "fieldsV1": applied},
        {
            **common,
            "manager": f"gotk-{controller}",
            "operation": "Update",
            "subresource": "status",
            "fieldsV1": {"f:status": {f"f:{field}": {} for field in status}},
        },
    ]


def _metadata(number: int, controller: str = "kustomize-controller") -> dict[str, Any]:
    return {
        "managedFields": _managed_fields(controller),
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
            "sourceRef": {"kind": "GitRepository", "name": f"fleet-{number % SOURCES}", "namespace": "flux-system"},
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
        metadata=_metadata(number, "helm-controller"),
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


def _replica_set(deployment: dict[str, Any]) -> dict[str, Any]:
    meta = deployment["metadata"]
    made = thing(REPLICA_SET, f"{meta['name']}-64ccfc798d", meta["namespace"], owner=deployment)
    made["metadata"] |= {"creationTimestamp": "2026-11-20T09:15:39Z"}
    made["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    made["spec"] = {"replicas": 1, "template": deployment["spec"]["template"]}
    return made


def _event(about: dict[str, Any]) -> dict[str, Any]:
    """What the controller reports of the last run of an object."""
    meta, ready = about["metadata"], about["status"]["conditions"][0]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{meta['name']}.187a5d6f00c2a1b3",
            "namespace": meta["namespace"],
            "annotations": {"kustomize.toolkit.fluxcd.io/revision": _REVISION},
        },
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
        },
        "type": "Normal" if ready["status"] == "True" else "Warning",
        "reason": ready["reason"],
        "message": ready["message"],
        "source": {"component": "kustomize-controller"},
        "reportingComponent": "kustomize-controller",
        "firstTimestamp": "2026-11-22T09:15:49Z",
        "lastTimestamp": "2026-11-22T09:25:49Z",
        "count": 3,
    }


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


def fleet(size: int, *, other: bool = False) -> list[dict[str, Any]]:
    """All objects of a fleet with so many Flux objects: the same ones each time.

    Args:
        size: how many.
        other: a second cluster with the same objects, of which some differ.
    """
    random = Random(size)
    sources = [source("GitRepository", f"fleet-{number}") for number in range(SOURCES)]
    sources += [source("OCIRepository", f"chart-{number}") for number in range(20)]
    left = size - len(sources)
    releases = [helm_release(number, random) for number in range(left // 10)]
    appliers = [kustomization(number, random) for number in range(left - len(releases))]
    for one in appliers[::DIFFERING] if other else ():
        one["spec"]["path"] += "-next"
    workloads = []
    for one in appliers:
        name, namespace = one["metadata"]["name"], one["metadata"]["namespace"]
        workloads.append(_workload(namespace, name, applied_by(name, namespace)))
    events = [_event(one) for number, one in enumerate(appliers) if number % FAILING in {1, 2}]
    replica_sets = map(_replica_set, workloads)
    return [*sources, *appliers, *releases, *workloads, *replica_sets, *events, *_controllers(), *_crds()]


class FleetApi(Api):
    """Two fleets in memory, in the contexts dev and prod.

    What a command printed once is kept, so that only the first call takes time to print it.

    Attributes:
        printed: the bytes of all answers to `get` since the counter was set to 0.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.printed = 0
        self._kept: dict[tuple[str | None, tuple[str, ...]], Output] = {}
        self._context: str | None = None
        self.holds(*fleet(size, other=True))
        self._other, self._objects = self._objects, defaultdict(dict)
        self.holds(*fleet(size))

    def moment(self, context: str | None) -> datetime:
        """The moment that the fleet was made for, in every context."""
        del context
        return MOMENT

    async def run(self, command: Command, context: str | None = None) -> Output:
        """What kubectl would print of the fleet of this context."""
        self._context = context
        return await super().run(command, context)

    def _get(self, args: tuple[str, ...]) -> Output:
        key = self._context, args
        if key not in self._kept:
            self._kept[key] = super()._get(args)
        self.printed += len(self._kept[key].stdout)
        return self._kept[key]

    def _held(self, resource: str) -> dict[tuple[str, str], dict[str, Any]]:
        flags = dict(word.split("=", 1) for word in self.calls[-1] if word.startswith("--") and "=" in word)
        key, _, label = flags["--selector"].partition("=")
        held = self._other[resource] if self._context == "prod" else super()._held(resource)
        if flags["--show-managed-fields"] == "false":
            held = {at: {**one, "metadata": _without_managed_fields(one["metadata"])} for at, one in held.items()}
        if not key:
            return held
        return {at: one for at, one in held.items() if one["metadata"].get("labels", {}).get(key) == label}


def _without_managed_fields(metadata: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in metadata.items() if field != "managedFields"}


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
        if path.endswith("/log"):
            return 200, 100 * LOG
        chunks = self._chunks.get(path.removeprefix("/apis/").removeprefix("/api/"))
        if chunks is None or "labelSelector" in query or "fieldSelector" in query:
            return None
        return 200, chunks[int(query.get("continue", ["0"])[0])]


@contextmanager
def served(folder: Path, size: int) -> Iterator[Path]:
    """Serve a fleet of this size and another one while the context lasts; a kubeconfig with a context for each."""
    addresses = {}
    with ExitStack() as stack:
        for context in CONTEXTS:
            place = folder / context
            place.mkdir()
            api = stack.enter_context(http_api(place))
            api.answer = _Fleet(api, fleet(size, other=context == "other")).answer
            addresses[context] = api.address
        write_kubeconfig(folder / "kubeconfig", **addresses)
        yield folder / "kubeconfig"
