"""The answer of list_flux_workloads."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.managed_workloads import Confirmation, WorkloadGroup
from flux_mcp.kubernetes.rollout_status import State
from flux_mcp.render.answer import Answer, Level
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, and_more
from flux_mcp.render.workloads import NAMED, WorkloadLines
from flux_mcp.sanitize.quote import name_of, value

NO_IMAGES: Final = "… images of workloads without trouble are left out: narrow with namespace, kinds or name_contains."


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxWorkloads(Answer):
    """The workloads that match, by their appliers.

    Attributes:
        groups: trouble first.
        unmanaged: how many match that no Flux object applies.
        made: how many match that another controller made, by its kind.
        remote: appliers to another cluster, and how many workloads there their inventory names, if it is known.
        missing: workloads that an inventory names and that do not exist.
        flux: whether the API server serves any kind that applies workloads.
        certain: whether all appliers were read: an inventory that was not may name what no label does.
    """

    title = "list_flux_workloads"

    groups: tuple[WorkloadGroup, ...]
    graph: Graph
    unmanaged: int
    made: Mapping[str, int]
    remote: tuple[tuple[ObjectRef, int | None], ...]
    missing: tuple[InventoryEntry, ...]
    flux: bool
    certain: bool
    limit: int | None

    @property
    def _total(self) -> int:
        return sum(len(group.workloads) for group in self.groups)

    @property
    def bound(self) -> int:
        return DEFAULT_BOUND if self.limit is None else LIMIT_BOUND

    def count(self, named: int) -> tuple[int, int]:
        return named, self._total

    @property
    def found_nothing(self) -> bool:
        return not (self._total or self.remote or self.missing)

    def levels(self) -> Sequence[Level]:
        """The workloads of each applier with their status and images."""
        shown = tuple(_first(self.groups, self.limit))
        rest = self._total - sum(len(group.workloads) for group in shown)
        more = f"… {rest} more workloads: raise limit, or narrow with namespace, kinds or name_contains."
        last = [Line(more, stands_for=rest)] if rest else []
        lines = WorkloadLines(self.graph, self.request.now, self.bound)
        return (
            lambda: [*lines.full(shown, with_images=True), *last],
            lambda: [*lines.full(shown, with_images=False), Line(NO_IMAGES), *last],
            lambda: [*lines.folded(shown), Line(NO_IMAGES), *last],
        )

    def left_out(self, rest: int) -> str:
        return f"… {rest} more workloads: narrow with namespace, kinds, name_contains or image_contains."

    def head(self, named: int) -> Iterator[str]:
        del named
        if not self.flux:
            yield "Flux is not installed: the API server serves no kind that applies workloads."
        in_part = any(kind.kind in one.kinds for one in self.unread for kind in WORKLOAD_KINDS)
        if not self.groups:
            yield f"No workload that Flux manages matches{', as far as could be read' if in_part else ''}."
        else:
            agree = all(why is Confirmation.BOTH for group in self.groups for _, why in group.owners)
            yield "; ".join(self._counts()) + (". Labels and inventories agree." if agree else "")
        unsure = self.unmanaged and not self.certain
        yield f"Not managed by Flux: {self.unmanaged}{', as far as could be read' if unsure else ''}"
        if self.made:
            makers = (f"{count} by a {value(kind)}" for kind, count in sorted(self.made.items())[:NAMED])
            yield f"Left out, created by another controller: {', '.join(makers)}"
        yield from self._elsewhere()

    def _counts(self) -> Iterator[str]:
        """`Deployment: 2 not ready, 22 ready`."""
        states: dict[str, Counter[State]] = defaultdict(Counter)
        for group in self.groups:
            for view in group.workloads:
                states[view.ref.kind][view.rollout.state] += 1
        for kind, counts in sorted(states.items()):
            counted = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
            yield f"{value(kind)}: {counted}"

    def _elsewhere(self) -> Iterator[str]:
        if self.remote:
            applied = and_more(self.remote, NAMED, _applies, what=" appliers")
            yield f"Workloads on other clusters, not read: {applied}"
        if self.missing:
            yield f"Missing, though in an inventory: {and_more(self.missing, NAMED, self._missing)}"

    def _missing(self, entry: InventoryEntry) -> str:
        return f"{name_of(entry.ref)} ({' and '.join(map(name_of, self.graph.holders(entry)))})"


def _applies(remote: tuple[ObjectRef, int | None]) -> str:
    ref, count = remote
    return f"{name_of(ref)} applies {'an unknown number' if count is None else count}"


def _first(groups: Sequence[WorkloadGroup], limit: int | None) -> Iterator[WorkloadGroup]:
    """The groups with the first so many workloads."""
    room = limit
    for group in groups:
        if room is None or len(group.workloads) <= room:
            yield group
        elif room:
            yield replace(group, workloads=group.workloads[:room])
        room = room if room is None else max(0, room - len(group.workloads))
