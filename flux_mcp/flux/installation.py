"""How Flux is installed: from its CRDs, its controllers and, where there is one, Flux Operator's objects.

Sources: https://fluxcd.io/flux/installation/, and the labels that the manifests of Flux, the Helm charts of Flux and of
Flux Operator, and flux-aio set. CRDs and Deployments have the version of the distribution as a label, which a vendor
may fill with a version of its own: it counts where the images of the controllers agree. Controllers are found by label
in whatever namespace they run.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from flux_mcp.api.flux_kinds import component_of
from flux_mcp.api.kubernetes_kinds import DEPLOYMENT
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, labels, number, text
from flux_mcp.flux.versions import minor, release_of, version_text
from flux_mcp.kubernetes.pods import Pod, PodContainer
from flux_mcp.kubernetes.workloads import Workload

CONTROLLERS: Final = "app.kubernetes.io/part-of=flux"
"""The label selector of Flux's controllers and their pods."""
OPERATOR: Final = "app.kubernetes.io/name=flux-operator"
"""The label selector of Flux Operator, which has no label of Flux."""
ALL_IN_ONE: Final = "flux"
"""The component of a Deployment that runs every controller, each in a container of its name."""
VERSION_LABEL: Final = "app.kubernetes.io/version"
_OPERATOR_LABEL: Final = "fluxcd.controlplane.io/name"
_BOOTSTRAP_LABEL: Final = "kustomize.toolkit.fluxcd.io/name"
_CHART_LABEL: Final = "helm.sh/chart"
_MANAGER_LABEL: Final = "app.kubernetes.io/managed-by"
_MANAGERS: Final = {"Helm": "a Helm chart", "timoni": "Timoni (flux-aio)"}
OPERATOR_GROUP: Final = "fluxcd.controlplane.io"

_TELLING_ARGS: Final = frozenset(
    {
        "artifact-digest-algo",
        "artifact-retention-records",
        "artifact-retention-ttl",
        "concurrent",
        "custom-apply-stage-kinds",
        "default-decryption-service-account",
        "default-kubeconfig-service-account",
        "default-service-account",
        "disallowed-field-managers",
        "feature-gates",
        "helm-cache-max-size",
        "helm-cache-ttl",
        "helm-chart-file-max-size",
        "helm-chart-max-size",
        "helm-index-max-size",
        "http-retry",
        "insecure-kubeconfig-exec",
        "insecure-kubeconfig-tls",
        "interval-jitter-percentage",
        "kube-api-burst",
        "kube-api-qps",
        "max-retry-delay",
        "min-retry-delay",
        "no-cross-namespace-refs",
        "no-remote-bases",
        "oom-watch-memory-threshold",
        "override-manager",
        "override-manager-before-dry-run",
        "rate-limit-interval",
        "requeue-dependency",
        "snapshot-digest-algo",
        "sops-age-secret",
        "watch-configs-label-selector",
        "watch-label-selector",
    }
)
"""The arguments that change what controllers do, with their values."""
_PLAIN_ARGS: Final = re.compile(
    r"(?:log|leader-election|storage|health|metrics|events|graceful|pprof)-.*|enable-leader-election|helm-cache-purge-interval"
    r"|watch-all-namespaces|receiver.*|export-http-path-metrics|token-cache-max-size|reporting-interval"
)
"""Arguments of logging, ports and the like. Of any other the name alone is shown: its value may be anything."""
_ARG: Final = re.compile(r"--?([a-z][a-z0-9-]{1,60})(?:=|$)")


