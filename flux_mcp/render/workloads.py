"""Lines about workloads: their status and their images, below those who apply them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.managed_workloads import Confirmation, WorkloadGroup, WorkloadView
from flux_mcp.flux.status import Health, health_of
from flux_mcp.kubernetes.rollout_status import Rollout
from flux_mcp.kubernetes.workloads import Container
from flux_mcp.render.text import Line, age, and_more, until_full
from flux_mcp.sanitize.quote import abbreviated, name_of, value

CONTAINERS: Final = 12
"""Containers of a workload that are named."""
NAMED: Final = 8
"""Objects of one sort that a line names."""
_CONFIRMATION: Final = {
    Confirmation.BOTH: "",
    Confirmation.INVENTORY_ONLY: "by its inventory, without a label",
    Confirmation.NO_INVENTORY: "by label, as it has no inventory",
    Confirmation.NOT_IN_INVENTORY: "by label, but not in its inventory",
    Confirmation.HOOK: "by label, as a Helm hook",
    Confirmation.ELSEWHERE: "by label, but it applies to another cluster",
    Confirmation.MISSING: "by label, but it does not exist",
    Confirmation.UNREAD: "by label, as it could not be read",
}


@dataclass(frozen=True, slots=True)
class WorkloadLines:
    """Writes the lines of some workloads.

    Attributes:
        bound: bytes that all lines may take.
    """

    graph: Graph
    now: datetime
    bound: int

    def full(self, groups: Sequence[WorkloadGroup], *, with_images: bool) -> list[Line]:
        """A line for each applier, below it one for each workload, below that one for each container.

        Args:
            groups: trouble first.
            with_images: of all workloads, else of those in trouble alone.
        """
        return self._until_full(self._lines(groups, with_images=with_images), groups)

    def folded(self, groups: Sequence[WorkloadGroup]) -> list[Line]:
        """The workloads in trouble as in `full`; of the others their number."""
        return self._until_full(self._lines(groups, with_images=False, folded=True), groups)

    def _until_full(self, lines: Iterable[Line], groups: Sequence[WorkloadGroup]) -> list[Line]:
        return until_full(lines, sum(len(group.workloads) for group in groups), self.bound)

    def _lines(self, groups: Sequence[WorkloadGroup], *, with_images: bool, folded: bool = False) -> Iterator[Line]:
        for group in groups:
            start = f"{self._owners(group)}\n"
            others = Counter[str]()
            for view in group.workloads:
                trouble = view.rollout.state.trouble
                if folded and not trouble:
                    others[view.rollout.state.value] += 1
                    continue
                lines = self._workload(view, with_images=with_images or trouble)
                yield Line(start + "\n".join(lines), 1, 1)
                start = ""
            if others:
                counted = ", ".join(f"{count} {state}" for state, count in sorted(others.items()))
                yield Line(f"{start}  {'others: ' if not start else ''}{counted}", 0, others.total())

    def _owners(self, group: WorkloadGroup) -> str:
        """`HelmRelease apps/web (applied by Kustomization flux-system/apps)`."""
        appliers = and_more(group.parents, NAMED, self._applier, by=" and ")
        parents = f"applied by {appliers}" if appliers else ""
        *others, (last, why) = group.owners
        owners = [self._with_notes(ref, _CONFIRMATION[why]) for ref, why in others]
        return " and ".join((*owners, self._with_notes(last, _CONFIRMATION[why], parents)))

    def _with_notes(self, ref: ObjectRef, *notes: str) -> str:
        noted = ", ".join(filter(None, notes))
        return self._applier(ref) + (f" ({noted})" if noted else "")

    def _applier(self, ref: ObjectRef) -> str:
        """`HelmRelease apps/web, Stalled`: its health if it is not Ready."""
        node = self.graph.nodes.get(ref)
        health = health_of(node.object, self.now) if node is not None else Health.READY
        return name_of(ref) + ("" if health is Health.READY else f", {health.value}")

    def _workload(self, view: WorkloadView, *, with_images: bool) -> Iterator[str]:
        yield f"  {name_of(view.ref)}: {rollout_text(view.rollout, self.now)}"
        if with_images:
            yield from (f"    {line}" for line in container_lines(view.workload.containers))


def rollout_text(rollout: Rollout, now: datetime) -> str:
    """`1 of 2 ready, ProgressDeadlineExceeded`."""
    parts = [f"schedule {value(rollout.schedule)}"] if rollout.schedule else []
    parts += [rollout.counts] if rollout.counts else []
    parts += [*map(value, rollout.reasons), *rollout.notes]
    parts += [f"last run {age(rollout.last_run, now)} ago"] if rollout.last_run else []
    if rollout.last_success and rollout.state.trouble:
        parts.append(f"last success {age(rollout.last_success, now)} ago")
    return ", ".join(parts)


def without_digest(image: str) -> str:
    """An image in a list: a digest only where no tag names the image, as `get_kubernetes_resources` has it in full."""
    named, sign, _ = image.partition("@")
    return value(named) if sign and ":" in named.rpartition("/")[2] else abbreviated(image)


def container_lines(containers: Sequence[Container]) -> Iterator[str]:
    """`main: ghcr.io/acme/web:1.0` and `setup (init): busybox:1.37`."""
    for container in containers[:CONTAINERS]:
        yield f"{value(container.name)}{' (init)' if container.init else ''}: {without_digest(container.image)}"
    if len(containers) > CONTAINERS:
        yield f"and {len(containers) - CONTAINERS} more containers"
