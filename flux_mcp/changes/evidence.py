"""What objects and Events show of changes: typed views of them, as little as a timeline needs.

Source: the API documentation of Flux's kinds and of Kubernetes. A repeated Event keeps the annotations of its first
occurrence beside the time of its last, and one that Kubernetes combined from similar ones has none: only its first
occurrence tells a revision.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kinds import kind_of
from flux_mcp.api.kubernetes_kinds import JOB, NAMESPACE, REPLICA_SET, WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import controller_of, owners_by_label
from flux_mcp.api.unstructured import at, items, labels, number, parse_time, text
from flux_mcp.changes.managed_fields import FieldOwner, field_owners
from flux_mcp.flux.graph import FluxNode, view_node
from flux_mcp.flux.installation import behavior_args, is_part_of_flux
from flux_mcp.flux.inventory import groups_of, managed_refs
from flux_mcp.flux.objects import FluxObject
from flux_mcp.flux.ownership import reported
from flux_mcp.kubernetes.events import event
from flux_mcp.kubernetes.rollout_status import replicas
from flux_mcp.kubernetes.workloads import containers

_REVISION: Final = "deployment.kubernetes.io/revision"
_REQUEST: Final = "reconcile.fluxcd.io/"
_COMBINED: Final = "(combined from similar events): "
_SCALED: Final = re.compile(r"Scaled (?:up|down) replica set (\S+) from (\d+) to (\d+)")
_SCALINGS: Final = frozenset(
    {
        ("Deployment", "ScalingReplicaSet"),
        ("StatefulSet", "SuccessfulCreate"),
        ("StatefulSet", "SuccessfulDelete"),
    }
)
_POD: Final = re.compile(r"(create|delete) Pod (\S+) in StatefulSet \S+ successful")
_DRIFTED: Final = re.compile(
    r"([A-Z]\w*)/(?:([^/\s]+)/)?([^/\s]+) (?:added|changed|removed|created|configured|deleted)\b"
)
_GROUPS: Final = tuple(dict.fromkeys(kind.group for kind in FLUX_KINDS))
_APPLIED_KINDS: Final = groups_of(kind for kind in (*WORKLOAD_KINDS, NAMESPACE, *FLUX_KINDS) if kind != JOB)
_ANNOTATED: Final = ("revision", "originRevision", "token")


class HistoryEntry(NamedTuple):
    """One entry of status.history: content of one digest that ended one way. A tuple, as there are many.

    Attributes:
        revision: the newest with this content, not the one that brought it.
        first: when a run with this content first ended so, the wait for health included.
        runs: how many there were.
    """

    digest: str
    status: str
    revision: str
    first: datetime
    last: datetime
    runs: int

    @property
    def good(self) -> bool:
        """Whether the runs succeeded."""
        return self.status == "ReconciliationSucceeded"

    @property
    def whole(self) -> bool:
        """Whether the runs applied every object."""
        return self.good or self.status in {"HealthCheckFailed", "PruneFailed"}


class ReleaseRecord(NamedTuple):
    """One entry of a HelmRelease's history.

    Attributes:
        deployed: when the action started.
    """

    version: int
    status: str
    action: str
    chart: str
    chart_version: str
    config: str
    deployed: datetime | None


class FluxRecord(NamedTuple):
    """What a Flux object shows of its past. A tuple, as every record is of which a large fleet has thousands.

    Attributes:
        node: the object with its references to others.
        applied: the workloads, namespaces and Flux objects of its inventory, unless they are in another cluster.
        owners: of its fields.
        handled: the annotation of a request that was handled → when the request was made.
        annotated: when the requests were made whose annotations it has.
        fetched: when its artifact was stored.
        pushed: of an ImageUpdateAutomation.
        configs: the ConfigMaps and Secrets that it takes values or variables from.
    """

    ref: ObjectRef
    object: FluxObject
    node: FluxNode
    applied: frozenset[ObjectRef]
    owners: tuple[FieldOwner, ...]
    history: tuple[HistoryEntry, ...]
    releases: tuple[ReleaseRecord, ...]
    handled: Mapping[str, datetime]
    annotated: frozenset[datetime]
    fetched: datetime | None
    pushed: datetime | None
    configs: tuple[ObjectRef, ...] = ()

    @property
    def appliers(self) -> tuple[ObjectRef, ...]:
        """Those that its labels name."""
        return self.node.owners


class WorkloadRecord(NamedTuple):
    """A workload, or a ReplicaSet.

    Attributes:
        revisions: of a ReplicaSet, the Deployment's revisions that it was; of a Deployment its current one.
        images: container → image.
        down: Pods of it are wanted and none is ready.
        controller: it is one of Flux's own controllers.
        args: of a Flux controller, the arguments that change its behavior.
    """

    ref: ObjectRef
    created: datetime | None
    owner: ObjectRef | None
    owners: tuple[FieldOwner, ...]
    appliers: tuple[ObjectRef, ...]
    replicas: int
    down: bool
    revisions: frozenset[int]
    images: Mapping[str, str]
    controller: bool
    args: tuple[str, ...]


class NamespaceRecord(NamedTuple):
    """A namespace.

    Attributes:
        deleted: when its deletion was requested.
    """

    ref: ObjectRef
    created: datetime | None
    deleted: datetime | None


class EventRecord(NamedTuple):
    """An Event of a Flux controller, or about the scaling of a Deployment or StatefulSet.

    Attributes:
        first: when it was first seen; None where only the last time is known.
        revision: of its first occurrence; empty where it tells none.
        subject: of the commit that a source stored.
    """

    ref: ObjectRef
    about: ObjectRef
    warning: bool
    reason: str
    message: str
    first: datetime | None
    last: datetime
    revision: str
    origin: str
    token: str

    @property
    def objects(self) -> Iterator[tuple[str, ObjectRef]]:
        """What was created, configured or deleted, one a line of the message."""
        return reported(self.message)

    @property
    def drifted(self) -> Iterator[ObjectRef]:
        """The objects of a release that drifted, one a line of the message."""
        for line in self.message.split("\n"):
            if found := _DRIFTED.match(line.strip()):
                yield ObjectRef(found[1], found[2] or "", found[3])

    @property
    def pod(self) -> tuple[str, str]:
        """What a StatefulSet did to which of its Pods: create or delete."""
        found = _POD.fullmatch(self.message)
        return (found[1], found[2]) if found else ("", "")

    @property
    def scaled(self) -> tuple[str, int, int] | None:
        """The ReplicaSet that was scaled, from how many to how many."""
        found = _SCALED.fullmatch(self.message)
        return (found[1], int(found[2]), int(found[3])) if found else None


class Other(NamedTuple):
    """An object that tells nothing of a change."""

    ref: ObjectRef


Record = FluxRecord | WorkloadRecord | NamespaceRecord | EventRecord | Other


def view_record(item: Mapping[str, Any]) -> Record | None:
    """The view of a Flux object, a workload, a ReplicaSet, a namespace or an Event; None where it is not understood."""
    match text(item, "kind"):
        case "Event":
            return _event(item)
        case NAMESPACE.kind:
            name = text(item, "metadata", "name")
            deleted = parse_time(text(item, "metadata", "deletionTimestamp"))
            return NamespaceRecord(ObjectRef(NAMESPACE.kind, "", name), _created(item), deleted) if name else None
    if kind_of(text(item, "apiVersion"), text(item, "kind")) is not None:
        return _flux(item)
    return _workload(item)


def _created(item: Mapping[str, Any]) -> datetime | None:
    return parse_time(text(item, "metadata", "creationTimestamp"))


def _flux(item: Mapping[str, Any]) -> FluxRecord | None:
    node, status = view_node(item), at(item, "status")
    if node is None:
        return None
    of_helm = node.ref.kind == "HelmRelease"
    return FluxRecord(
        ref=node.ref,
        object=node.object,
        node=node,
        applied=frozenset(managed_refs((None if node.remote else node.applied,), _APPLIED_KINDS)),
        owners=field_owners(item),
        history=() if of_helm else tuple(_history(status)),
        releases=tuple(sorted(_releases(status), key=lambda release: release.version)) if of_helm else (),
        handled=_handled(status),
        annotated=_annotated(item),
        fetched=parse_time(text(status, "artifact", "lastUpdateTime")),
        pushed=parse_time(text(status, "lastPushTime")),
        configs=tuple(_configs(at(item, "spec"), node.ref.namespace)),
    )


def _configs(spec: object, namespace: str) -> Iterator[ObjectRef]:
    for entry in (*items(spec, "valuesFrom"), *items(spec, "postBuild", "substituteFrom")):
        if name := text(entry, "name"):
            yield ObjectRef(text(entry, "kind"), namespace, name)


def _history(status: object) -> Iterator[HistoryEntry]:
    for entry in items(status, "history"):
        first, last = parse_time(text(entry, "firstReconciled")), parse_time(text(entry, "lastReconciled"))
        if first is not None and last is not None:
            yield HistoryEntry(
                text(entry, "digest"),
                text(entry, "lastReconciledStatus"),
                text(entry, "metadata", "revision"),
                first,
                last,
                number(entry, "totalReconciliations"),
            )


def _releases(status: object) -> Iterator[ReleaseRecord]:
    for entry in items(status, "history"):
        if version := number(entry, "version"):
            yield ReleaseRecord(
                version,
                text(entry, "status"),
                text(entry, "action"),
                text(entry, "chartName"),
                text(entry, "chartVersion"),
                text(entry, "configDigest"),
                parse_time(text(entry, "lastDeployed")),
            )


def _handled(status: object) -> dict[str, datetime]:
    """When each kind of request was made that was handled last: the value is whatever was written, mostly a time."""
    reported = {
        key: text(status, f"lastHandled{key[0].upper()}{key[1:]}") for key in ("reconcileAt", "forceAt", "resetAt")
    }
    names = {"reconcileAt": "requestedAt"}
    times = ((names.get(key, key), request_time(value)) for key, value in reported.items())
    return {key: time for key, time in times if time is not None}


def _annotated(item: Mapping[str, Any]) -> frozenset[datetime]:
    annotations = labels(item, "metadata", "annotations")
    values = (value for key, value in annotations.items() if key.startswith(_REQUEST))
    return frozenset(time for value in values if (time := request_time(value)) is not None)


DIGITS: Final = 20
"""Of a time in nanoseconds, and no more."""


def request_time(value: str) -> datetime | None:
    """The time that a request's value is: RFC 3339, or seconds (to nanoseconds) since 1970; None for another value."""
    if not value.isdecimal():
        return parse_time(value) if value else None
    if len(value) > DIGITS:
        return None
    seconds = float(value)
    while seconds >= 1e11:  # noqa: PLR2004 (the year 5138)
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds >= 1e9 else None  # noqa: PLR2004 (the year 2001)