@dataclass(frozen=True, slots=True)
class Crd:
    """A CustomResourceDefinition without its schemas.

    Attributes:
        served: versions that the API server serves.
        deprecated: those of them that are marked so.
        stored: versions in which objects may stand in etcd.
    """

    ref: ObjectRef
    labels: Mapping[str, str]
    served: tuple[str, ...]
    deprecated: tuple[str, ...]
    storage: str
    stored: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Which Flux, and who installed it. Empty where it is not known.

    Attributes:
        version: of what runs; `2.6` where only the images of the controllers say so.
        crds: the version that the CRDs have as a label.
        installed_by: flux-operator, flux bootstrap, a Helm chart or another way.
        wanted: the version or range that FluxInstance asks for.
        operator: the version of Flux Operator.
        sync_name: the name of the source and the Kustomization that the instance syncs from.
    """

    version: str = ""
    crds: str = ""
    installed_by: str = ""
    wanted: str = ""
    variant: str = ""
    registry: str = ""
    entitlement: str = ""
    operator: str = ""
    platform: str = ""
    nodes: int = 0
    sync_name: str = ""


@dataclass(frozen=True, slots=True)
class ContainerState:
    """A container of a controller that restarted or waits.

    Attributes:
        waiting: the reason why it waits now, such as CrashLoopBackOff; empty where it runs.
        last_reason: why it ended the last time.
    """

    name: str
    restarts: int
    waiting: str
    last_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One controller's Deployment.

    Attributes:
        containers: the component that each container runs, and its image; several in an all-in-one Deployment.
        since: when it was available for the last time; None where it is available, or not known.
        states: of its containers that do not run or restarted, why.
        other_args: names of arguments of which it is not known what they change.
        restarts: of its pods; None where they could not be read.
        last_ends: why containers of its pods ended the last time.
        failure: reason and message of the condition that says why it has no pods, or is not available.
        args: the arguments that change behavior.
    """

    ref: ObjectRef
    ready: int
    wanted: int
    image: str
    version: str
    restarts: int | None
    last_ends: tuple[str, ...]
    failure: tuple[str, str] | None
    args: tuple[str, ...]
    containers: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None
    states: tuple["ContainerState", ...] = ()
    other_args: tuple[str, ...] = ()

    @property
    def component(self) -> str:
        """Which controller it is: `kustomize-controller` of `kustomize-controller-shard1`."""
        return component_of(self.ref.name)

    @property
    def release(self) -> tuple[int, int] | None:
        """The minor version of Flux that its images belong to; None where they are not known, or of several."""
        known = {found for component, image in self.containers if (found := release_of(component, image)) is not None}
        return known.pop() if len(known) == 1 else None

    def runs(self, component: str) -> bool:
        """Whether it runs this controller, alone or among others."""
        return self.component in {component, ALL_IN_ONE}

    @property
    def down(self) -> bool:
        """Whether nothing of it is ready: one of two replicas that is ready does all the work."""
        return self.ready == 0

    @property
    def stuck(self) -> bool:
        """Whether enough of it is ready, and a new version of it does not become ready."""
        return self.ready >= self.wanted > 0 and self.failure is not None

    @property
    def up(self) -> bool:
        """Whether all that is wanted of it runs, and anything is: one that is scaled to nothing does no work."""
        return self.ready >= self.wanted > 0


def view_crd(item: Mapping[str, Any]) -> Crd | None:
    """The view of a CRD; None without a name."""
    name = text(item, "metadata", "name")
    if not name:
        return None
    versions = items(item, "spec", "versions")
    return Crd(
        ref=ObjectRef("CustomResourceDefinition", "", name),
        labels=labels(item, "metadata", "labels"),
        served=tuple(text(version, "name") for version in versions if at(version, "served") is True),
        deprecated=tuple(text(version, "name") for version in versions if at(version, "deprecated") is True),
        storage=next((text(version, "name") for version in versions if at(version, "storage") is True), ""),
        stored=tuple(version for version in items(item, "status", "storedVersions") if isinstance(version, str)),
    )


def reported_distribution(item: Mapping[str, Any]) -> Distribution | None:
    """What a FluxInstance or a FluxReport tells of the distribution; None for other kinds."""
    spec = at(item, "spec")
    match text(item, "kind"):
        case "FluxInstance":
            name = text(spec, "sync", "name") or text(item, "metadata", "namespace")
            return Distribution(
                wanted=text(spec, "distribution", "version"),
                variant=text(spec, "distribution", "variant"),
                registry=text(spec, "distribution", "registry"),
                sync_name=name if at(spec, "sync") is not None else "",
            )
        case "FluxReport":
            return Distribution(
                version=text(spec, "distribution", "version"),
                entitlement=text(spec, "distribution", "entitlement"),
                operator=text(spec, "operator", "version"),
                platform=text(spec, "cluster", "platform"),
                nodes=number(spec, "cluster", "nodes"),
            )
        case _:
            return None


