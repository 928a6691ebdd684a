"""What Flux runs: workloads, who applies them, and how sure that is.

Source: our knowledge file, sections 3, 3.1 and 3.2. Appliers label what they apply; the inventory of the applier
confirms it. Helm releases have an inventory since Flux 2.8; without one the label alone tells, which is no mismatch.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Kind
from flux_mcp.api.kubernetes_kinds import JOB
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.ownership import OwnershipClaim, TracedObject, ownership_claims, view_traced
from flux_mcp.kubernetes.rollout_status import Rollout, State, rollout
from flux_mcp.kubernetes.workloads import Workload, view_workload

APPLIERS: Final = tuple(kind for kind in FLUX_KINDS if kind.owner_label)
"""The kinds that apply workloads."""
HOOK: Final = "helm.sh/hook"
DEEPEST: Final = 20
"""Appliers below each other that are told of as such."""
_Owners: TypeAlias = tuple[tuple[ObjectRef, str], ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A workload: what it runs, how it is, and what it tells of where it comes from."""

    workload: Workload
    rollout: Rollout
    traced: TracedObject

    @property
    def ref(self) -> ObjectRef:
        """What it is called."""
        return self.workload.ref


def view_running(item: Mapping[str, Any]) -> Running | None:
    """The view of one workload; None if it is none, or has no name."""
    workload, how, traced = view_workload(item), rollout(item), view_traced(item)
    return Running(workload, how, traced) if workload is not None and how is not None and traced is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What was asked for. None stands for everything.

    Attributes:
        image: a part of an image, before it is shortened.
    """

    kinds: Sequence[Kind]
    namespace: str | None = None
    name: str | None = None
    image: str | None = None

    def fits(self, one: Running) -> bool:
        """Whether a workload of the kinds and namespace that were read is asked for."""
        images = (container.image.lower() for container in one.workload.containers)
        return self._named(one.ref.name) and (self.image is None or any(self.image.lower() in i for i in images))

    def names(self, managed: InventoryEntry) -> bool:
        """Whether an inventory's entry is a workload that is asked for; of its images it tells nothing."""
        kinds = {(kind.kind, kind.group) for kind in self.kinds}
        within = self.namespace in {None, managed.namespace}
        return (managed.kind, managed.group) in kinds and within and self._named(managed.name)

    def _named(self, name: str) -> bool:
        return self.name is None or self.name.lower() in name.lower()


