"""The workloads that Flux manages, who applies them, and how sure that is.

Appliers label what they apply (https://fluxcd.io/flux/components/kustomize/kustomizations/#role-based-access-control);
the inventory in the applier's status confirms it. A HelmRelease has an inventory since Flux 2.8: before, the label is
all there is, which is no mismatch.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import JOB
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.ownership import OwnershipClaim, TracedObject, ownership_claims, view_traced
from flux_mcp.kubernetes.rollout_status import Rollout, State
from flux_mcp.kubernetes.workloads import Workload, view_workload

APPLIERS: Final = tuple(kind for kind in FLUX_KINDS if kind.owner_label)
"""The kinds that apply workloads."""
HOOK: Final = "helm.sh/hook"


class Confirmation(Enum):
    """What label and inventory say of an applier."""

    BOTH = "both"
    INVENTORY_ONLY = "inventory only"
    NO_INVENTORY = "label, the applier has no inventory"
    NOT_IN_INVENTORY = "label, the applier's inventory lacks it"
    HOOK = "label of a Helm hook, which no inventory holds"
    ELSEWHERE = "label, the applier applies to another cluster"
    MISSING = "label, the applier does not exist"
    UNREAD = "label, the applier was not read"


Owner = tuple[ObjectRef, Confirmation]


@dataclass(frozen=True, slots=True)
class WorkloadView:
    """A workload: its containers, its rollout, and where it comes from."""

    workload: Workload
    rollout: Rollout
    traced: TracedObject

    @property
    def ref(self) -> ObjectRef:
        return self.workload.ref


def view_managed(item: Mapping[str, Any]) -> WorkloadView | None:
    """The view of one workload; None if it is none, or has no name."""
    workload, traced = view_workload(item), view_traced(item)
    status = workload.rollout if workload is not None else None
    if workload is None or status is None or traced is None:
        return None
    return WorkloadView(workload, status, traced)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadFilter:
    """The requested workloads. None stands for everything.

    Attributes:
        image: a part of an image, before it is shortened.
    """

    kinds: Sequence[Kind]
    namespace: str | None = None
    name: str | None = None
    image: str | None = None

    def fits(self, view: WorkloadView) -> bool:
        """Whether a workload of the kinds and namespace that were read is requested."""
        images = (container.image.lower() for container in view.workload.containers)
        return self._named(view.ref.name) and (self.image is None or any(self.image.lower() in i for i in images))

    def names(self, entry: InventoryEntry) -> bool:
        """Whether an inventory's entry is a requested workload; the inventory does not hold its images."""
        kinds = {(kind.kind, kind.group) for kind in self.kinds}
        within = self.namespace in {None, entry.namespace}
        return (entry.kind, entry.group) in kinds and within and self._named(entry.name)

    def _named(self, name: str) -> bool:
        return self.name is None or self.name.lower() in name.lower()


@dataclass(frozen=True, slots=True)
class ManagedWorkload:
    """A workload that Flux manages, and who claims it: several where label and inventory disagree."""

    view: WorkloadView
    claims: tuple[OwnershipClaim, ...]


@dataclass(frozen=True, slots=True)
class WorkloadGroup:
    """The workloads of the same appliers, those in trouble first.

    Attributes:
        parents: who applies the appliers.
    """

    owners: tuple[Owner, ...]
    parents: tuple[ObjectRef, ...]
    workloads: tuple[WorkloadView, ...]

    @property
    def order(self) -> tuple[int, tuple[ObjectRef, ...], tuple[ObjectRef, ...]]:
        """Trouble first, then those that the same applier applies together."""
        worst = min(map(_rank, self.workloads), default=len(_RANK))
        return worst, self.parents, tuple(ref for ref, _ in self.owners)


_RANK: Final = {state: rank for rank, state in enumerate(State)}


def _rank(view: WorkloadView) -> int:
    """Those in trouble in the order of trouble, then all others."""
    return _RANK[view.rollout.state] if view.rollout.state.trouble else len(_RANK)


def split_by_manager(
    views: Iterable[WorkloadView], graph: Graph
) -> tuple[tuple[ManagedWorkload, ...], int, Counter[str]]:
    """What Flux manages, how many it does not, and how many another controller made, by that one's kind.

    What a controller made (a Job of a CronJob, a StatefulSet of a Prometheus) carries labels by chance at most.
    """
    managed, unmanaged, made = [], 0, Counter[str]()
    for view in views:
        if view.workload.owner is not None:
            made[view.workload.owner.kind] += 1
        elif claims := ownership_claims((view.traced,), graph):
            managed.append(ManagedWorkload(view, claims))
        else:
            unmanaged += 1
    return tuple(managed), unmanaged, made


def group(managed: Iterable[ManagedWorkload], graph: Graph, read: frozenset[str]) -> tuple[WorkloadGroup, ...]:
    """The workloads by their appliers, those in trouble first.

    Args:
        managed: from `split_by_manager`.
        graph: of the appliers.
        read: the kinds of appliers of which all were read.
    """
    views: dict[tuple[Owner, ...], list[WorkloadView]] = defaultdict(list)
    for workload in managed:
        owners = tuple((claim.applier, _confirmation(claim, workload.view, graph, read)) for claim in workload.claims)
        views[owners].append(workload.view)
    groups = (
        WorkloadGroup(
            owners,
            tuple(dict.fromkeys(parent for ref, _ in owners for parent in graph.owners(ref))),
            tuple(sorted(of_owners, key=lambda view: (_rank(view), view.ref))),
        )
        for owners, of_owners in views.items()
    )
    return tuple(sorted(groups, key=lambda group: group.order))


def _confirmation(claim: OwnershipClaim, view: WorkloadView, graph: Graph, read: frozenset[str]) -> Confirmation:
    if not claim.by_label:
        return Confirmation.INVENTORY_ONLY
    if not claim.applier_read:
        return Confirmation.MISSING if claim.applier.kind in read else Confirmation.UNREAD
    if claim.in_inventory is None:
        return Confirmation.ELSEWHERE if graph.nodes[claim.applier].remote else Confirmation.NO_INVENTORY
    if claim.in_inventory:
        return Confirmation.BOTH
    return Confirmation.HOOK if HOOK in view.workload.annotations else Confirmation.NOT_IN_INVENTORY


def on_other_clusters(graph: Graph, wanted: WorkloadFilter) -> tuple[tuple[ObjectRef, int | None], ...]:
    """The appliers to another cluster, and how many workloads there their inventory names.

    None where there is no inventory; those that never applied anything, or nothing that is requested, are left out.
    """
    found: list[tuple[ObjectRef, int | None]] = []
    for node in (node for node in graph.nodes.values() if node.remote):
        count = None if node.applied is None else sum(map(wanted.names, node.applied))
        if count or (count is None and node.object.revision):
            found.append((node.ref, count))
    return tuple(sorted(found, key=lambda remote: remote[0]))


def missing_workloads(
    graph: Graph, wanted: WorkloadFilter, views: Iterable[WorkloadView], read: frozenset[str]
) -> Iterator[InventoryEntry]:
    """The workloads that an inventory names and that do not exist, of kinds of which all were read.

    A Job is not missed: Kubernetes removes finished ones (spec.ttlSecondsAfterFinished).
    """
    existing = {view.traced.inventory_entry for view in views}
    kinds = dict.fromkeys((kind.kind, kind.group) for kind in wanted.kinds if kind.kind in read - {JOB.kind})
    named = (entry for kind, group in kinds for entry in graph.managed(kind, group) if entry not in existing)
    yield from sorted(entry for entry in named if wanted.names(entry))
