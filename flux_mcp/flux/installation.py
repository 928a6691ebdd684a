"""How Flux is installed: told from its CRDs, its controllers and, where there is one, Flux Operator's objects.

Source: our knowledge file, section 4.1. The CRD of GitRepository carries the distribution's version and, by its labels,
who installed it; controllers are found by label in whatever namespace they run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from flux_mcp.api.flux_kinds import component_of
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, labels, number, text
from flux_mcp.kubernetes.pods import Pod
from flux_mcp.kubernetes.workloads import Workload

CONTROLLERS: Final = "app.kubernetes.io/part-of=flux"
"""The label selector of Flux's controllers and their pods."""
VERSION_LABEL: Final = "app.kubernetes.io/version"
_OPERATOR_LABEL: Final = "fluxcd.controlplane.io/name"
_BOOTSTRAP_LABEL: Final = "kustomize.toolkit.fluxcd.io/name"

_TELLING_ARGS: Final = frozenset(
    {
        "concurrent",
        "default-decryption-service-account",
        "default-kubeconfig-service-account",
        "default-service-account",
        "feature-gates",
        "insecure-kubeconfig-exec",
        "insecure-kubeconfig-tls",
        "interval-jitter-percentage",
        "no-cross-namespace-refs",
        "no-remote-bases",
        "oom-watch-memory-threshold",
        "override-manager",
        "requeue-dependency",
        "watch-label-selector",
    }
)
"""The arguments that change what controllers do. No other argument is shown: a command line may carry anything."""


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
    """Which Flux, and who installed it. Empty where it is not told.

    Attributes:
        installed_by: flux-operator, bootstrap, or another way.
        wanted: the version or range that FluxInstance asks for.
        operator: the version of Flux Operator.
        sync_name: the name of the source and the Kustomization that the instance syncs from.
    """

    version: str = ""
    installed_by: str = ""
    wanted: str = ""
    variant: str = ""
    registry: str = ""
    entitlement: str = ""
    operator: str = ""
    platform: str = ""
    nodes: int = 0
    sync_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One controller's Deployment.

    Attributes:
        restarts: of its pods; None where they could not be read.
        last_ends: why containers of its pods ended the last time.
        failure: reason and message of the condition that says why it has no pods, or is not available.
        args: the arguments that change behaviour.
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

    @property
    def component(self) -> str:
        """Which controller it is: `kustomize-controller` of `kustomize-controller-shard1`."""
        return component_of(self.ref.name)

    @property
    def down(self) -> bool:
        """Whether nothing of it is ready: one of two replicas that is ready does all the work."""
        return self.ready == 0

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


def told_by(item: Mapping[str, Any]) -> Distribution | None:
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


def distribution(told: Iterable[Distribution], crds: Iterable[Crd], deployments: Iterable[Workload]) -> Distribution:
    """What all sources tell together: the labels of CRDs and controllers are what runs, so they win over a report."""
    known: dict[str, Any] = {}
    for part in told:
        known |= {field.name: value for field in fields(part) if (value := getattr(part, field.name))}
    labelled = [*(crd.labels for crd in crds), *(deployment.labels for deployment in deployments)]
    versions = [found[VERSION_LABEL] for found in labelled if VERSION_LABEL in found]
    if versions:
        known["version"] = versions[0]
    known["installed_by"] = _installer(labelled)
    return Distribution(**known)


def _installer(labelled: Sequence[Mapping[str, str]]) -> str:
    if not labelled:
        return ""
    if any(_OPERATOR_LABEL in found for found in labelled):
        return "flux-operator"
    if any(_BOOTSTRAP_LABEL in found for found in labelled):
        return "flux bootstrap"
    return "flux install or a Helm chart"


def down_controllers(found: Sequence[Controller]) -> dict[str, ObjectRef]:
    """The components of which nothing is ready anywhere, and the Deployment that should run each.

    A Deployment of the same name in another namespace takes no controller's place, and brings none down.
    """
    up = {one.component for one in found if not one.down}
    return {one.component: one.ref for one in found if one.down and one.component not in up}


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


def _controller(deployment: Workload, pods: Sequence[Pod] | None) -> Controller:
    # A pod's owner is the ReplicaSet, which is called as the Deployment and a hash.
    own = [
        pod
        for pod in pods or ()
        if pod.ref.namespace == deployment.ref.namespace
        and any(name.rpartition("-")[0] == deployment.ref.name for _, name in pod.owners)
    ]
    container = next((one for one in deployment.containers if not one.init), None)
    ends = (state.last_reason for pod in own for state in pod.containers if state.last_reason)
    return Controller(
        ref=deployment.ref,
        ready=deployment.ready,
        wanted=deployment.wanted,
        image=container.image if container is not None else "",
        version=deployment.labels.get(VERSION_LABEL, ""),
        restarts=None if pods is None else sum(pod.restarts for pod in own),
        last_ends=tuple(dict.fromkeys(ends)),
        failure=_failure(deployment),
        args=tuple(_telling(container.args if container is not None else ())),
    )


def _failure(deployment: Workload) -> tuple[str, str] | None:
    if deployment.ready >= deployment.wanted > 0:
        return None
    failed = deployment.condition("ReplicaFailure")
    if failed is not None and failed.status == "True":
        return failed.reason, failed.message
    for kind in ("Progressing", "Available"):
        condition = deployment.condition(kind)
        if condition is not None and condition.status == "False":
            return condition.reason, condition.message
    return None


def _telling(args: Iterable[str]) -> Iterator[str]:
    for arg in args:
        name = arg.lstrip("-").partition("=")[0]
        watches_one = name == "watch-all-namespaces" and not arg.endswith("=true")
        if name in _TELLING_ARGS or watches_one:
            yield arg
