"""What was read of a cluster beside its Flux objects: workloads, Pods, Events, and what these wait for."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import items, parse_time, text
from flux_mcp.flux.objects import FluxObject
from flux_mcp.flux.ownership import reported
from flux_mcp.kubernetes.conditions import Condition, conditions
from flux_mcp.kubernetes.events import WARNING, Event, event
from flux_mcp.kubernetes.pods import Pod, pod
from flux_mcp.kubernetes.prerequisites import Prerequisite, view_prerequisite
from flux_mcp.kubernetes.workloads import Workload, view_workload

_PREREQUISITES: Final = frozenset({"Service", "PersistentVolumeClaim", "Namespace"})
_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"})
_KNOWN: Final = _WORKLOADS | _PREREQUISITES | {"Pod", *by_kind}
_PRUNING: Final = frozenset({"Kustomization", "ResourceSet", "FluxInstance"})
_FAILED: Final = re.compile(r"fail|error|invalid|denied|forbidden|not ?found", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OtherObject:
    """An object of any other kind: whether it is there, its conditions, and whether it is being deleted."""

    ref: ObjectRef
    conditions: tuple[Condition, ...]
    deleted: datetime | None
    finalizers: tuple[str, ...]


View = Workload | Pod | Event | Prerequisite | OtherObject


@dataclass(frozen=True)
class Evidence:
    """What was read, indexed.

    Attributes:
        workloads: by their name.
        owned: owner → the workloads that it made.
        pods: owner → its Pods; a Pod without an owner is its own.
        events: object → what was reported of it.
        others: Services, claims, Namespaces, and objects that something depends on.
        read: (namespace, kind) of which everything is known; the namespace is empty for all.
        left_out: namespaces that were not read, since there were too many.
    """

    workloads: Mapping[ObjectRef, Workload] = field(default_factory=dict)
    owned: Mapping[ObjectRef, tuple[Workload, ...]] = field(default_factory=dict)
    pods: Mapping[ObjectRef, tuple[Pod, ...]] = field(default_factory=dict)
    events: Mapping[ObjectRef, tuple[Event, ...]] = field(default_factory=dict)
    others: Mapping[ObjectRef, Prerequisite | OtherObject] = field(default_factory=dict)
    read: frozenset[tuple[str, str]] = frozenset()
    left_out: tuple[str, ...] = ()

    def __or__(self, more: "Evidence") -> "Evidence":
        """Both; of what stands in both, the other's."""
        return Evidence(
            {**self.workloads, **more.workloads},
            {**self.owned, **more.owned},
            {**self.pods, **more.pods},
            {**self.events, **more.events},
            {**self.others, **more.others},
            self.read | more.read,
            (*self.left_out, *more.left_out),
        )

    def was_read(self, namespace: str, kind: str) -> bool:
        """Whether an object of this kind that is not here does not exist."""
        return bool({(namespace, kind), ("", kind)} & self.read)

    def parts(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """A workload and what stands between it and its Pods: ReplicaSets, the Jobs of a CronJob."""
        between = [one.ref for one in self.owned.get(ref, ())]
        if ref.kind == "Deployment" and not between:
            # Without its ReplicaSets: a Pod's owner is called as the Deployment and a hash.
            between = self._replica_sets.get((ref.namespace, ref.name), [])
        return (ref, *between)

    @cached_property
    def _replica_sets(self) -> Mapping[tuple[str, str], list[ObjectRef]]:
        """Namespace and name without its hash → the ReplicaSets that own Pods."""
        found: dict[tuple[str, str], list[ObjectRef]] = {}
        for owner in self.pods:
            if owner.kind == "ReplicaSet":
                found.setdefault((owner.namespace, owner.name.rpartition("-")[0]), []).append(owner)
        return found

    def pods_of(self, ref: ObjectRef) -> tuple[Pod, ...]:
        return tuple(one for part in self.parts(ref) for one in self.pods.get(part, ()))

    def made_for(self, ref: ObjectRef, applied: Callable[[str], bool]) -> tuple[ObjectRef, ...]:
        """What an operator made for an object of its kind: workloads, then what owns Pods itself.

        Where a kind that is not read stands between, its objects are called as the object and more: `kafka-broker`.

        Args:
            ref: the object.
            applied: whether an object of a name in that namespace was applied: what is called as that and more is its.
        """
        others = _WORKLOADS | {ref.kind}
        owners = [
            owner
            for owner in dict.fromkeys((ref, *self.owned, *self.pods))
            if owner == ref
            or (owner.namespace == ref.namespace and owner.kind not in others and _belongs(owner, ref, applied))
        ]
        workloads = [one.ref for owner in owners for one in self.owned.get(owner, ()) if one.ref.kind != "ReplicaSet"]
        return (*workloads, *owners)

    def warnings(self, ref: ObjectRef) -> tuple[Event, ...]:
        return tuple(one for one in self.events.get(ref, ()) if one.type == WARNING)

    def newest_warning(self, ref: ObjectRef) -> Event | None:
        return _newest(self.warnings(ref))

    def newest_below(self, ref: ObjectRef, applied: Callable[[str], bool]) -> Event | None:
        """The newest failure of an object that was made for another one, by its name: `web-tls-1` for `web-tls`.

        Some controllers report failures as Normal Events.
        """
        return _newest(
            one
            for about, found in self.events.items()
            if about.namespace == ref.namespace and about.kind not in _KNOWN | {ref.kind}
            if _belongs(about, ref, applied)
            for one in found
            if one.type == WARNING or _FAILED.search(f"{one.reason} {one.message}")
        )

    @cached_property
    def pruned(self) -> Mapping[ObjectRef, Event]:
        """The objects that appliers deleted, by their Events; of each the newest."""
        found: dict[ObjectRef, Event] = {}
        for one in sorted(
            (one for about, some in self.events.items() if about.kind in _PRUNING for one in some if one.seen),
            key=lambda one: (one.seen, one.message),
        ):
            found |= {ref: one for action, ref in reported(one.message) if action == "deleted"}
        return found

    def failed_run(self, flux: FluxObject) -> Event | None:
        """The Event of the failure that status.history ends with: a run that goes on replaces its message."""
        return _newest(one for one in self.warnings(flux.ref) if one.reason == flux.history_status)

    def prerequisites(self, namespace: str, kind: str) -> tuple[Prerequisite, ...]:
        """The Services or claims of a namespace, or the Namespaces."""
        return tuple(
            one
            for ref, one in self.others.items()
            if isinstance(one, Prerequisite) and (ref.kind, ref.namespace) == (kind, namespace)
        )

    def namespace(self, name: str) -> Prerequisite | None:
        found = self.others.get(ObjectRef("Namespace", "", name))
        return found if isinstance(found, Prerequisite) else None


def _belongs(one: ObjectRef, ref: ObjectRef, applied: Callable[[str], bool]) -> bool:
    """Whether an object is called as another and more, and not as one that was applied: `pg-admin-1` is no `pg`'s."""
    if not one.name.startswith(f"{ref.name}-"):
        return False
    parts = one.name.removeprefix(f"{ref.name}-").split("-")
    return not any(applied("-".join((ref.name, *parts[:end]))) for end in range(1, len(parts) + 1))


def _newest(events: Iterable[Event]) -> Event | None:
    seen = ((one.seen, one.message, one) for one in events if one.seen is not None)
    return max(seen, key=lambda each: each[:2], default=(None, "", None))[2]


def view_evidence(item: Mapping[str, Any]) -> View | None:
    """The view of one item; None where it is not understood."""
    match text(item, "kind"):
        case "Pod":
            return pod(item)
        case "Event":
            return event(item)
        case kind if kind in _PREREQUISITES:
            return view_prerequisite(item)
        case kind if kind in _WORKLOADS:
            return view_workload(item)
        case kind:
            ref = ObjectRef(kind, text(item, "metadata", "namespace"), text(item, "metadata", "name"))
            deleted = parse_time(text(item, "metadata", "deletionTimestamp"))
            finalizers = tuple(one for one in items(item, "metadata", "finalizers") if isinstance(one, str))
            return OtherObject(ref, tuple(conditions(item)), deleted, finalizers) if ref.name else None


def index_evidence(
    objects: Iterable[View], read: Iterable[tuple[str, str]] = (), left_out: Iterable[str] = ()
) -> Evidence:
    """Index what was read by name and by owner; some may have been read twice: by namespace, and by label or type."""
    workloads: dict[ObjectRef, Workload] = {}
    others: dict[ObjectRef, Prerequisite | OtherObject] = {}
    owned: dict[ObjectRef, dict[ObjectRef, Workload]] = defaultdict(dict)
    pods: dict[ObjectRef, dict[ObjectRef, Pod]] = defaultdict(dict)
    events: dict[ObjectRef, dict[ObjectRef, Event]] = defaultdict(dict)
    for one in objects:
        match one:
            case Workload():
                workloads[one.ref] = one
                if one.owner is not None:
                    owned[one.owner][one.ref] = one
            case Pod():
                for kind, name in one.owners or ((one.ref.kind, one.ref.name),):
                    pods[ObjectRef(kind, one.ref.namespace, name)][one.ref] = one
            case Event():
                events[one.about][one.ref] = one
            case _:
                others[one.ref] = one
    return Evidence(
        workloads,
        {key: tuple(found.values()) for key, found in owned.items()},
        {key: tuple(found.values()) for key, found in pods.items()},
        {key: tuple(found.values()) for key, found in events.items()},
        others,
        frozenset(read),
        tuple(left_out),
    )