def _workload(item: Mapping[str, Any]) -> WorkloadRecord | None:
    kind, name = text(item, "kind"), text(item, "metadata", "name")
    if not name:
        return None
    annotations, own_labels = at(item, "metadata", "annotations"), labels(item, "metadata", "labels")
    revisions = f"{text(annotations, _REVISION)},{text(annotations, f'{_REVISION}-history')}".split(",")
    counted, own_containers = replicas(item), containers(item)
    flux = is_part_of_flux(own_labels)
    return WorkloadRecord(
        ref=ObjectRef(kind, text(item, "metadata", "namespace"), name),
        created=_created(item),
        owner=controller_of(item),
        owners=() if kind == REPLICA_SET.kind else field_owners(item),
        appliers=owners_by_label(own_labels),
        replicas=counted.wanted if counted is not None else 0,
        down=counted is not None and counted.wanted > 0 == counted.ready,
        revisions=frozenset(int(revision) for revision in revisions if revision.isdecimal()),
        images={container.name: container.image for container in own_containers},
        controller=flux,
        args=tuple(behavior_args(arg for each in own_containers for arg in each.args)) if flux else (),
    )


def _event(item: Mapping[str, Any]) -> Record | None:
    one = event(item)
    if one is None:
        return None
    scaling = (one.about.kind, one.reason) in _SCALINGS
    if one.seen is None or not (scaling or kind_of(f"{one.group or ''}/", one.about.kind)):
        return Other(one.ref)
    combined = one.message.startswith(_COMBINED)
    annotations = {} if combined else labels(item, "metadata", "annotations")
    reported = {key.partition("/")[2]: value for key, value in annotations.items() if key.partition("/")[0] in _GROUPS}
    revision, origin, token = (reported.get(key, "") for key in _ANNOTATED)
    first = parse_time(text(item, "firstTimestamp")) if one.count > 1 else one.seen
    return EventRecord(
        ref=one.ref,
        about=one.about,
        warning=one.type == "Warning",
        reason=one.reason,
        message=one.message.removeprefix(_COMBINED),
        first=None if combined else first,
        last=one.seen,
        revision=revision,
        origin=origin,
        token=token,
    )
