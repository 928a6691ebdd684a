"""What an object waits for, and whether that moves: as long as it does, it is worth waiting for.

Source: kustomize-controller and helm-controller retry an object with a dependency or source that is not ready every 30
seconds (--requeue-dependency), and a Kustomization that depends on one of the same source until both have its revision.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from math import inf
from typing import Final

from flux_mcp.api.kind import Role
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.cluster.client import Cluster
from flux_mcp.cluster.gather import gather
from flux_mcp.errors import BadArgument, KubectlError, NotFound
from flux_mcp.flux.graph import Graph, loops
from flux_mcp.flux.status import NEW_REVISION, Flag, Health, ObjectStatus, assess, is_current
from flux_mcp.reconcile.outcome import WAITING, Target, view_target
from flux_mcp.request import RequestContext

MOST: Final = 50
"""Objects up the chain of what is waited for that are read."""
RETRY: Final = 35.0
"""Seconds within which a controller retries an object whose dependencies have become ready."""
STILL: Final = 3.0
"""Seconds for which what is waited for may stand still until the wait ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """An object that another one waits for, directly or by way of others.

    Attributes:
        target: None where there is no such object, or it could not be read.
        unread: why it could not be read.
        source: what it gets its content from, of a Kustomization that is Ready.
        needs: what it waits for itself.
    """

    ref: ObjectRef
    target: Target | None
    status: ObjectStatus | None
    unread: str = ""
    source: Target | None = None
    needs: tuple[ObjectRef, ...] = ()

    @property
    def behind(self) -> bool:
        """Whether its source has another revision than it has applied."""
        fetched = self.source.object.artifact_revision if self.source is not None else ""
        return self.target is not None and fetched not in {"", self.target.object.applied_revision}

    @property
    def ready(self) -> bool:
        """Whether a controller takes it for ready: Ready, of the latest generation, at the revision of its source."""
        ready = self.target.object.ready if self.target is not None else None
        return (
            self.target is not None
            and ready is not None
            and ready.status == "True"
            and is_current(self.target.object, ready)
            and not self.behind
        )


@dataclass(frozen=True)
class Dependencies:
    """What one object waits for, at one moment.

    Attributes:
        start: the object.
        found: by name, the nearest first.
    """

    start: Target
    found: Mapping[ObjectRef, Dependency]

    @property
    def blocking(self) -> tuple[Dependency, ...]:
        """Those that are not ready; where all are, those that the object names."""
        found = tuple(self.found.values())
        return tuple(dependency for dependency in found if not dependency.ready) or found

    @property
    def sources_ahead(self) -> set[ObjectRef]:
        """The sources with a revision that a Kustomization, though Ready, has not applied."""
        return {
            dependency.source.ref
            for dependency in self.found.values()
            if dependency.source is not None and dependency.behind
        }

    @cached_property
    def loop(self) -> tuple[ObjectRef, ...]:
        """The objects that wait for each other."""
        targets = [
            self.start,
            *(dependency.target for dependency in self.found.values() if dependency.target is not None),
        ]
        return next(iter(loops(Graph(target.node for target in targets))), ())

    @cached_property
    def ends(self) -> tuple[Dependency, ...]:
        """Where something must happen next: objects that are not ready and wait for none that is not."""
        start = Dependency(ref=self.start.ref, target=self.start, status=None, needs=_needs(self.start))
        late = {start.ref, *(ref for ref, dependency in self.found.items() if not dependency.ready)}
        return tuple(
            dependency
            for dependency in (start, *self.found.values())
            if not (dependency.ready or late & set(dependency.needs))
        )


def _needs(target: Target) -> tuple[ObjectRef, ...]:
    """What an object waits for, nearest only."""
    ready = target.object.ready
    if ready is None or ready.status == "True":
        return ()
    if ready.reason == "DependencyNotReady":
        return target.node.depends_on
    return target.object.sources if ready.reason in WAITING or target.object.kind.role is Role.SOURCE else ()


def _compared(target: Target) -> tuple[ObjectRef, ...]:
    """The sources whose revision shows whether a Kustomization has applied it."""
    ready = target.object.ready
    settled = target.ref.kind == "Kustomization" and ready is not None and ready.status == "True"
    return target.object.sources if settled else ()


