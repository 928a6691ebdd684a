"""From every object in trouble to the first causes, and from each cause to what stands behind it.

Deterministic, and iterative throughout: chains of thousands, loops and names that collide are ordinary. An object may
stand behind several causes; objects that wait for each other are one cause; objects that fail alike are one too.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.diagnosis.blockers import ITSELF, LOOP, Blocked, Cause, CauseType, Snapshot, blocked
from flux_mcp.flux.graph_algorithms import components
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Health, ObjectStatus

_VARYING: Final = re.compile(r"[A-Z]\w+(?:/[\w.-]+){1,2}|[0-9a-f]{7,}|\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h)?")
"""Objects, digests, numbers and durations: what differs where the failure is the same."""
_SORTS: Final = {sort: position for position, sort in enumerate(CauseType)}


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong, and why.

    Attributes:
        judged: every object.
        blocked: each object in trouble → what it waits for.
        causes: in the order in which they are told: controllers first, then those that most stands behind.
        held: each object in trouble → its causes, as a set of bits: bit n stands for causes[n].
    """

    statuses: Mapping[ObjectRef, ObjectStatus]
    blocked: Mapping[ObjectRef, Blocked]
    causes: tuple[Cause, ...]
    held: Mapping[ObjectRef, int]

    @cached_property
    def behind(self) -> tuple[tuple[ObjectRef, ...], ...]:
        """For each cause, the objects that wait for it or fail with it, in the order of trouble; its members not."""
        found: list[list[ObjectRef]] = [[] for _ in self.causes]
        members = [frozenset(cause.members) for cause in self.causes]
        for ref in sorted(self.held, key=lambda ref: self.statuses[ref].order):
            for position in _bits(self.held[ref]):
                if ref not in members[position]:
                    found[position].append(ref)
        return tuple(map(tuple, found))

    def causes_of(self, ref: ObjectRef) -> tuple[int, ...]:
        """The positions of an object's causes; none for one that is not in trouble."""
        return tuple(_bits(self.held.get(ref, 0)))

    def way(self, ref: ObjectRef, position: int) -> tuple[ObjectRef, ...]:
        """The objects from one to a cause of it: the shortest way, both ends in."""
        came: dict[ObjectRef, ObjectRef] = {}
        waiting, seen = [ref], {ref}
        while waiting:
            following: list[ObjectRef] = []
            for at in waiting:
                if self._ends(at, position):
                    return _back(at, ref, came)
                for target in self.blocked[at].by if at in self.blocked else ():
                    if target not in seen and self.held.get(target, 0) >> position & 1:
                        seen.add(target)
                        came[target] = at
                        following.append(target)
            waiting = following
        return (ref,)

    def _ends(self, ref: ObjectRef, position: int) -> bool:
        cause = self.causes[position]
        return ref in cause.members or any(
            end.sort is cause.sort and set(end.members) & set(cause.members) for end in self.blocked[ref].causes
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
        return tuple(sorted(seen - {ref}, key=lambda one: self.statuses[one].order))

    def workloads(self, refs: Iterable[ObjectRef]) -> tuple[InventoryEntry, ...]:
        """What these objects applied and is said not to be healthy, each once."""
        return tuple(dict.fromkeys(one for ref in refs if ref in self.blocked for one in self.blocked[ref].workloads))


def _back(end: ObjectRef, start: ObjectRef, came: Mapping[ObjectRef, ObjectRef]) -> tuple[ObjectRef, ...]:
    way = [end]
    while way[-1] != start:
        way.append(came[way[-1]])
    return tuple(reversed(way))


def _bits(held: int) -> Iterator[int]:
    while held:
        low = held & -held
        yield low.bit_length() - 1
        held ^= low


def diagnose(snapshot: Snapshot) -> Diagnosis:
    """The causes of all trouble."""
    troubled = {ref: entry for ref, entry in snapshot.statuses.items() if entry.trouble}
    found = {ref: blocked(entry, snapshot) for ref, entry in troubled.items()}
    ties = {ref: tuple(target for target in one.by if target in found) for ref, one in found.items()}
    alike = _alike(found, troubled)
    causes: dict[Cause, int] = {}
    held: dict[ObjectRef, int] = {}
    for together in components(ties):
        bits = 0
        for ref in together:
            for cause in found[ref].causes:
                bits |= 1 << causes.setdefault(alike.get(cause, cause), len(causes))
            for target in ties[ref]:
                bits |= held.get(target, 0)
        if len(together) > 1 or together[0] in ties[together[0]]:
            members = tuple(sorted(together, key=lambda ref: troubled[ref].order))
            loop = Cause(CauseType.LOOP, members, (LOOP if len(members) > 1 else ITSELF,))
            bits |= 1 << causes.setdefault(loop, len(causes))
        held.update(dict.fromkeys(together, bits))
    return _ordered(snapshot, found, causes, held)


def _ordered(
    snapshot: Snapshot, found: Mapping[ObjectRef, Blocked], causes: Mapping[Cause, int], held: Mapping[ObjectRef, int]
) -> Diagnosis:
    plain = Diagnosis(snapshot.statuses, found, tuple(causes), held)
    weight = [len(refs) for refs in plain.behind]

    def order(cause: Cause) -> tuple[bool, int, int, tuple[int, int, str, str], str]:
        entry = snapshot.statuses.get(cause.members[0])
        place = entry.order if entry is not None else (0, 0, "", "")
        return (
            cause.sort is not CauseType.CONTROLLER,
            -weight[causes[cause]],
            _SORTS[cause.sort],
            place,
            str(cause.members[0]),
        )

    ordered = sorted(causes, key=order)
    moved = {causes[cause]: position for position, cause in enumerate(ordered)}
    return Diagnosis(
        snapshot.statuses,
        found,
        tuple(ordered),
        {ref: sum(1 << moved[position] for position in _bits(bits)) for ref, bits in held.items()},
    )


def _alike(found: Mapping[ObjectRef, Blocked], troubled: Mapping[ObjectRef, ObjectStatus]) -> dict[Cause, Cause]:
    """Own causes that are one: objects that no controller looked at, and failures that differ in names and numbers."""
    groups: dict[tuple[object, ...], list[tuple[ObjectStatus, Cause]]] = defaultdict(list)
    for ref, one in found.items():
        for cause in one.causes:
            if cause.sort is CauseType.FAILURE:
                groups[*_likeness(troubled[ref], one), cause.advice].append((troubled[ref], cause))
    together: dict[Cause, Cause] = {}
    for group in groups.values():
        if len(group) > 1:
            # What others get their content from comes first.
            ordered: Sequence[tuple[ObjectStatus, Cause]] = sorted(
                group, key=lambda pair: (bool(pair[0].object.sources), pair[0].order)
            )
            members = tuple(cause.members[0] for _, cause in ordered)
            together |= {cause: Cause(CauseType.FAILURE, members, cause.advice, cause.known) for _, cause in ordered}
    return together


def _likeness(entry: ObjectStatus, one: Blocked) -> tuple[str, ...]:
    ref = entry.object.ref
    if entry.health in {Health.PENDING, Health.STALE}:
        return entry.health.value, entry.object.kind.controller or str(ref)
    if entry.health is Health.DELETING or one.workloads or not entry.message:
        return (str(ref),)
    flags = ",".join(flag.value for flag in entry.flags)
    message = entry.message.replace(f"{ref.namespace}/{ref.name}", "#")
    for quote in "'\"":
        message = message.replace(f"{quote}{ref.name}{quote}", "#")
    return ref.kind, entry.health.value, flags, entry.reason, _VARYING.sub("#", message)
