"""What workloads and Helm wait for beside Pods: Services, PersistentVolumeClaims, and the Namespace around them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import items, labels, parse_time, text
from flux_mcp.kubernetes.conditions import Condition, conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """A Service, a PersistentVolumeClaim or a Namespace.

    Attributes:
        deleted: since when it is being deleted.
        phase: of a claim or a Namespace.
        type: of a Service.
        addressed: of a Service: its load balancer has an address.
        selector: of a Service: the labels of its Pods.
        storage_class: of a claim; empty for the default one.
    """

    ref: ObjectRef
    labels: Mapping[str, str]
    conditions: tuple[Condition, ...]
    deleted: datetime | None
    phase: str = ""
    type: str = ""
    addressed: bool = False
    selector: Mapping[str, str]
    storage_class: str = ""

    @property
    def waiting(self) -> bool:
        """Whether who waits for it waits on: a claim that is not bound, a load balancer without an address."""
        match self.ref.kind:
            case "PersistentVolumeClaim":
                return self.phase != "Bound"
            case "Service":
                return self.type == "LoadBalancer" and not self.addressed
            case _:
                return self.deleted is not None


def view_prerequisite(item: Mapping[str, Any]) -> Prerequisite | None:
    """The view of a Service, a PersistentVolumeClaim or a Namespace; None without a name."""
    name = text(item, "metadata", "name")
    if not name:
        return None
    ingress = items(item, "status", "loadBalancer", "ingress")
    return Prerequisite(
        ref=ObjectRef(text(item, "kind"), text(item, "metadata", "namespace"), name),
        labels=labels(item, "metadata", "labels"),
        conditions=tuple(conditions(item)),
        deleted=parse_time(text(item, "metadata", "deletionTimestamp")),
        phase=text(item, "status", "phase"),
        type=text(item, "spec", "type"),
        addressed=any(text(entry, "ip") or text(entry, "hostname") for entry in ingress),
        selector=labels(item, "spec", "selector"),
        storage_class=text(item, "spec", "storageClassName"),
    )