async def read_dependencies(cluster: Cluster, request: RequestContext, target: Target) -> Dependencies:
    """What an object waits for, level by level; each level with one kubectl a kind and namespace.

    What cannot be read is part of the result.
    """
    targets: dict[ObjectRef, Target] = {}
    unread: dict[ObjectRef, str] = {}
    needed: dict[ObjectRef, None] = {}
    level: Sequence[ObjectRef] = _needs(target)
    while level and len(needed) < MOST:
        needed.update(dict.fromkeys(level))
        read = await read_targets(cluster, request, [ref for ref in level if ref not in targets], unread)
        targets |= read
        sources = [ref for target in read.values() for ref in _compared(target) if ref not in targets]
        targets |= await read_targets(cluster, request, sources, {})
        following = (ref for target in read.values() for ref in _needs(target))
        level = [ref for ref in dict.fromkeys(following) if ref not in needed and ref != target.ref]
    objects = (target.object for target in targets.values())
    statuses = {status.object.ref: status for status in assess(objects, datetime.now(UTC))}
    found = {ref: _dependency(ref, targets, statuses, unread) for ref in needed}
    return Dependencies(target, found)


def _dependency(
    ref: ObjectRef,
    targets: Mapping[ObjectRef, Target],
    statuses: Mapping[ObjectRef, ObjectStatus],
    unread: Mapping[ObjectRef, str],
) -> Dependency:
    target = targets.get(ref)
    if target is None:
        return Dependency(ref=ref, target=None, status=None, unread=unread.get(ref, ""))
    source = next((targets[ref] for ref in _compared(target) if ref in targets), None)
    return Dependency(ref=ref, target=target, status=statuses[ref], source=source, needs=_needs(target))


async def read_targets(
    cluster: Cluster, request: RequestContext, refs: Iterable[ObjectRef], unread: dict[ObjectRef, str]
) -> dict[ObjectRef, Target]:
    """The objects that are there; those that could not be read are added to `unread`."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ref in refs:
        if ref.kind in by_kind:
            places[ref.kind, ref.namespace].append(ref.name)
        else:
            unread[ref] = "not a Flux kind"

    async def read(kind: str, namespace: str, names: Sequence[str]) -> tuple[Target, ...]:
        try:
            reading = await cluster.read(
                request, (by_kind[kind],), view_target, namespace=namespace, names=tuple(names)
            )
        except (NotFound, BadArgument):
            return ()  # nobody checks what a reference names
        except KubectlError as error:
            unread.update({ObjectRef(kind, namespace, name): error.brief for name in names})
            return ()
        there = {target.ref for target in reading.objects}
        for part in reading.unread:
            if not isinstance(part.error, NotFound):
                gone = (ObjectRef(kind, namespace, name) for name in names)
                unread.update({ref: part.why for ref in gone if ref not in there})
        return reading.objects

    async with gather() as reads:
        pending = [reads.start(kind, read(kind, where, names), ()) for (kind, where), names in places.items()]
    return {target.ref: target for found in pending for target in found.value}


@dataclass(slots=True)
class Progress:
    """Whether what an object waits for moves, from one look to the next."""

    _seen: dict[ObjectRef, tuple[object, float, float]] = field(default_factory=dict)

    def goes_on(self, dependencies: Dependencies, now: float, left: float) -> bool:
        """Whether everything that must happen next may still happen: each has moved, or may take its time.

        Args:
            dependencies: as they are now.
            now: in seconds.
            left: seconds that the wait may still take.
        """
        ends = dependencies.ends
        seen: dict[ObjectRef, tuple[object, float, float]] = {}
        for dependency in ends:
            state = (
                dependency.target,
                *(dependencies.found[ref].target for ref in dependency.needs if ref in dependencies.found),
            )
            before = self._seen.get(dependency.ref)
            if before is None or before[0] != state:
                before = state, now, _patience(dependency, left)
            seen[dependency.ref] = before
        self._seen = seen
        return bool(dependencies.found and ends) and all(now - since <= most for _, since, most in seen.values())


def _patience(dependency: Dependency, left: float) -> float:
    """Seconds for which an object may stand still and something is to be expected all the same."""
    if dependency.target is None:
        return RETRY if dependency.unread else STILL
    if dependency.status is None or dependency.status.reason in WAITING:
        return RETRY
    if dependency.behind and Flag.REVISION_BEHIND not in dependency.status.flags:
        return NEW_REVISION  # its source has just fetched another revision
    if dependency.status.health is Health.PROGRESSING and Flag.STUCK not in dependency.status.flags:
        return inf
    # A failed run that its controller retries before the wait ends.
    retried = dependency.status.health is Health.FAILING and 0 < dependency.target.retry < left
    return dependency.target.retry if retried else STILL
