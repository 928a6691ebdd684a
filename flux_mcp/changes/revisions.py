"""The revisions that sources stored, and the appliers that took each without a change to any object."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from flux_mcp.api.flux_kinds import FLUX_KINDS
from flux_mcp.api.kind import Role
from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Change, ChangeType
from flux_mcp.changes.history import TOGETHER, History, digest_of

_STORED: Final = frozenset({"NewArtifact", "ChartPullSucceeded"})
_LEFT_OUT: Final = frozenset({"ExternalArtifact", "ArtifactGenerator"})
"""An ArtifactGenerator makes a new artifact of every commit, whatever is in it."""
SOURCE_KINDS: Final = frozenset(kind.kind for kind in FLUX_KINDS if kind.role is Role.SOURCE)
_ONE_GO: Final = timedelta(seconds=120)
"""Sources that follow one branch store a revision within this time."""


@dataclass(frozen=True, slots=True)
class _Stored:
    ref: ObjectRef
    time: datetime
    revision: str
    origin: str


class _Run(NamedTuple):
    """That a Kustomization ran a revision; the source is None where the Kustomization is gone."""

    applier: ObjectRef
    source: ObjectRef | None
    time: datetime
    revision: str
    origin: str
    good: bool


def fetched(history: History, known: Sequence[Change]) -> Iterator[Change]:
    """Each revision of each source: when it was stored, and which of the source's appliers took it without a change.

    A revision that no Event and no status of its source tells of is known from those who ran it.
    """
    stored: dict[str, dict[ObjectRef, list[_Stored]]] = defaultdict(lambda: defaultdict(list))
    for one in _stored(history):
        stored[digest_of(one.revision)][one.ref].append(one)
    changed = {(change.ref, digest_of(change.revision)) for change in known if change.type is ChangeType.APPLIED}
    runs = _runs(history)
    charts = {change.helm.chart_version for change in known if change.helm is not None}
    for digest in dict.fromkeys((*stored, *runs)):
        sources = stored.get(digest, {})
        if sources and all(ref.kind == "HelmChart" for ref in sources) and digest in charts:
            continue
        appliers = _by_source(runs.get(digest, ()), sources)
        for ref in dict.fromkeys((*sources, *appliers)):
            found, its_runs = sources.get(ref, ()), appliers.get(ref, ())
            unchanged = sorted({run.applier for run in its_runs if run.good and (run.applier, digest) not in changed})
            if found:
                for number, group in enumerate(_goes(sorted(found, key=lambda one: one.time))):
                    yield _change(history, group[0], group[-1].time, unchanged if number == 0 else ())
            elif unchanged or ref.kind in SOURCE_KINDS:
                first = min(its_runs, key=lambda run: run.time)
                shown = _Stored(ref, first.time, first.revision, first.origin)
                yield replace(_change(history, shown, first.time, unchanged), by_appliers=True)


def _by_source(runs: Sequence[_Run], stored: Iterable[ObjectRef]) -> dict[ObjectRef, list[_Run]]:
    """Runs of one revision by the source of each: of a Kustomization that is gone the only one that had the revision.

    Where no source had it, by the first of the Kustomizations.
    """
    found: dict[ObjectRef, list[_Run]] = defaultdict(list)
    for run in runs:
        if run.source is not None:
            found[run.source].append(run)
    gone, sources = [run for run in runs if run.source is None], {*stored, *found}
    if gone and len(sources) <= 1:
        found[sources.pop() if sources else gone[0].applier] += gone
    return found


def _goes(found: Sequence[_Stored]) -> Iterator[list[_Stored]]:
    group: list[_Stored] = []
    for one in found:
        if group and one.time - group[0].time > _ONE_GO:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _change(history: History, first: _Stored, until: datetime, unchanged: Sequence[ObjectRef]) -> Change:
    return Change(
        type=ChangeType.FETCHED,
        ref=first.ref,
        at=first.time,
        until=until,
        revision=first.revision,
        origin=first.origin,
        subject=history.subjects.get(digest_of(first.revision), ""),
        unchanged={first.ref: tuple(unchanged)} if unchanged else {},
    )


def of_sources_together(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes; a revision that several sources fetched at about one time as one."""
    merged: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.type is not ChangeType.FETCHED or change.at is None or change.ref.kind not in SOURCE_KINDS:
            yield change
            continue
        for number, other in enumerate(some := merged[digest_of(change.revision)]):
            if other.at is not None and abs(other.at - change.at) <= _ONE_GO and change.ref != other.ref:
                first, second = sorted((other, change), key=lambda one: (one.by_appliers, one.at, one.ref))
                alike = tuple(sorted({*first.alike, second.ref, *second.alike}))
                some[number] = replace(first, alike=alike, unchanged={**first.unchanged, **second.unchanged})
                break
        else:
            some.append(change)
    for some in merged.values():
        yield from some


def _stored(history: History) -> Iterator[_Stored]:
    seen: dict[tuple[ObjectRef, str], list[datetime]] = defaultdict(list)
    for ref, events in history.events.items():
        if ref.kind not in SOURCE_KINDS or ref.kind in _LEFT_OUT:
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


def _runs(history: History) -> dict[str, list[_Run]]:
    """Digest → the runs of Kustomizations of it, each with the source that the Kustomization names."""
    found: dict[str, list[_Run]] = defaultdict(list)
    for ref in dict.fromkeys((*history.flux, *history.events)):
        record = history.flux.get(ref)
        source = next(iter(record.object.sources), None) if record is not None else None
        if ref.kind == "Kustomization" and (source is None or source.kind not in _LEFT_OUT):
            for point in history.points(ref):
                if point.revision:
                    run = _Run(ref, source, point.time, point.revision, point.origin, point.good)
                    found[digest_of(point.revision)].append(run)
    return found
