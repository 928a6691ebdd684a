"""Typed, tolerant views of workloads: no environment, no command, no volume, since those carry credentials."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import controller_of
from flux_mcp.api.unstructured import at, items, labels, number, parse_time, text
from flux_mcp.kubernetes.conditions import Condition, conditions
from flux_mcp.kubernetes.rollout_status import Rollout, State, replicas, rollout

TEMPLATE: Final = ("spec", "template")
TEMPLATES: Final = {"CronJob": ("spec", "jobTemplate", "spec", "template")}
"""Where the pod template of a kind stands, if not at TEMPLATE."""
_SETTLED: Final = frozenset({State.READY, State.IDLE, State.SCHEDULED, State.DONE})


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod template. `args` hold the command line and may carry anything: show known flags only."""

    name: str
    image: str
    init: bool = False
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or CronJob.

    Attributes:
        wanted: desired replicas; of a DaemonSet nodes that it should run on, of a Job completions, of a CronJob 0.
        ready: replicas that are ready, or completions.
        owner: the controller that made it, where there is one.
        rollout: its status; None for a kind that has none.
        update_revision: of a StatefulSet: the revision that its Pods are to have.
        in_order: of a StatefulSet: a Pod that is not ready keeps the others from being updated.
        on_delete: its Pods are updated only when somebody deletes them.
    """

    ref: ObjectRef
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generation: int
    wanted: int
    ready: int
    containers: tuple[Container, ...]
    conditions: tuple[Condition, ...]
    owner: ObjectRef | None
    created: datetime | None
    rollout: Rollout | None
    update_revision: str
    in_order: bool
    on_delete: bool

    @property
    def suspended(self) -> bool:
        """Whether it is a Job that is suspended: it is not running, and never completes."""
        return self.ref.kind == "Job" and self.rollout is not None and self.rollout.state is State.IDLE

    @property
    def settled(self) -> bool:
        """Whether all that its spec asks for is there and ready, of the latest template."""
        return self.rollout is not None and self.rollout.state in _SETTLED

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        return next((condition for condition in self.conditions if condition.type == kind), None)


def view_workload(item: Mapping[str, Any]) -> Workload | None:
    """The view of a workload; None without a name."""
    kind, name = text(item, "kind"), text(item, "metadata", "name")
    if not name:
        return None
    counted = replicas(item)
    return Workload(
        ref=ObjectRef(kind, text(item, "metadata", "namespace"), name),
        labels=labels(item, "metadata", "labels"),
        annotations=labels(item, "metadata", "annotations"),
        generation=number(item, "metadata", "generation"),
        wanted=counted.wanted if counted is not None else 0,
        ready=counted.ready if counted is not None else 0,
        containers=containers(item),
        conditions=tuple(conditions(item)),
        owner=controller_of(item),
        created=parse_time(text(item, "metadata", "creationTimestamp")),
        rollout=rollout(item),
        update_revision=text(item, "status", "updateRevision"),
        in_order=kind == "StatefulSet" and text(item, "spec", "podManagementPolicy") != "Parallel",
        on_delete=text(item, "spec", "updateStrategy", "type") == "OnDelete",
    )


def containers(item: Mapping[str, Any]) -> tuple[Container, ...]:
    """The containers of a workload, those that run first included."""
    return tuple(_containers(at(item, *TEMPLATES.get(text(item, "kind"), TEMPLATE), "spec")))


def _containers(pod_spec: object) -> Iterator[Container]:
    for key, init in (("initContainers", True), ("containers", False)):
        for entry in items(pod_spec, key):
            args = tuple(arg for arg in items(entry, "args") if isinstance(arg, str))
            yield Container(text(entry, "name"), text(entry, "image"), init, args)
