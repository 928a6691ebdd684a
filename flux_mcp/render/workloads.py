"""Lines about workloads: how they are, from which images, below those who apply them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, groupby
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.flux.graph import Graph
from flux_mcp.flux.managed_workloads import Group, Running, place
from flux_mcp.flux.status import Health, health_of
from flux_mcp.kubernetes.rollout_status import Rollout
from flux_mcp.kubernetes.workloads import Container
from flux_mcp.render.text import Line, age, until_full
from flux_mcp.sanitize.quote import abbreviated, name_of, value

LINE: Final = 12
"""Workloads that stand on one line."""
CHARACTERS: Final = 1500
"""Characters of names and images of containers after which a line goes on in the next one."""
CONTAINERS: Final = 12
"""Containers of a workload that are named."""
NAMED: Final = 8
"""Objects of one sort that a line names."""


@dataclass(frozen=True, slots=True)
class WorkloadLines:
    """Writes the lines of some workloads.

    Attributes:
        kind: that of all of them, which the lines then do not repeat; empty where they differ.
        namespace: so for their namespace.
        bound: bytes that all lines may take.
    """

    graph: Graph
    now: datetime
    kind: str
    namespace: str
    bound: int

    def full(self, groups: Sequence[Group], *, with_images: bool) -> list[Line]:
        """A line an applier, further in than who applies it, and further ones where its workloads are many."""
        return self._until_full(self._full(groups, with_images=with_images), groups)

    def folded(self, groups: Sequence[Group]) -> list[Line]:
        """The workloads in trouble as ever; of the others their number, without who applies their applier."""
        trouble = [some for entry in groups if (some := _troubled(entry)) is not None]
        return self._until_full(chain(self._full(trouble, with_images=True), self._calm(groups)), groups)

    def _until_full(self, lines: Iterable[Line], groups: Sequence[Group]) -> list[Line]:
        return until_full(lines, sum(len(entry.workloads) for entry in groups), self.bound)

    def _full(self, groups: Sequence[Group], *, with_images: bool) -> Iterator[Line]:
        above: tuple[ObjectRef, ...] = ()
        for placed in place(groups):
            if not placed.depth:
                if placed.above not in {(), above}:
                    yield Line(f"{self._above(placed.above)} applies")
                above = placed.above
            margin = " " * (placed.depth + bool(above))
            for number, some in enumerate(_chunks(placed.group.workloads)):
                told = self._workloads(some, with_images=with_images)
                owners = self._owners(placed.group, again=number > 0)
                yield Line(f"{margin}{owners}: {told}", len(some), len(some))

    def _calm(self, groups: Sequence[Group]) -> Iterator[Line]:
        for entry in groups:
            calm = sorted(one.rollout.state.value for one in entry.workloads if not one.rollout.state.trouble)
            if calm:
                counted = ", ".join(f"{len([*same])} {state}" for state, same in groupby(calm))
                yield Line(f"{self._owners(entry, again=True)}: {counted}", 0, len(calm))

    def _owners(self, entry: Group, *, again: bool) -> str:
        return " and ".join(name_of(ref) if again else self._owner(ref, why) for ref, why in entry.owners)

    def _owner(self, ref: ObjectRef, why: str) -> str:
        """`HelmRelease apps/web Stalled (by label)`: its verdict if it is not Ready, and why it is said to be one."""
        node = self.graph.nodes.get(ref)
        health = health_of(node.object, self.now) if node is not None else Health.READY
        said = "" if health is Health.READY else f" {health.value}"
        return f"{name_of(ref)}{said}{f' ({why})' if why else ''}"

    def _above(self, refs: Sequence[ObjectRef]) -> str:
        more = f" and {len(refs) - NAMED} more" if len(refs) > NAMED else ""
        return " and ".join(self._owner(ref, "") for ref in refs[:NAMED]) + more

    def _workloads(self, some: Sequence[Running], *, with_images: bool) -> str:
        parts = []
        # Of those in trouble other things are said, so what is said of each is said of the others.
        alike = groupby(some, key=lambda one: (one.rollout.state.trouble, one.ref.kind, one.ref.namespace))
        for (_, kind, namespace), same in alike:
            start = "" if self.kind else f"{value(kind)} "
            where = "" if self.namespace else f"{value(namespace)}/"
            parts.append(self._together(start, where, [*same], with_images=with_images))
        return ". ".join(parts)

    def _together(self, start: str, where: str, same: Sequence[Running], *, with_images: bool) -> str:
        """`apps/web 2/2 main ghcr.io/acme/web:1`; of several what holds for each once: `apps/ each 1/1 main: …`."""
        hows = {how_it_is(one.rollout, self.now) for one in same}
        containers = {tuple((each.name, each.init) for each in one.workload.containers) for one in same}
        alike = len(same) > 1 and len(hows) == 1
        shown = with_images or same[0].rollout.state.trouble
        one_name = shown and alike and len(containers) == 1 and len(same[0].workload.containers) == 1
        told = []
        for one in same:
            listed = images(one.workload.containers, named=not one_name) if shown else ""
            how = "" if alike else how_it_is(one.rollout, self.now)
            parting = ", " if one.rollout.notes or one.rollout.reasons else " "
            named = f"{value(one.ref.name)} {how}".strip()
            told.append((parting if how else " ").join(filter(None, (named, listed))))
        if len(same) == 1:
            return f"{start}{where}{told[0]}"
        name = value(same[0].workload.containers[0].name) if one_name else ""
        each = " ".join(filter(None, ("each", hows.pop() if alike else "", name)))
        common = " ".join(filter(None, (start.strip(), where, each if alike else "")))
        return "; ".join(told) if not common else f"{common}: {'; '.join(told)}"


def how_it_is(how: Rollout, now: datetime) -> str:
    """`1/2 ProgressDeadlineExceeded`."""
    said = [value(how.schedule)] if how.schedule else []
    said += [*map(value, how.reasons), *how.notes]
    said += [f"last run {age(how.last_run, now)} ago"] if how.last_run else []
    if how.last_success and how.state.trouble:
        said.append(f"last success {age(how.last_success, now)} ago")
    return " ".join(filter(None, (how.counts, ", ".join(said))))


def images(containers: Sequence[Container], *, named: bool = True) -> str:
    """`init setup busybox:1.37, main ghcr.io/acme/web:1.0`."""
    told = [
        f"{'init ' if one.init else ''}{f'{value(one.name)} ' if named else ''}{abbreviated(one.image)}"
        for one in containers[:CONTAINERS]
    ]
    more = f" and {len(containers) - CONTAINERS} more containers" if len(containers) > CONTAINERS else ""
    return ", ".join(told) + more


def _chunks(workloads: Sequence[Running]) -> Iterator[Sequence[Running]]:
    """What stands on one line each: no more than fits into an answer beside others."""
    chunk: list[Running] = []
    length = 0
    for one in workloads:
        more = sum(len(each.name) + len(each.image) for each in one.workload.containers[:CONTAINERS])
        if chunk and (len(chunk) == LINE or length + more > CHARACTERS):
            yield chunk
            chunk, length = [], 0
        chunk.append(one)
        length += more
    if chunk:
        yield chunk


def _troubled(entry: Group) -> Group | None:
    """The part of a group that is in trouble."""
    some = tuple(one for one in entry.workloads if one.rollout.state.trouble)
    return replace(entry, workloads=some) if some else None
