"""From any object up to the Flux object that manages it.

Appliers put labels on what they apply. Pods and ReplicaSets carry no such label and are traced through their owner
references; a label may have been copied, so an inventory confirms it. Source: the documentation of kustomize-controller
("Garbage collection"), helm-controller and Flux Operator on labels and status.inventory.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.kinds import group_of
from flux_mcp.api.kubernetes_kinds import POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.references import owner_references, owners_by_label
from flux_mcp.api.unstructured import labels, text
from flux_mcp.flux.graph import FluxNode, Graph
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.kubernetes.conditions import conditions
from flux_mcp.kubernetes.rollout_status import replicas

_REPORTED: Final = re.compile(r"([A-Z]\w*)/(?:([^/\s]+)/)?([^/\s]+) (created|configured|deleted)")
"""How kustomize-controller and Flux Operator report in an Event what they did to an object."""
EXEMPTIONS: Final = {
    "kustomize.toolkit.fluxcd.io/reconcile": {"disabled": "Kustomizations neither change nor delete it"},
    "kustomize.toolkit.fluxcd.io/ssa": {
        "Ignore": "Kustomizations do not apply it",
        "IfNotPresent": "Kustomizations create it, but do not change it afterwards",
        "Merge": "Kustomizations keep the fields that others add to it",
    },
    "kustomize.toolkit.fluxcd.io/prune": {"disabled": "Kustomizations do not delete it"},
    "helm.toolkit.fluxcd.io/driftDetection": {"disabled": "HelmReleases do not correct changes of it by others"},
    "helm.sh/resource-policy": {"keep": "Helm does not delete it"},
    "fluxcd.controlplane.io/prune": {"disabled": "ResourceSets do not delete it"},
}
"""Annotations (or labels) that except an object → their values, and what follows.

Source: https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedObject:
    """What any object says about where it comes from.

    Attributes:
        owner: the controller that created it, else its first owner.
        owner_group: the API group of the owner.
        label_owners: the appliers that its labels name.
        replicas: of a workload, how many are ready and how many should be; None of other kinds.
        phase: of a Pod.
        ready: the status of its condition Ready; empty where it has none.
        exemptions: its annotations and labels that except it from what its applier does.
        read: whether the object itself was read; else it is only named as an owner or in an inventory.
    """

    ref: ObjectRef
    group: str
    owner: ObjectRef | None = None
    owner_group: str = ""
    label_owners: tuple[ObjectRef, ...] = ()
    replicas: tuple[int, int] | None = None
    phase: str = ""
    ready: str = ""
    exemptions: tuple[tuple[str, str], ...] = ()
    read: bool = True

    @property
    def inventory_entry(self) -> InventoryEntry:
        """The entry of an inventory with this object."""
        return InventoryEntry(self.ref.kind, self.group, self.ref.namespace, self.ref.name)


@dataclass(frozen=True, slots=True)
class OwnershipClaim:
    """Why an applier is taken to manage an object.

    Attributes:
        by_label: the labels of the object name the applier.
        in_inventory: the applier's inventory has the object; None where it has no inventory, or one of another cluster.
        applier_read: the applier itself was read.
    """

    traced: TracedObject
    applier: ObjectRef
    by_label: bool
    in_inventory: bool | None
    applier_read: bool


def view_traced(item: Mapping[str, Any]) -> TracedObject | None:
    """The view of any object; None without a name."""
    name = text(item, "metadata", "name")
    if not name:
        return None
    owners = owner_references(item)
    owner = next((owner for owner in owners if owner[2]), owners[0] if owners else None)
    counted = replicas(item)
    return TracedObject(
        ref=ObjectRef(text(item, "kind"), text(item, "metadata", "namespace"), name),
        group=group_of(text(item, "apiVersion")),
        owner=owner[0] if owner else None,
        owner_group=group_of(owner[1]) if owner else "",
        label_owners=owners_by_label(labels(item, "metadata", "labels")),
        replicas=(counted.ready, counted.wanted) if counted is not None else None,
        phase=text(item, "status", "phase") if text(item, "kind") == POD.kind else "",
        exemptions=tuple(_exemptions(item)),
        ready=next((one.status for one in conditions(item) if one.type == "Ready"), ""),
    )


def _exemptions(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    found = {**labels(item, "metadata", "labels"), **labels(item, "metadata", "annotations")}
    for key, values in EXEMPTIONS.items():
        value = next((value for value in values if value.lower() == found.get(key, "").lower()), "")
        if value:
            yield key, value


def owner_chain(traced: TracedObject, known: Mapping[ObjectRef, TracedObject]) -> tuple[TracedObject, ...]:
    """The object, its owner, the owner's owner and so on, each once; the last may be one that was not read."""
    chain, seen = [traced], {traced.ref}
    while (owner := chain[-1].owner) is not None and owner not in seen:
        seen.add(owner)
        found = known.get(owner)
        if found is None or found.group != chain[-1].owner_group:
            return (*chain, TracedObject(ref=owner, group=chain[-1].owner_group, read=False))
        chain.append(found)
    return tuple(chain)


def ownership_claims(chain: Sequence[TracedObject], graph: Graph) -> tuple[OwnershipClaim, ...]:
    """The appliers of the first object of the chain that has any, by label, by inventory or both."""
    for traced in chain:
        if found := tuple(_claims(traced, graph)):
            return found
    return ()


def _claims(traced: TracedObject, graph: Graph) -> Iterator[OwnershipClaim]:
    holders = graph.holders(traced.inventory_entry)
    for applier in dict.fromkeys((*traced.label_owners, *holders)):
        if applier != traced.ref:
            node = graph.nodes.get(applier)
            in_inventory = applier in holders if _has_inventory(node) else None
            yield OwnershipClaim(traced, applier, applier in traced.label_owners, in_inventory, node is not None)


def _has_inventory(node: FluxNode | None) -> bool:
    return node is not None and node.applied is not None and not node.remote


def reported(message: str) -> Iterator[tuple[str, ObjectRef]]:
    """What the Event of an applier says was created, configured or deleted, an object a line."""
    for line in message.split("\n"):
        if found := _REPORTED.fullmatch(line.strip()):
            yield found[4], ObjectRef(found[1], found[2] or "", found[3])
