"""Changes that repeat: an applier that changes the same objects over and over, an object that fails and recovers."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change, ChangeType
from flux_mcp.changes.history import MARGIN, digest_of

MANY: Final = 4
"""From so many on, repeated changes are shown as one."""
_NEAR: Final = timedelta(minutes=5)
"""Longer apart than this they are no repetition."""
_TURNS: Final = frozenset({ChangeType.FAILED, ChangeType.RECOVERED})
_ALONE: Final = frozenset({ChangeType.SCALED, ChangeType.DRIFT})


def without_repeats(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes, newest first; of those that repeat only the newest, which tells how many there were since when.

    So are the fetches of the revisions that only appliers took whose runs repeat.
    """
    by_key: dict[Hashable, list[Change]] = defaultdict(list)
    for change in changes:
        if (key := _key(change)) is not None:
            by_key[key].append(change)
    repeats = [group for some in by_key.values() for near in _near(some) if len(group := _same(near)) >= MANY]
    newest = {id(group[0]): replace(group[0], times=len(group), since=group[-1].at) for group in repeats}
    left_out = {id(change) for group in repeats for change in group[1:]}
    runs = [group for group in repeats if group[0].type is ChangeType.APPLIED]
    return tuple(
        newest.get(id(change), change)
        for change in changes
        if id(change) not in left_out and not _fetched_for(change, runs)
    )


def _key(change: Change) -> Hashable | None:
    """What changes have in common that may repeat; None of one that says more than that."""
    if change.at is None or change.alike or change.ended or change.recovered:
        return None
    if change.type in _TURNS:
        return _TURNS, change.ref
    if change.type in _ALONE or (change.type is ChangeType.APPLIED and change.objects and not change.workloads):
        return change.type, change.ref
    return None


def _near(changes: Sequence[Change]) -> Iterator[list[Change]]:
    group: list[Change] = []
    for change in changes:
        if group and group[-1].at is not None and change.at is not None and group[-1].at - change.at > _NEAR:
            yield group
            group = []
        group.append(change)
    yield group


def _same(group: list[Change]) -> list[Change]:
    """Of runs of an applier those that changed an object which was changed many times, and nothing just once."""
    if group[0].type is not ChangeType.APPLIED:
        return group
    counts = Counter(ref for change in group for ref in _objects(change))
    found = []
    for change in group:
        times = [counts[ref] for ref in _objects(change)]
        if max(times) >= MANY and min(times) > 1:
            found.append(change)
    return found


def _objects(change: Change) -> set[ObjectRef]:
    return {ref for some in change.objects.values() for ref in some}


def _fetched_for(change: Change, runs: Sequence[Sequence[Change]]) -> bool:
    """Whether one source fetched a revision for appliers only whose runs repeat."""
    if change.type is not ChangeType.FETCHED or change.alike or change.at is None:
        return False
    appliers = {group[0].ref for group in runs}
    took = {ref for some in change.unchanged.values() for ref in some}
    for group in runs:
        first, last = group[-1].at, group[0].at
        during = first is not None and last is not None and first - MARGIN <= change.at <= last
        of_these = any(digest_of(run.revision) == digest_of(change.revision) for run in group)
        if during and took <= appliers and (took or of_these):
            return True
    return False