def distribution(
    reported: Iterable[Distribution], crds: Iterable[Crd], deployments: Iterable[Workload], namespace: str | None = None
) -> Distribution:
    """What all sources say together: what runs wins over what the operator reports.

    Args:
        reported: by the operator's objects.
        crds: of Flux and of the operator, whose version is another one.
        deployments: those with the label of Flux.
        namespace: of one installation where there are several; None for the only one.
    """
    known: dict[str, Any] = {}
    for part in reported:
        known |= {field.name: value for field in fields(part) if (value := getattr(part, field.name))}
    running = [one for one in deployments if namespace in {None, one.ref.namespace}]
    of_crds = [crd.labels for crd in crds if not crd.ref.name.endswith(f".{OPERATOR_GROUP}")]
    labeled = [*(one.labels for one in running), *of_crds]
    known["crds"] = _most(_versions(of_crds))
    known["version"] = _version(running, known["crds"]) or known.get("version", "")
    known["installed_by"] = _installer(labeled)
    return Distribution(**known)


def _versions(labeled: Iterable[Mapping[str, str]]) -> list[str]:
    return [found[VERSION_LABEL] for found in labeled if found.get(VERSION_LABEL)]


def _most(versions: Sequence[str]) -> str:
    """The most frequent one, the first of several."""
    return Counter(versions).most_common(1)[0][0] if versions else ""


def _version(running: Sequence[Workload], of_crds: str) -> str:
    """The version that most labels agree on, unless the images are of another release."""
    releases = [
        found for one in running for component, image in _containers(one) if (found := release_of(component, image))
    ]
    labeled = _most([*_versions(one.labels for one in running), *([of_crds] if of_crds else [])])
    if not releases or (labeled and minor(labeled) in releases):
        return labeled
    return version_text(Counter(releases).most_common(1)[0][0])


def _installer(labeled: Sequence[Mapping[str, str]]) -> str:
    if not labeled:
        return ""
    if any(_OPERATOR_LABEL in found for found in labeled):
        return "flux-operator"
    if chart := next((found[_CHART_LABEL] for found in labeled if found.get(_CHART_LABEL)), ""):
        return f"Helm chart {chart}"
    if known := next((one for found in labeled if (one := _MANAGERS.get(found.get(_MANAGER_LABEL, "")))), ""):
        return known
    if any(_BOOTSTRAP_LABEL in found for found in labeled):
        return "flux bootstrap"
    return "flux install or other manifests"


def controllers(deployments: Iterable[Workload], pods: Sequence[Pod] | None) -> tuple[Controller, ...]:
    """The controllers by namespace and name.

    Whoever may create a Deployment may give it Flux's label: only those with the name of a controller count, in the
    namespace that has most of them, and where another one has half as many.

    Args:
        deployments: those with the label of Flux.
        pods: theirs; None if they could not be read.
    """
    labeled = tuple(deployments)
    components: dict[str, set[str]] = {}
    for one in labeled:
        if component := component_of(one.ref.name):
            components.setdefault(one.ref.namespace, set()).add(component)
    most = max(map(len, components.values()), default=0)
    own = [one for one in labeled if component_of(one.ref.name) and 2 * len(components[one.ref.namespace]) >= most]
    return tuple(_controller(one, pods) for one in sorted(own, key=lambda one: one.ref))


def operators(deployments: Iterable[Workload], pods: Sequence[Pod] | None) -> tuple[Controller, ...]:
    """The Deployments of Flux Operator, by their label."""
    own = (
        one for one in deployments if one.ref.kind == DEPLOYMENT.kind and OPERATOR in map("=".join, one.labels.items())
    )
    return tuple(_controller(one, pods) for one in sorted(own, key=lambda one: one.ref))


