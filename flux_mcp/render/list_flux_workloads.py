"""The answer of list_flux_workloads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.managed_workloads import (
    Group,
)
from flux_mcp.kubernetes.rollout_status import State
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line
from flux_mcp.render.workloads import NAMED, WorkloadLines
from flux_mcp.sanitize.quote import name_of, value

NO_IMAGES: Final = "… images of workloads without trouble are left out: narrow with namespace, kinds or name_contains."


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxWorkloads(Answer):
    """The workloads that match, by their appliers.

    Attributes:
        groups: in the order in which they are told, trouble first.
        unmanaged: how many match that no Flux object applies.
        made: how many match that another controller made, by its kind.
        remote: appliers to another cluster, and of how many workloads there they tell.
        lost: workloads that an inventory names and that are not there.
        flux: whether the API server serves any kind that applies workloads.
        certain: whether all appliers were read: an inventory that was not may name what no label does.
    """

    title = "list_flux_workloads"

    groups: tuple[Group, ...]
    graph: Graph
    unmanaged: int
    made: Mapping[str, int]
    remote: tuple[tuple[ObjectRef, int | None], ...]
    lost: tuple[InventoryEntry, ...]
    flux: bool
    certain: bool
    limit: int | None

    @property
    def _total(self) -> int:
        return sum(len(entry.workloads) for entry in self.groups)

    @property
    def bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    def count(self, named: int) -> tuple[int, int]:
        return named, self._total

    @property
    def found_nothing(self) -> bool:
        return not (self._total or self.remote or self.lost)

    def levels(self) -> Sequence[Level]:
        """The workloads of each applier with how they are and their images."""
        shown = tuple(_first(self.groups, self.limit))
        rest = self._total - sum(len(entry.workloads) for entry in shown)
        told = f"… {rest} more workloads: raise limit, or narrow with namespace, kinds or name_contains."
        lines = WorkloadLines(self.graph, self.request.now, *self._common, self.bound)
        last = [Line(told, stands_for=rest)] if rest else []
        return (
            lambda: [*lines.full(shown, with_images=True), *last],
            lambda: [*lines.full(shown, with_images=False), Line(NO_IMAGES), *last],
            lambda: [*lines.folded(shown), Line(NO_IMAGES), *last],
        )

    def left_out(self, rest: int) -> str:
        return f"… {rest} more workloads: narrow with namespace, kinds, name_contains or image_contains."

    @property
    def _common(self) -> tuple[str, str]:
        """The kind and the namespace that all workloads have, each empty where they differ."""
        refs = [one.ref for entry in self.groups for one in entry.workloads]
        kinds, namespaces = {ref.kind for ref in refs}, {ref.namespace for ref in refs}
        return (*kinds,)[0] if len(kinds) == 1 else "", (*namespaces,)[0] if len(namespaces) == 1 else ""

    def head(self, named: int) -> Sequence[str]:
        del named
        lines = []
        if not self.flux:
            lines.append("Flux is not installed: the API server serves no kind that applies workloads.")
        lines.append("; ".join(self._counts()))
        lines.extend(self._elsewhere())
        return lines

    def _counts(self) -> Iterator[str]:
        every = [one.rollout.state for entry in self.groups for one in entry.workloads]
        kind, namespace = self._common
        common = " ".join(filter(None, (value(kind) if kind else "", f"in {value(namespace)}" if namespace else "")))
        counted = ", ".join(f"{every.count(state)} {state.value}" for state in State if state in every)
        start = f"{common}: " if common else ""
        yield f"{start}{counted}" if every else "No workload that Flux manages matches"
        unsure = self.unmanaged and not self.certain
        yield f"{self.unmanaged} not managed by Flux{' as far as could be read' if unsure else ''}"
        if every and not any(why for entry in self.groups for _, why in entry.owners):
            yield "labels and inventories agree"
        if self.made:
            told = ", ".join(f"{value(kind)} {count}" for kind, count in sorted(self.made.items())[:NAMED])
            yield f"left out, made by another controller: {told}"

    def _elsewhere(self) -> Iterator[str]:
        if self.remote:
            told = [f"{'unknown' if count is None else count} of {name_of(ref)}" for ref, count in self.remote[:NAMED]]
            more = f" and of {len(self.remote) - NAMED} more" if len(self.remote) > NAMED else ""
            yield f"Workloads on another cluster: {', '.join(told)}{more}"
        if self.lost:
            more = f" and {len(self.lost) - NAMED} more" if len(self.lost) > NAMED else ""
            yield f"MISSING, though an inventory names it: {', '.join(map(self._lost, self.lost[:NAMED]))}{more}"

    def _lost(self, managed: InventoryEntry) -> str:
        of = " and ".join(name_of(ref) for ref in self.graph.holders(managed))
        return f"{name_of(managed.ref)} of {of}"


def _first(groups: Sequence[Group], limit: int | None) -> Iterator[Group]:
    """The first so many workloads of the groups."""
    room = limit
    for entry in groups:
        if room is None or len(entry.workloads) <= room:
            yield entry
        elif room:
            yield replace(entry, workloads=entry.workloads[:room])
        room = room if room is None else max(0, room - len(entry.workloads))
