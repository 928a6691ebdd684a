"""The table of the Flux kinds. Adding a kind is one entry here.

Source: the CRDs and API documentation of Flux 2.6 to 2.9 and of Flux Operator 0.58 (our knowledge file, sections 1.1,
1.3, 1.4, 2.5 and 2.8).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

_OPERATOR: Final = "fluxcd.controlplane.io"
_OPERATOR_SWITCH: Final = "fluxcd.controlplane.io/reconcile"
_OPERATOR_TIMEOUT: Final = "fluxcd.controlplane.io/reconcileTimeout"


FORCE: Final = "forceAt"
"""The key that makes a run of what would be left alone: an upgrade in sync, a provider outside its schedule."""
RESET: Final = "resetAt"
"""The key that sets a HelmRelease's failure counters back."""


class Role(Enum):
    """What a kind does in the flow from a source to the cluster."""

    SOURCE = "source"
    APPLIER = "applier"
    OPERATOR = "operator"
    IMAGE = "image"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of the API.

    Attributes:
        kind: as in manifests.
        group: the API group, empty for the core group; the version is the API server's choice, since it differs between
            Flux versions.
        plural: as in `plural.group`.
        short_names: such as `po`, of the API server's own list or the CRD.
        namespaced: whether its objects live in a namespace.
    """

    kind: str
    group: str
    plural: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True

    @property
    def resource(self) -> str:
        """`plural.group`, `plural` for the core group: a bare plural may be another vendor's kind."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def spellings(self) -> frozenset[str]:
        """What people write for it, in lower case: kind name, plural, short names, `plural.group`."""
        return frozenset(text.lower() for text in (self.kind, self.plural, self.resource, *self.short_names))


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxKind(Kind):
    """One Flux kind. All are namespaced.

    Attributes:
        role: where it stands in the flow.
        static: it has no status that a controller writes.
        switch: the annotation that suspends it with the value `disabled`; None where spec.suspend does.
        answers_requests: its controller acts on reconcile.fluxcd.io/requestedAt and says so in
            status.lastHandledReconcileAt.
        silent: it acts on the request, and tells it by the time of its Ready condition alone.
        options: the keys that it takes beside requestedAt, of `forceAt` and `resetAt`.
        timeout: seconds a run may take where the object does not say; None: its interval, less half a minute for
            Kustomization.
        timeout_annotation: the annotation that says how long a run may take, where it is not spec.timeout.
        revision: where the revision that is in force stands: keys below the status, alternatives in order.
        sources: the kinds that its source reference may name.
        controller: the Deployment that reconciles it in an ordinary installation; empty where that is anybody's.
    """

    role: Role
    static: bool = False
    switch: str | None = None
    answers_requests: bool = True
    silent: bool = False
    options: tuple[str, ...] = ()
    timeout: float | None = 60.0
    timeout_annotation: str | None = None
    revision: tuple[tuple[str, ...], ...] = ()
    sources: tuple[str, ...] = ()
    controller: str = ""

    @property
    def reconcilable(self) -> bool:
        """Whether its controller acts on reconcile.fluxcd.io/requestedAt."""
        return self.answers_requests or self.silent


def _source(kind: str, plural: str, *short_names: str, sources: tuple[str, ...] = ()) -> FluxKind:
    return FluxKind(
        kind=kind,
        group="source.toolkit.fluxcd.io",
        plural=plural,
        short_names=short_names,
        role=Role.SOURCE,
        revision=(("artifact", "revision"),),
        sources=sources,
        controller="source-controller",
    )


