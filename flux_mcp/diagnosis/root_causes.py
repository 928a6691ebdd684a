"""From every object in trouble to the root causes, and from each cause to what it blocks.

Deterministic, and iterative throughout: chains of thousands, loops and names that collide are ordinary. An object may
be blocked by several causes; objects that wait for each other are one cause; objects with the same error are one too.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.blockers import blocked
from flux_mcp.diagnosis.catalog.lookup import failure
from flux_mcp.diagnosis.cause import Cause, CauseType, Detail, Fact
from flux_mcp.diagnosis.search import Blocked, controller_cause
from flux_mcp.diagnosis.silent import silent
from flux_mcp.diagnosis.snapshot import Snapshot
from flux_mcp.flux.graph_algorithms import components
from flux_mcp.flux.installation import Controller
from flux_mcp.flux.status import ObjectStatus

_TYPES: Final = {kind: position for position, kind in enumerate(CauseType)}
DETAILS: Final = 6
"""Details of causes that are one that are kept."""


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong, and why.

    Attributes:
        statuses: of every object.
        blocked: each object in trouble, and suspended ones that others wait for → what it waits for.
        causes: in the order in which they are listed: controllers first, then those that block most.
        blocking: each object in trouble → its causes, as a set of bits: bit n stands for causes[n].
    """

    statuses: Mapping[ObjectRef, ObjectStatus]
    blocked: Mapping[ObjectRef, Blocked]
    causes: tuple[Cause, ...]
    blocking: Mapping[ObjectRef, int]

    @cached_property
    def blocks(self) -> tuple[tuple[ObjectRef, ...], ...]:
        """For each cause, the objects that wait for it or fail with it, in the order of trouble; its members not."""
        found: list[list[ObjectRef]] = [[] for _ in self.causes]
        members = [frozenset(cause.members) for cause in self.causes]
        for ref in sorted(self.blocking, key=lambda ref: self.statuses[ref].order):
            for position in _bits(self.blocking[ref]):
                if ref not in members[position]:
                    found[position].append(ref)
        return tuple(map(tuple, found))

    def causes_of(self, ref: ObjectRef) -> tuple[int, ...]:
        """The positions of an object's causes; none for one that is not in trouble."""
        return tuple(_bits(self.blocking.get(ref, 0)))

    def path(self, ref: ObjectRef, position: int) -> tuple[ObjectRef, ...]:
        """The objects from one to a cause of it: the shortest path, both ends in."""
        came: dict[ObjectRef, ObjectRef] = {}
        waiting, seen = [ref], {ref}
        while waiting:
            following: list[ObjectRef] = []
            for at in waiting:
                if self._ends(at, position):
                    return _back(at, ref, came)
                for target in self.blocked[at].by if at in self.blocked else ():
                    if target not in seen:
                        seen.add(target)
                        came[target] = at
                        following.append(target)
            waiting = following
        return (ref,)

    def _ends(self, ref: ObjectRef, position: int) -> bool:
        cause = self.causes[position]
        if ref in cause.members:
            return True
        return ref in self.blocked and any(
            end.type is cause.type and set(end.members) & set(cause.members) for end in self.blocked[ref].causes
        )

    def waiting_for(self, ref: ObjectRef) -> tuple[ObjectRef, ...]:
        """The objects in trouble that wait for one, at whatever distance, in the order of trouble."""
        users: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
        for user, found in self.blocked.items():
            for target in found.by:
                users[target].append(user)
        seen, waiting = {ref}, [ref]
        while waiting:
            for user in users.get(waiting.pop(), ()):
                if user not in seen:
                    seen.add(user)
                    waiting.append(user)
        return tuple(sorted((seen - {ref}) & self.blocking.keys(), key=lambda one: self.statuses[one].order))

    def needs(self, refs: Iterable[ObjectRef]) -> frozenset[tuple[str, str]]:
        """What more to read for these objects: namespaces, and kinds in each."""
        found = (self.blocked[ref].needs for ref in refs if ref in self.blocked)
        return frozenset(need for needs in found for need in needs)


