"""list_flux_workloads: what Flux runs, from which images, and who applies it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import anyio

from flux_mcp.api.kubernetes_kinds import WORKLOAD_KINDS
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.result import ListResult, Unread
from flux_mcp.errors import KubectlError
from flux_mcp.flux.graph import FluxNode, Graph, view_node
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.managed_workloads import (
    APPLIERS,
    Filter,
    Group,
    Running,
    deliver,
    group,
    lost,
    place,
    remote,
    view_running,
)
from flux_mcp.kubernetes.rollout_status import State
from flux_mcp.render.text import DEFAULT_BOUND, LIMIT_BOUND, Line, first_line, fit, unread_line
from flux_mcp.render.workloads import NAMED, WorkloadLines
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.quote import name_of, value
from flux_mcp.tools.arguments import Context, ImageContains, Limit, NameContains, Namespace, WorkloadKinds

NO_IMAGES: Final = "… images of workloads without trouble are left out: narrow with namespace, kinds or name_contains."


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxWorkloads:
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

    request: RequestContext
    groups: tuple[Group, ...]
    graph: Graph
    unmanaged: int
    made: Mapping[str, int]
    remote: tuple[tuple[ObjectRef, int | None], ...]
    lost: tuple[InventoryEntry, ...]
    flux: bool
    certain: bool
    unread: tuple[Unread, ...]
    limit: int | None

    @property
    def _total(self) -> int:
        return sum(len(entry.workloads) for entry in self.groups)

    def render(self) -> str:
        """The answer: counts, then the workloads of each applier with how they are and their images."""
        shown = tuple(_first(self.groups, self.limit))
        bound = DEFAULT_BOUND if self.limit is None else LIMIT_BOUND
        rest = self._total - sum(len(entry.workloads) for entry in shown)
        told = f"… {rest} more workloads: raise limit, or narrow with namespace, kinds or name_contains."
        lines = WorkloadLines(self.graph, self.request.now, *self._common, bound)
        last = [Line(told, stands_for=rest)] if rest else []
        return fit(
            self._head,
            (
                lambda: [*lines.full(shown, with_images=True), *last],
                lambda: [*lines.full(shown, with_images=False), Line(NO_IMAGES), *last],
                lambda: [*lines.folded(shown), Line(NO_IMAGES), *last],
            ),
            bound,
            lambda left: f"… {left} more workloads: narrow with namespace, kinds, name_contains or image_contains.",
        )

    @property
    def _common(self) -> tuple[str, str]:
        """The kind and the namespace that all workloads have, each empty where they differ."""
        refs = [one.ref for entry in self.groups for one in entry.workloads]
        kinds, namespaces = {ref.kind for ref in refs}, {ref.namespace for ref in refs}
        return (*kinds,)[0] if len(kinds) == 1 else "", (*namespaces,)[0] if len(namespaces) == 1 else ""

    def _head(self, named: int) -> Sequence[str]:
        lines = [first_line("list_flux_workloads", self.request, named, self._total), *unread_line(self.unread)]
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


async def list_flux_workloads(
    cluster: Cluster,
    *,
    namespace: Namespace = None,
    kinds: WorkloadKinds = None,
    name_contains: NameContains = None,
    image_contains: ImageContains = None,
    limit: Limit = None,
    context: Context = None,
) -> FluxWorkloads:
    """Workloads that Flux manages: who applies them, readiness, images of init and main containers."""
    wanted = Filter(kinds=kinds or WORKLOAD_KINDS, namespace=namespace, name=name_contains, image=image_contains)
    request = await cluster.open(context)
    workloads, appliers = await _read(cluster, request, wanted)
    workloads.require()
    graph = Graph(appliers.objects)
    matching = [one for one in workloads.objects if wanted.fits(one)]
    managed, unmanaged, made = deliver(matching, graph)
    unread = {kind.kind for kind in workloads.absent}
    return FluxWorkloads(
        request=request,
        groups=tuple(placed.group for placed in place(group(managed, graph, appliers.read))),
        graph=graph,
        unmanaged=unmanaged,
        made=made,
        remote=tuple(remote(graph, wanted)),
        lost=tuple(lost(graph, wanted, workloads.objects, workloads.read - unread)) if image_contains is None else (),
        flux=len(appliers.absent) < len(APPLIERS),
        certain=appliers.read >= {kind.kind for kind in APPLIERS},
        unread=(*workloads.unread, *appliers.unread),
        limit=limit,
    )


async def _read(
    cluster: Cluster, request: RequestContext, wanted: Filter
) -> tuple[ListResult[Running], ListResult[FluxNode]]:
    """The workloads, and at the same time the appliers; without these the labels still tell.

    Raises:
        KubectlError: the workloads could not be read.
    """
    appliers: list[ListResult[FluxNode]] = []
    workloads: list[ListResult[Running]] = []
    failed: list[KubectlError] = []

    async def read_workloads() -> None:
        try:
            workloads.append(await cluster.read(request, wanted.kinds, view_running, namespace=wanted.namespace))
        except KubectlError as error:
            failed.append(error)

    async def read_appliers() -> None:
        try:
            appliers.append(await cluster.read(request, APPLIERS, view_node))
        except KubectlError as error:
            unread_item = Unread(tuple(kind.kind for kind in APPLIERS), error.brief, error)
            appliers.append(ListResult((), frozenset(), unread=(unread_item,)))

    async with anyio.create_task_group() as both:
        both.start_soon(read_workloads)
        both.start_soon(read_appliers)
    for error in failed:
        raise error
    return workloads[0], appliers[0]