FLUX_KINDS: Final[tuple[FluxKind, ...]] = (
    FluxKind(
        kind="FluxInstance",
        group=_OPERATOR,
        plural="fluxinstances",
        role=Role.OPERATOR,
        switch=_OPERATOR_SWITCH,
        timeout=300.0,
        timeout_annotation=_OPERATOR_TIMEOUT,
        revision=(("lastAppliedRevision",),),
        controller="flux-operator",
    ),
    FluxKind(
        kind="FluxReport",
        group=_OPERATOR,
        plural="fluxreports",
        role=Role.OPERATOR,
        switch=_OPERATOR_SWITCH,
        answers_requests=False,
        silent=True,
        timeout=300.0,
        controller="flux-operator",
    ),
    FluxKind(
        kind="ResourceSet",
        group=_OPERATOR,
        plural="resourcesets",
        short_names=("rset",),
        role=Role.APPLIER,
        switch=_OPERATOR_SWITCH,
        timeout=300.0,
        timeout_annotation=_OPERATOR_TIMEOUT,
        revision=(("lastAppliedRevision",),),
        controller="flux-operator",
    ),
    FluxKind(
        kind="ResourceSetInputProvider",
        group=_OPERATOR,
        plural="resourcesetinputproviders",
        short_names=("rsip",),
        role=Role.OPERATOR,
        switch=_OPERATOR_SWITCH,
        options=(FORCE,),
        timeout=120.0,
        timeout_annotation=_OPERATOR_TIMEOUT,
        revision=(("lastExportedRevision",),),
        controller="flux-operator",
    ),
    _source("GitRepository", "gitrepositories", "gitrepo"),
    _source("OCIRepository", "ocirepositories", "ocirepo"),
    _source("Bucket", "buckets"),
    _source("HelmRepository", "helmrepositories", "helmrepo"),
    _source("HelmChart", "helmcharts", "hc", sources=("HelmRepository", "GitRepository", "Bucket")),
    FluxKind(
        kind="ExternalArtifact",
        group="source.toolkit.fluxcd.io",
        plural="externalartifacts",
        short_names=("ea",),
        role=Role.SOURCE,
        answers_requests=False,
        revision=(("artifact", "revision"),),
        sources=("ArtifactGenerator",),
    ),
    FluxKind(
        kind="ArtifactGenerator",
        group="source.extensions.fluxcd.io",
        plural="artifactgenerators",
        short_names=("ag",),
        role=Role.SOURCE,
        switch="source.extensions.fluxcd.io/reconcile",
        sources=("GitRepository", "OCIRepository", "Bucket", "HelmChart", "ExternalArtifact"),
        controller="source-watcher",
    ),
    FluxKind(
        kind="Kustomization",
        group="kustomize.toolkit.fluxcd.io",
        plural="kustomizations",
        short_names=("ks",),
        role=Role.APPLIER,
        timeout=None,
        revision=(("lastAppliedRevision",),),
        sources=("GitRepository", "OCIRepository", "Bucket", "ExternalArtifact"),
        controller="kustomize-controller",
    ),
    FluxKind(
        kind="HelmRelease",
        group="helm.toolkit.fluxcd.io",
        plural="helmreleases",
        short_names=("hr",),
        role=Role.APPLIER,
        options=(FORCE, RESET),
        timeout=300.0,
        revision=(("history", "0", "chartVersion"), ("lastAttemptedRevision",)),
        sources=("HelmChart", "OCIRepository", "ExternalArtifact"),
        controller="helm-controller",
    ),
    FluxKind(
        kind="ImageRepository",
        group="image.toolkit.fluxcd.io",
        plural="imagerepositories",
        short_names=("imgrepo", "imagerepo"),
        role=Role.IMAGE,
        timeout=None,
        controller="image-reflector-controller",
    ),
    FluxKind(
        kind="ImagePolicy",
        group="image.toolkit.fluxcd.io",
        plural="imagepolicies",
        short_names=("imgpol", "imagepol"),
        role=Role.IMAGE,
        revision=(("latestRef", "tag"),),
        sources=("ImageRepository",),
        controller="image-reflector-controller",
    ),
    FluxKind(
        kind="ImageUpdateAutomation",
        group="image.toolkit.fluxcd.io",
        plural="imageupdateautomations",
        short_names=("iua", "imgupd", "imgauto"),
        role=Role.IMAGE,
        revision=(("lastPushCommit",),),
        sources=("GitRepository",),
        controller="image-automation-controller",
    ),
    FluxKind(
        kind="Receiver",
        group="notification.toolkit.fluxcd.io",
        plural="receivers",
        role=Role.NOTIFICATION,
        controller="notification-controller",
    ),
    FluxKind(
        kind="Alert",
        group="notification.toolkit.fluxcd.io",
        plural="alerts",
        role=Role.NOTIFICATION,
        static=True,
        answers_requests=False,
        controller="notification-controller",
    ),
    FluxKind(
        kind="Provider",
        group="notification.toolkit.fluxcd.io",
        plural="providers",
        role=Role.NOTIFICATION,
        static=True,
        answers_requests=False,
        controller="notification-controller",
    ),
)


