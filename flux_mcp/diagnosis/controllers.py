"""Which controller watches an object, and whether it works: shards, namespaces, restarts.

Source: https://fluxcd.io/flux/installation/configuration/sharding/.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kubernetes_kinds import POD
from flux_mcp.api.selector import matches, parse_selector
from flux_mcp.diagnosis.evidence import Evidence
from flux_mcp.flux.installation import ALL_IN_ONE, Controller, operators
from flux_mcp.kubernetes.pods import PodContainer

SHARD: Final = "sharding.fluxcd.io/key"
WORKERS: Final = 4
"""Objects of a kind that kustomize-controller and helm-controller reconcile at once, unless --concurrent is set."""
CRASHING: Final = 3
"""Restarts from which a controller counts as crashing, if the last is recent."""
RECENT: Final = timedelta(hours=1)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Watch(Enum):
    """Who watches an object."""

    WORKS = "a controller that runs"
    DOWN = "controllers of which none is ready"
    CRASHING = "a controller that is ready now and restarts again and again"
    NOBODY = "no controller: none of those that run selects its labels or its namespace"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class ControllerSet:
    """The controllers of Flux that were found by label.

    Attributes:
        found: every one.
        evidence: their Deployments, ReplicaSets and Pods.
        in_full: everything with the label was read.
    """

    found: tuple[Controller, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    in_full: bool = False

    def watching(self, component: str, namespace: str, labels: Mapping[str, str]) -> tuple[Controller, ...]:
        """The Deployments of a controller that select an object by its labels and namespace."""
        return tuple(one for one in self.found if watches(one, component, namespace, labels))

    def everywhere(self) -> frozenset[str]:
        """The controllers of which a Deployment watches every object, whatever its labels and namespace."""
        known = {kind.controller for kind in FLUX_KINDS}
        whole = [one for one in self.found if not selector_of(one) and _flag(one, "watch-all-namespaces") != "false"]
        return frozenset(component for component in known for one in whole if one.runs(component))

    def watch(
        self, component: str, namespace: str, labels: Mapping[str, str], now: datetime
    ) -> tuple[Watch, tuple[Controller, ...]]:
        """How the controller of an object is, and which Deployments that is about."""
        of_kind = tuple(one for one in self.found if one.runs(component))
        if not of_kind:
            return Watch.UNKNOWN, ()
        watching = self.watching(component, namespace, labels)
        if not watching:
            return Watch.NOBODY, of_kind
        if all(one.down for one in watching):
            return Watch.DOWN, watching
        crashing = tuple(one for one in watching if not one.down and self.crashes(one, now, component))
        return (Watch.CRASHING, crashing) if crashing else (Watch.WORKS, watching)

    def crashes(self, one: Controller, now: datetime, component: str = "") -> bool:
        """Whether a controller restarted several times, or was evicted so, the last time recently.

        Args:
            one: its Deployment.
            now: the moment of the reading.
            component: the one that is meant where the Deployment runs several.
        """
        ended = self.last_end(one)
        other = ended is not None and one.component == ALL_IN_ONE and component not in {"", ended[0].name}
        restarts = (one.restarts or 0) >= CRASHING and ended is not None and ended[1] >= now - RECENT and not other
        return restarts or self.evicted(one, now)

    def evicted(self, one: Controller, now: datetime) -> bool:
        """Whether several Pods of a ReplicaSet of a controller were evicted, and the one that is ready is new."""
        pods = self.evidence.pods_of(one.ref)
        newest = max((pod for pod in pods if pod.ready), key=lambda pod: pod.created or _NEVER, default=None)
        if newest is None or (newest.created or _NEVER) < now - RECENT:
            return False
        return sum(pod.reason == "Evicted" and pod.owners == newest.owners for pod in pods) >= CRASHING

    @property
    def without_pods(self) -> tuple[Controller, ...]:
        """The controllers that should have Pods, of which none was found by the label of Flux."""
        return tuple(
            one
            for one in self.found
            if one.wanted
            and not self.evidence.pods_of(one.ref)
            and self.evidence.was_read("", POD.kind)
            and (one.failure is None or one.failure[0] != "FailedCreate")
        )

    def with_more(self, more: Evidence, known: tuple[Controller, ...] = ()) -> "ControllerSet":
        """With Flux Operator, and with Pods that do not have the label of Flux, as far as they were read.

        Args:
            more: what was read.
            known: the Deployments of Flux Operator, where they were read among others.
        """
        evidence = self.evidence | more
        pods = [pod for found in evidence.pods.values() for pod in found]
        without_pods = {one.ref for one in self.without_pods}
        found = [
            replace(one, restarts=sum(pod.restarts for pod in evidence.pods_of(one.ref)))
            if one.ref in without_pods and more.was_read(one.ref.namespace, POD.kind)
            else one
            for one in self.found
        ]
        return replace(self, found=(*found, *(operators(more.workloads.values(), pods) or known)), evidence=evidence)

    def last_end(self, one: Controller) -> tuple[PodContainer, datetime] | None:
        """The container of a controller that ended last, and when."""
        ends = [
            (container, container.last_finished)
            for pod in self.evidence.pods_of(one.ref)
            for container in pod.containers
            if container.last_finished is not None
        ]
        return max(ends, key=lambda end: end[1], default=None)

    def place(self, one: Controller) -> tuple[str, str]:
        """What a controller watches: its label selector, and its namespace where it watches that alone."""
        alone = _flag(one, "watch-all-namespaces") == "false"
        return selector_of(one), one.ref.namespace if alone else ""

    @property
    def one_namespace(self) -> bool:
        """Whether a controller refuses references into other namespaces."""
        return any(_flag(one, "no-cross-namespace-refs") not in {None, "false"} for one in self.found)

    def default_account(self, component: str) -> str:
        """The service account that a controller applies as where an object names none; empty without."""
        found = (_flag(one, "default-service-account") for one in self.found if one.runs(component))
        return next(filter(None, found), "")

    def workers(self, one: Controller) -> int:
        """How many objects of a kind a controller reconciles at once."""
        value = _flag(one, "concurrent") or ""
        return int(value) if value.isdecimal() else WORKERS

    def runs(self, component: str) -> bool:
        """Whether a Deployment of a controller was found that is not scaled to zero."""
        return any(one.runs(component) and one.wanted for one in self.found)

    def shard_keys(self, component: str) -> tuple[str, ...]:
        """The selectors of the Deployments of a controller, each once; empty for one without."""
        return tuple(dict.fromkeys(selector_of(one) for one in self.found if one.runs(component)))


def selector_of(one: Controller) -> str:
    """The label selector that a controller runs with; empty without."""
    return _flag(one, "watch-label-selector") or ""


def selects(one: Controller, labels: Mapping[str, str]) -> bool:
    """Whether a controller's label selector takes an object; one that is not understood does."""
    try:
        return matches(parse_selector(selector_of(one)), labels)
    except ValueError:
        return True


def watches(one: Controller, component: str, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a controller watches the objects of a component with these labels in this namespace."""
    return one.runs(component) and selects(one, labels) and _watches_namespace(one, namespace)


def _watches_namespace(one: Controller, namespace: str) -> bool:
    return _flag(one, "watch-all-namespaces") != "false" or one.ref.namespace == namespace


def _flag(one: Controller, name: str) -> str | None:
    """The value of an argument, empty where it has none; None where it is not set."""
    for arg in one.args:
        key, _, value = arg.lstrip("-").partition("=")
        if key == name:
            return value
    return None