def _back(end: ObjectRef, start: ObjectRef, came: Mapping[ObjectRef, ObjectRef]) -> tuple[ObjectRef, ...]:
    path = [end]
    while path[-1] != start:
        path.append(came[path[-1]])
    return tuple(reversed(path))


def _bits(bits: int) -> Iterator[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def diagnose(snapshot: Snapshot) -> Diagnosis:
    """The causes of all trouble."""
    found = silent(snapshot)
    troubled = [ref for ref, status in snapshot.statuses.items() if status.trouble]
    waiting = [*troubled, *(target for one in found.values() for target in one.by)]
    found |= {ref: blocked(ref, snapshot) for ref in troubled}
    while waiting:
        # What is suspended is in no trouble itself, and what it waits for is a cause of what waits for it.
        for target in found[waiting.pop()].by:
            known = found.get(target)
            if known is None or not (known.by or known.causes):
                found[target] = blocked(target, snapshot)
                if known is not None:
                    found[target] = replace(found[target], needs=known.needs | found[target].needs)
                waiting.append(target)
    edges = {ref: tuple(target for target in one.by if target in found) for ref, one in found.items()}
    knots = components(edges)
    loops = {ref: loop for knot in knots for loop in _loop(knot, edges, snapshot) for ref in knot}
    shared = _same_errors(found, snapshot, dict.fromkeys(loops.values()))
    causes: dict[Cause, int] = {}
    bits_of: dict[ObjectRef, int] = {}
    for together in knots:
        bits = 0
        for ref in together:
            for cause in found[ref].causes:
                bits |= 1 << causes.setdefault(shared.get(cause, cause), len(causes))
            for target in edges[ref]:
                bits |= bits_of.get(target, 0)
        if (loop := loops.get(together[0])) is not None:
            bits |= 1 << causes.setdefault(shared.get(loop, loop), len(causes))
        bits_of.update(dict.fromkeys(together, bits))
    blocking = {ref: bits for ref, bits in bits_of.items() if _in_trouble(ref, snapshot, found)}
    return _ordered(snapshot, found, [*causes], blocking)


def _in_trouble(ref: ObjectRef, snapshot: Snapshot, found: Mapping[ObjectRef, Blocked]) -> bool:
    """Whether an object is in trouble itself, and not only suspended or running and waited for."""
    status = snapshot.statuses[ref]
    return status.trouble or not any(one.type in {CauseType.SUSPENDED, CauseType.RUNNING} for one in found[ref].causes)


def _loop(
    knot: tuple[ObjectRef, ...], edges: Mapping[ObjectRef, tuple[ObjectRef, ...]], snapshot: Snapshot
) -> Iterator[Cause]:
    """The cause that objects wait for each other."""
    if len(knot) > 1 or knot[0] in edges[knot[0]]:
        members = tuple(sorted(knot, key=lambda ref: snapshot.statuses[ref].order))
        name = "dependency-loop" if len(members) > 1 else "dependency-on-itself"
        if any(snapshot.awaits(target, ref) for ref in members for target in snapshot.objects[ref].node.depends_on):
            name = "dependency-on-parent"
        yield Cause(CauseType.LOOP, members, (failure(name),), key=("loop", frozenset(members)))


def _ordered(
    snapshot: Snapshot, found: Mapping[ObjectRef, Blocked], causes: list[Cause], blocking: Mapping[ObjectRef, int]
) -> Diagnosis:
    """The causes of objects in trouble, and controllers that are down, in order."""
    used = 0
    for bits in blocking.values():
        used |= bits
    kept = {position: cause for position, cause in enumerate(causes) if used >> position & 1}
    listed = {ref for cause in kept.values() if cause.type is CauseType.CONTROLLER for ref in cause.members}
    missing = [controller_cause(one, snapshot) for one in failing_controllers(snapshot) if one.ref not in listed]
    missing += _twice(snapshot)
    plain = Diagnosis(snapshot.statuses, found, tuple(causes), blocking)
    weight = [len(refs) for refs in plain.blocks]

    def order(position: int) -> tuple[bool, int, int, tuple[int, int, str, str], str]:
        cause = causes[position]
        status = snapshot.statuses.get(cause.members[0])
        place = status.order if status is not None else (0, 0, "", "")
        controller = cause.type is CauseType.CONTROLLER
        return not controller, -weight[position], _TYPES[cause.type], place, str(cause.members[0])

    ordered = sorted(kept, key=order)
    first = sum(kept[position].type is CauseType.CONTROLLER for position in ordered)
    idle = _merged(missing)
    moved = {position: (new if new < first else new + len(idle)) for new, position in enumerate(ordered)}
    listed_causes = [kept[position] for position in ordered]
    return Diagnosis(
        snapshot.statuses,
        found,
        (*listed_causes[:first], *idle, *listed_causes[first:]),
        {ref: sum(1 << moved[position] for position in _bits(bits)) for ref, bits in blocking.items()},
    )


def _merged(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    groups: dict[tuple[object, ...], list[Cause]] = defaultdict(list)
    for cause in causes:
        groups[cause.key].append(cause)
    return tuple(_merge(group) for group in groups.values())


def _merge(group: list[Cause]) -> Cause:
    """Causes with the same key as one: what differs in them is kept as far as it is short."""
    if len(group) == 1:
        return group[0]
    members = tuple(dict.fromkeys(ref for cause in group for ref in cause.members))
    details = tuple(dict.fromkeys(one for cause in group for one in cause.details))[:DETAILS]
    workloads = tuple(dict.fromkeys(one for cause in group for one in cause.workloads))[:DETAILS]
    failures = tuple(dict.fromkeys(one for cause in group for one in cause.failures))
    return replace(group[0], members=members, failures=failures, details=details, workloads=workloads)


def failing_controllers(snapshot: Snapshot) -> tuple[Controller, ...]:
    """The controllers that crash, whose upgrade is stuck, or of which no Pod is ready, nor of a Deployment like it."""
    controllers, found = snapshot.controllers, snapshot.controllers.found
    up = {(one.component, controllers.place(one)) for one in found if not one.down}
    return tuple(
        one
        for one in found
        if (one.down and (one.component, controllers.place(one)) not in up)
        or controllers.crashes(one, snapshot.now)
        or one.stuck
    )


def _twice(snapshot: Snapshot) -> Iterator[Cause]:
    """That the same controller runs in two namespaces, and each reconciles the same objects: a lease is of one."""
    groups: dict[tuple[str, tuple[str, str]], list[Controller]] = defaultdict(list)
    for one in snapshot.controllers.found:
        if one.wanted and not one.down:
            groups[one.component, snapshot.controllers.place(one)].append(one)
    for several in groups.values():
        if len({one.ref.namespace for one in several}) > 1:
            replicas = (Detail(Fact.REPLICAS, (one.ref,), (str(one.ready), str(one.wanted))) for one in several)
            known = (failure("controllers-twice"),)
            refs = tuple(one.ref for one in several)
            yield Cause(CauseType.CONTROLLER, refs, known, tuple(replicas), key=("controllers-twice",))


def _same_errors(found: Mapping[ObjectRef, Blocked], snapshot: Snapshot, loops: Iterable[Cause]) -> dict[Cause, Cause]:
    """Causes that are one, since the same error is reported of several objects."""
    groups: dict[tuple[object, ...], dict[Cause, None]] = defaultdict(dict)
    for cause in (*loops, *(cause for one in found.values() for cause in one.causes)):
        if cause.key:
            groups[cause.type, *cause.key][cause] = None
    together: dict[Cause, Cause] = {}
    for distinct in groups.values():
        if len(distinct) == 1:
            continue

        # What others get their content from comes first.
        def order(cause: Cause) -> tuple[bool, tuple[int, int, str, str], str]:
            status = snapshot.statuses.get(cause.members[0])
            place = status.order if status is not None else (0, 0, "", "")
            return bool(status is not None and status.object.sources), place, str(cause.members[0])

        together |= dict.fromkeys(distinct, _merge(sorted(distinct, key=order)))
    return together
