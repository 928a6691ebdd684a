"""The revisions that sources stored, and the appliers that took each without a change to any object."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flux_mcp.api.kind import Role
from flux_mcp.api.kinds import by_kind
from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change, ChangeType
from flux_mcp.changes.history import TOGETHER, History, digest_of

_STORED: Final = frozenset({"NewArtifact", "ChartPullSucceeded"})
_LEFT_OUT: Final = frozenset({"ExternalArtifact", "ArtifactGenerator"})
"""An ArtifactGenerator makes a new artifact of every commit, whatever is in it."""
_ONE_GO: Final = timedelta(seconds=120)
"""Sources that follow one branch store a revision within this time."""


@dataclass(frozen=True, slots=True)
class _Stored:
    ref: ObjectRef
    time: datetime
    revision: str
    origin: str


def fetched(history: History, known: Sequence[Change]) -> Iterator[Change]:
    """Each revision once: when it was stored, by which sources, and who applied it without a change.

    A revision that no source's Event or status tells of is known from those who applied it.
    """
    stored: dict[str, list[_Stored]] = defaultdict(list)
    for one in _stored(history):
        stored[digest_of(one.revision)].append(one)
    unchanged = _unchanged(history, known)
    charts = {change.helm.chart_version for change in known if change.helm is not None}
    for digest in dict.fromkeys((*stored, *unchanged)):
        found = sorted(stored.get(digest, ()), key=lambda one: one.time)
        appliers = unchanged.get(digest, {})
        if found and all(one.ref.kind == "HelmChart" for one in found) and digest in charts:
            continue
        if not found:
            ref, (time, revision, origin) = min(appliers.items(), key=lambda one: one[1][0])
            yield _change(history, digest, [_Stored(ref, time, revision, origin)], sorted(appliers))
            continue
        for number, group in enumerate(_goes(found)):
            yield _change(history, digest, group, sorted(appliers) if number == 0 else ())


def _goes(found: Sequence[_Stored]) -> Iterator[list[_Stored]]:
    group: list[_Stored] = []
    for one in found:
        if group and one.time - group[0].time > _ONE_GO:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _change(history: History, digest: str, group: Sequence[_Stored], unchanged: Iterable[ObjectRef]) -> Change:
    first = group[0]
    sources = dict.fromkeys(one.ref for one in group)
    return Change(
        type=ChangeType.FETCHED,
        ref=first.ref,
        alike=tuple(ref for ref in sources if ref != first.ref),
        at=first.time,
        until=group[-1].time,
        revision=first.revision,
        origin=next((one.origin for one in group if one.origin), ""),
        subject=history.subjects.get(digest, ""),
        unchanged=tuple(unchanged),
    )


def _stored(history: History) -> Iterator[_Stored]:
    seen: dict[tuple[ObjectRef, str], list[datetime]] = defaultdict(list)
    for ref, events in history.events.items():
        kind = by_kind.get(ref.kind)
        if kind is None or kind.role is not Role.SOURCE or ref.kind in _LEFT_OUT:
            continue
        for event in events:
            if event.reason in _STORED and event.revision and event.first is not None:
                seen[ref, event.revision].append(event.first)
                yield _Stored(ref, event.first, event.revision, event.origin)
    for record in history.flux.values():
        one = record.object
        if record.fetched is None or not one.artifact_revision or record.ref.kind in _LEFT_OUT:
            continue
        times = seen.get((record.ref, one.artifact_revision), ())
        if not any(abs(time - record.fetched) <= TOGETHER for time in times):
            yield _Stored(record.ref, record.fetched, one.artifact_revision, one.origin[1])


def _unchanged(history: History, known: Sequence[Change]) -> dict[str, dict[ObjectRef, tuple[datetime, str, str]]]:
    """Digest → the appliers that ran it successfully and changed nothing, when first, and the revision."""
    changed = {(change.ref, digest_of(change.revision)) for change in known if change.type is ChangeType.APPLIED}
    found: dict[str, dict[ObjectRef, tuple[datetime, str, str]]] = defaultdict(dict)
    for ref in dict.fromkeys((*history.flux, *history.events)):
        record = history.flux.get(ref)
        derived = record is not None and any(source.kind in _LEFT_OUT for source in record.object.sources)
        if ref.kind != "Kustomization" or derived:
            continue
        for point in history.points(ref):
            digest = digest_of(point.revision)
            if point.good and point.revision and (ref, digest) not in changed:
                found[digest].setdefault(ref, (point.time, point.revision, point.origin))
    return found