@dataclass(frozen=True, slots=True)
class Delivered:
    """A workload that Flux manages, and the ties to those who apply it: several where label and inventory disagree."""

    running: Running
    ties: tuple[OwnershipClaim, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The workloads of the same appliers, those in trouble first.

    Attributes:
        owners: the appliers, each with why it is said to be one in words of ours; empty where label and inventory
            agree.
        parents: who applies the appliers.
    """

    owners: _Owners
    parents: tuple[ObjectRef, ...]
    workloads: tuple[Running, ...]

    @property
    def rank(self) -> int:
        """That of the workload that is worst."""
        return min(map(_rank, self.workloads), default=len(_RANK))


_RANK: Final = {state: rank for rank, state in enumerate(State)}


def _rank(one: Running) -> int:
    """Those in trouble in the order of trouble, then all others."""
    return _RANK[one.rollout.state] if one.rollout.state.trouble else len(_RANK)


def deliver(found: Iterable[Running], graph: Graph) -> tuple[tuple[Delivered, ...], int, Counter[str]]:
    """What Flux manages, how many it does not, and how many are the work of another controller, by that one's kind.

    What a controller made (a Job of a CronJob, a StatefulSet of a Prometheus) carries labels by chance at most.
    """
    managed, unmanaged, made = [], 0, Counter[str]()
    for one in found:
        if one.workload.owner is not None:
            made[one.workload.owner.kind] += 1
        elif tied := ownership_claims((one.traced,), graph):
            managed.append(Delivered(one, tied))
        else:
            unmanaged += 1
    return tuple(managed), unmanaged, made


def group(managed: Iterable[Delivered], graph: Graph, read: frozenset[str]) -> tuple[Group, ...]:
    """The workloads by their appliers, those in trouble first.

    Args:
        managed: from `deliver`.
        graph: of the appliers.
        read: the kinds of appliers of which all were read.
    """
    workloads: dict[_Owners, list[Running]] = defaultdict(list)
    for one in managed:
        owners = tuple((tie.applier, _why(tie, one.running, graph, read)) for tie in one.ties)
        workloads[owners].append(one.running)
    return tuple(
        Group(
            owners,
            tuple(dict.fromkeys(parent for ref, _ in owners for parent in graph.owners(ref))),
            tuple(sorted(some, key=lambda one: (_rank(one), one.ref))),
        )
        for owners, some in workloads.items()
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """A group in its place among others.

    Attributes:
        depth: how far below an applier that is itself told of.
        above: who applies its appliers, where that is not told by its depth.
    """

    group: Group
    depth: int
    above: tuple[ObjectRef, ...]


def place(groups: Sequence[Group]) -> tuple[Placed, ...]:
    """The groups in the order in which they are told: an applier's own workloads, then those of whom it applies.

    Trouble first: a group counts as what is worst in it or below it. Appliers may apply each other in a circle.
    """
    appliers = {entry.owners[0][0]: entry for entry in reversed(groups) if len(entry.owners) == 1}
    below: dict[_Owners, list[Group]] = defaultdict(list)
    for entry in groups:
        over = appliers.get(entry.parents[0]) if len(entry.parents) == 1 else None
        below[over.owners if over is not None else ()].append(entry)
    seen: set[_Owners] = set()

    def block(entry: Group, depth: int) -> Sequence[Placed]:
        seen.add(entry.owners)
        inner = below[entry.owners] if depth < DEEPEST else ()
        blocks = [block(one, depth + 1) for one in inner if one.owners not in seen]
        blocks.sort(key=_worst)
        return (Placed(entry, depth, () if depth else entry.parents), *chain.from_iterable(blocks))

    # Those of a circle are below nobody who is told of first.
    blocks = [block(one, 0) for one in (*below[()], *groups) if one.owners not in seen]
    ranks: dict[tuple[ObjectRef, ...], int] = {}
    for some in blocks:
        ranks[some[0].above] = min(ranks.get(some[0].above, len(_RANK)), _worst(some)[0])
    blocks.sort(key=lambda some: (ranks[some[0].above], some[0].above, _worst(some)))
    return tuple(chain.from_iterable(blocks))


def _worst(block: Sequence[Placed]) -> tuple[int, _Owners]:
    return min(placed.group.rank for placed in block), block[0].group.owners


def _why(tie: OwnershipClaim, one: Running, graph: Graph, read: frozenset[str]) -> str:
    if not tie.by_label:
        return "by inventory, no label names it"
    if not tie.applier_read:
        return f"by label, but {'not found here' if tie.applier.kind in read else 'not read'}"
    if tie.in_inventory is None:
        return "by label" + (", but it applies to another cluster" if graph.nodes[tie.applier].remote else "")
    if tie.in_inventory:
        return ""
    return "by label, a Helm hook" if HOOK in one.workload.annotations else "by label, but not in its inventory"


def remote(graph: Graph, wanted: Filter) -> tuple[tuple[ObjectRef, int | None], ...]:
    """The appliers to another cluster, and of how many workloads there their inventory tells.

    None where there is no inventory; those that never applied anything, or nothing that was asked for, are left out.
    """
    found: list[tuple[ObjectRef, int | None]] = []
    for one in graph.nodes.values():
        told = None if one.applied is None else sum(map(wanted.names, one.applied))
        if one.remote and (told or (told is None and one.object.revision)):
            found.append((one.ref, told))
    return tuple(sorted(found, key=lambda entry: entry[0]))


def lost(graph: Graph, wanted: Filter, found: Iterable[Running], read: frozenset[str]) -> Iterator[InventoryEntry]:
    """The workloads that an inventory names and that are not there, of kinds of which all were read.

    A Job is not missed: Kubernetes removes finished ones (spec.ttlSecondsAfterFinished).
    """
    there = {one.traced.inventory_entry for one in found}
    for managed in sorted(graph.held()):
        if managed.kind in read and managed.kind != JOB.kind and managed not in there and wanted.names(managed):
            yield managed
