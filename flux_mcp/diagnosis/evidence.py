"""What was read of a cluster for a diagnosis, beside its Flux objects."""

from dataclasses import dataclass

from flux_mcp.diagnosis.workload_health import WorkloadEvidence
from flux_mcp.flux.installation import Controller
from flux_mcp.flux.inventory import InventoryEntry


@dataclass(frozen=True, slots=True)
class ControllerEvidence:
    """The controllers of Flux.

    Attributes:
        controllers: by label; none where they were not read.
        observed: their Deployments, ReplicaSets and Pods.
        in_full: everything with the label was read.
    """

    controllers: tuple[Controller, ...]
    observed: WorkloadEvidence
    in_full: bool


@dataclass(frozen=True, slots=True)
class HealthEvidence:
    """What runs in the namespaces of failed health checks.

    Attributes:
        looked: workloads whose namespace was read.
        left_out: namespaces beyond the bound.
        read: (namespace, kind) of which everything is known.
    """

    observed: WorkloadEvidence
    looked: frozenset[InventoryEntry]
    left_out: tuple[str, ...]
    read: frozenset[tuple[str, str]]