def _kubernetes(kind: str, group: str, plural: str, *short_names: str, namespaced: bool = True) -> Kind:
    return Kind(kind=kind, group=group, plural=plural, short_names=short_names, namespaced=namespaced)


DEPLOYMENT: Final = _kubernetes("Deployment", "apps", "deployments", "deploy")
STATEFUL_SET: Final = _kubernetes("StatefulSet", "apps", "statefulsets", "sts")
DAEMON_SET: Final = _kubernetes("DaemonSet", "apps", "daemonsets", "ds")
REPLICA_SET: Final = _kubernetes("ReplicaSet", "apps", "replicasets", "rs")
CRON_JOB: Final = _kubernetes("CronJob", "batch", "cronjobs", "cj")
JOB: Final = _kubernetes("Job", "batch", "jobs")
POD: Final = _kubernetes("Pod", "", "pods", "po")
EVENT: Final = _kubernetes("Event", "", "events", "ev")
NAMESPACE: Final = _kubernetes("Namespace", "", "namespaces", "ns", namespaced=False)
CONFIG_MAP: Final = _kubernetes("ConfigMap", "", "configmaps", "cm")
CRD: Final = _kubernetes(
    "CustomResourceDefinition", "apiextensions.k8s.io", "customresourcedefinitions", "crd", "crds", namespaced=False
)

WORKLOAD_KINDS: Final = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB)
KUBERNETES_KINDS: Final = (*WORKLOAD_KINDS, REPLICA_SET, POD, EVENT, NAMESPACE, CONFIG_MAP, CRD)
"""The kinds beside Flux's own that are read; every API server serves them."""
OTHER_KINDS: Final = (
    _kubernetes("Service", "", "services", "svc"),
    _kubernetes("Ingress", "networking.k8s.io", "ingresses", "ing"),
    _kubernetes("HorizontalPodAutoscaler", "autoscaling", "horizontalpodautoscalers", "hpa"),
    _kubernetes("PersistentVolumeClaim", "", "persistentvolumeclaims", "pvc"),
    _kubernetes("ServiceAccount", "", "serviceaccounts", "sa"),
    _kubernetes("NetworkPolicy", "networking.k8s.io", "networkpolicies", "netpol"),
    _kubernetes("Node", "", "nodes", "no", namespaced=False),
)
"""Kinds that people ask for by name and every API server serves, so that a recording without one does not deny it."""

by_kind: Final = {entry.kind: entry for entry in FLUX_KINDS}
_BY_GROUP_KIND: Final = {(entry.group, entry.kind): entry for entry in FLUX_KINDS}
_SPELLINGS: Final = {spelling: entry for entry in FLUX_KINDS for spelling in entry.spellings}
_KUBERNETES_SPELLINGS: Final = {spelling: entry for entry in KUBERNETES_KINDS for spelling in entry.spellings}


def find_kind(spelling: str) -> FluxKind | None:
    """The kind for a kind name, plural, CRD short name or `plural.group`, in any case; None if it is none of them."""
    return _SPELLINGS.get(spelling.lower())


def find_known(spelling: str, group: str | None = None) -> Kind | None:
    """A Flux kind, else one of Kubernetes' kinds in this module, for a kind name, plural, short name or `plural.group`.

    A bare name means Flux's kind, then Kubernetes', whoever else has a kind of that name.

    Args:
        spelling: in any case.
        group: only a kind of this API group; empty for the core group.
    """
    found = (_SPELLINGS.get(spelling.lower()), _KUBERNETES_SPELLINGS.get(spelling.lower()))
    return next((kind for kind in found if kind is not None and group in {None, kind.group}), None)


def kind_of(api_version: str, kind: str) -> FluxKind | None:
    """The kind of an object; None if it is not a Flux object."""
    return _BY_GROUP_KIND.get((api_version.partition("/")[0], kind))


def with_sources(kinds: Iterable[FluxKind]) -> tuple[FluxKind, ...]:
    """The kinds and every kind that their chain of sources may lead to, in the table's order."""
    wanted = {entry.kind for entry in kinds}
    while more := {source for kind in wanted for source in by_kind[kind].sources} - wanted:
        wanted |= more
    return tuple(entry for entry in FLUX_KINDS if entry.kind in wanted)