def _containers(deployment: Workload) -> tuple[tuple[str, str], ...]:
    """The component that each container runs, and its image."""
    component = component_of(deployment.ref.name)
    return tuple(
        (component_of(one.name) if component == ALL_IN_ONE else component, one.image)
        for one in deployment.containers
        if not one.init
    )


def owned(deployment: ObjectRef, pods: Iterable[Pod]) -> list[Pod]:
    """The Pods of a Deployment. Their owner is a ReplicaSet, which is named as the Deployment and a hash."""
    return [
        pod
        for pod in pods
        if pod.ref.namespace == deployment.namespace
        and any(name.rpartition("-")[0] == deployment.name for _, name in pod.owners)
    ]


def _controller(deployment: Workload, pods: Sequence[Pod] | None) -> Controller:
    own = owned(deployment.ref, pods or ())
    containers = [one for one in deployment.containers if not one.init]
    args = list(dict.fromkeys(arg for one in containers for arg in one.args))
    failure = _failure(deployment, own)
    # A Pod that is ready and was not found has no label of Flux; one that could not be created did not restart.
    unknown = pods is None or (not own and deployment.wanted > 0 and (failure is None or failure[0] != "FailedCreate"))
    states = [_state(container) for pod in own for container in pod.containers if not container.init]
    available = deployment.condition("Available")
    return Controller(
        ref=deployment.ref,
        ready=deployment.ready,
        wanted=deployment.wanted,
        image=containers[0].image if containers else "",
        version=deployment.labels.get(VERSION_LABEL, ""),
        restarts=None if unknown else sum(pod.restarts for pod in own),
        last_ends=tuple(dict.fromkeys(one.last_reason for one in states if one.last_reason)),
        failure=failure,
        args=tuple(behavior_args(args)),
        containers=_containers(deployment),
        since=available.changed if available is not None and available.status == "False" else None,
        states=tuple(one for one in states if one.restarts or one.waiting),
        other_args=tuple(dict.fromkeys(_others(args))),
    )


def _state(container: PodContainer) -> ContainerState:
    return ContainerState(
        container.name,
        container.restarts,
        container.reason if container.state == "waiting" else "",
        container.last_reason,
    )


def _others(args: Iterable[str]) -> Iterator[str]:
    for arg in args:
        name = _ARG.match(arg)
        if name is not None and name[1] not in _TELLING_ARGS and not _PLAIN_ARGS.fullmatch(name[1]):
            yield name[1]


def _failure(deployment: Workload, pods: Iterable[Pod]) -> tuple[str, str] | None:
    """Why not all of its Pods are ready: that there are none, then what a Pod reports, then its own conditions."""
    progressing = deployment.condition("Progressing")
    stuck = progressing is not None and progressing.status == "False"
    if deployment.ready >= deployment.wanted > 0 and not stuck:
        return None
    failed = deployment.condition("ReplicaFailure")
    if failed is not None and failed.status == "True":
        return failed.reason, failed.message
    for pod in sorted(pods, key=lambda pod: pod.order):
        unscheduled = [one for one in pod.conditions if one.type == "PodScheduled" and one.status == "False"]
        if unscheduled or pod.reason:
            return (unscheduled[0].reason, unscheduled[0].message) if unscheduled else (pod.reason, pod.message)
    for kind in ("Progressing", "Available"):
        condition = deployment.condition(kind)
        if condition is not None and condition.status == "False":
            return condition.reason, condition.message
    return None


def is_part_of_flux(own_labels: Mapping[str, str]) -> bool:
    """Whether an object has the label of the controllers, which anybody may give to another."""
    key, _, wanted = CONTROLLERS.partition("=")
    return own_labels.get(key) == wanted


def behavior_args(args: Iterable[str]) -> Iterator[str]:
    """The arguments of a controller that change its behavior; no other is ever shown."""
    for arg in args:
        name = arg.lstrip("-").partition("=")[0]
        watches_one = name == "watch-all-namespaces" and arg.endswith("=false")
        if name in _TELLING_ARGS or watches_one:
            yield arg
