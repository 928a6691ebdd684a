"""What Helm did: from a HelmRelease's history, which is short, unsorted and forgets failures, and from its Events."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Action, Change, ChangeType, HelmRun
from flux_mcp.changes.evidence import FluxRecord, ReleaseRecord
from flux_mcp.changes.history import CAUSED, MARGIN, TOGETHER, Content, History

_CHART: Final = re.compile(r"release \S+?(?:\.v(\d+))? with chart (\S+?)@(\S+?)(?::|\s|$)")
_ACTIONS: Final = {
    f"{action.value.capitalize()}{end}": (action, end == "Succeeded")
    for action in Action
    for end in ("Succeeded", "Failed")
}
_KIND: Final = "HelmRelease"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One action of Helm.

    Attributes:
        version: of the release that it made; of a rollback, that it went back to.
    """

    start: datetime
    end: datetime
    action: Action
    good: bool
    version: int
    chart: str
    chart_version: str
    config: str
    release: ReleaseRecord | None


@dataclass(frozen=True, slots=True)
class _SpecChange:
    """That an applier changed the spec of a HelmRelease."""

    time: datetime
    applier: ObjectRef
    revision: str
    origin: str


def released(history: History, known: Iterable[Change]) -> Iterator[Change]:
    """The runs of Helm of every release.

    Args:
        history: what was read.
        known: the runs of the appliers.
    """
    specs: dict[ObjectRef, list[_SpecChange]] = defaultdict(list)
    for run in known:
        for ref in (*run.objects.get("created", ()), *run.objects.get("configured", ())):
            if ref.kind == _KIND and run.at is not None:
                specs[ref].append(_SpecChange(run.at, run.ref, run.revision, run.origin))
    for ref in dict.fromkeys((*history.flux, *history.events)):
        if ref.kind == _KIND:
            record = history.flux.get(ref)
            changed = [*specs[ref], *(_from_fields(history, record) if record is not None else ())]
            steps = sorted(_steps(history, ref, record, changed), key=lambda step: (step.start, step.end))
            yield from _runs(ref, record, steps, changed)


def _from_fields(history: History, record: FluxRecord) -> Iterator[_SpecChange]:
    """The last time that an applier changed the spec, which managedFields tell."""
    for owner in record.owners:
        if owner.controller and not owner.paths and owner.time is not None and record.appliers:
            yield _SpecChange(owner.time, record.appliers[0], *history.run(record.appliers[0], owner.time))


def _steps(
    history: History, ref: ObjectRef, record: FluxRecord | None, specs: Sequence[_SpecChange]
) -> Iterator[_Step]:
    left = list(record.releases) if record is not None else []
    for seen in history.occurrences(ref):
        known = _ACTIONS.get(seen.event.reason)
        if known is None:
            continue
        action, good = known
        said = _CHART.search(seen.event.message)
        version, chart, chart_version = (int(said[1] or 0), said[2], said[3]) if said else (0, "", "")
        release = _release(left, seen.time, action, good=good, version=version, wait=history.wait(ref))
        if release is not None:
            left.remove(release)
        started = release.deployed if release is not None else None
        if release is None:
            # It may be the first run with a spec that was changed before.
            earliest = seen.time - history.wait(ref)
            started = max((spec.time for spec in specs if earliest <= spec.time <= seen.time), default=None)
        yield _Step(
            start=started or seen.time,
            end=seen.time,
            action=action,
            good=good,
            version=version,
            chart=chart,
            chart_version=chart_version,
            config=seen.event.token,
            release=release,
        )
    for release in left:
        if release.deployed is not None:
            yield _Step(
                start=release.deployed,
                end=release.deployed,
                action=_action(release),
                good=release.status != "failed",
                version=release.version,
                chart=release.chart,
                chart_version=release.chart_version,
                config=release.config,
                release=release,
            )


def _action(release: ReleaseRecord) -> Action:
    """The action of a release, which only its newest entries tell."""
    known = next((action for action in Action if action.value == release.action), None)
    return known or (Action.INSTALL if release.version == 1 else Action.UPGRADE)


def _release(
    releases: Sequence[ReleaseRecord], time: datetime, action: Action, *, good: bool, version: int, wait: timedelta
) -> ReleaseRecord | None:
    """The entry of the history that an Event is about."""
    for release in releases:
        near = release.deployed is not None and release.deployed - TOGETHER <= time <= release.deployed + wait
        if good and action is not Action.ROLLBACK:
            if near and release.version == version:
                return release
        elif near and action is _action(release) and good is (release.status != "failed"):
            return release
    return None


def _runs(
    ref: ObjectRef, record: FluxRecord | None, steps: Sequence[_Step], specs: Sequence[_SpecChange]
) -> Iterator[Change]:
    """One change for each step; an upgrade that failed, its rollbacks and its retries are one."""
    at = 0
    while at < len(steps):
        first = steps[at]
        count = 1
        if not first.good and first.action in {Action.INSTALL, Action.UPGRADE}:
            while at + count < len(steps) and _belongs(steps[at + count], first):
                count += 1
        some = steps[at : at + count]
        yield _caused(_change(ref, record, some, steps[:at]), specs, some)
        at += count


def _belongs(step: _Step, first: _Step) -> bool:
    if step.action in {Action.ROLLBACK, Action.UNINSTALL}:
        return True
    return not step.good and (step.chart_version, step.config) == (first.chart_version, first.config)


def _change(ref: ObjectRef, record: FluxRecord | None, steps: Sequence[_Step], before: Sequence[_Step]) -> Change:
    first = steps[0]
    version_before, config = _previous(record, first, before)
    content = Content.UNKNOWN
    if config and first.config:
        content = Content.SAME if config == first.config else Content.NEW
    rollback = next((step for step in steps if step.good and step.action is Action.ROLLBACK), None)
    target = rollback.chart_version if rollback is not None else ""
    forced = record.handled.get("forceAt") if record is not None else None
    run = HelmRun(
        action=first.action,
        version=first.release.version
        if first.release is not None
        else first.version * (first.action is not Action.ROLLBACK),
        chart=first.chart,
        chart_version=first.chart_version,
        before=version_before or target,
        content=content,
        failed=tuple(sorted(step.end for step in steps if not step.good)),
        upgrades=tuple(sorted(step.end for step in steps if not step.good and step.action is not first.action)),
        rolled_back=tuple(sorted(step.end for step in steps if step.good and step.action is Action.ROLLBACK)),
        target=target,
        target_version=rollback.version if rollback is not None else 0,
        forced=forced is not None and first.start - MARGIN <= forced <= first.start + TOGETHER,
    )
    return Change(type=ChangeType.RELEASED, ref=ref, at=first.start, until=max(step.end for step in steps), helm=run)


def _previous(record: FluxRecord | None, first: _Step, before: Sequence[_Step]) -> tuple[str, str]:
    """Chart version and digest of the values of the release before, as far as they are known."""
    if first.action is Action.INSTALL:
        return "", ""
    version = first.release.version if first.release is not None else 0
    for one in record.releases if record is not None else ():
        if version and one.version == version - 1:
            return one.chart_version, one.config
    for step in reversed(before):
        if step.good and step.release is not None:
            return step.release.chart_version, step.release.config
        if step.good:
            # The Event of a rollback has the digest of the values that failed.
            return step.chart_version, "" if step.action is Action.ROLLBACK else step.config
    return "", ""


def _caused(change: Change, specs: Sequence[_SpecChange], steps: Sequence[_Step]) -> Change:
    """With the applier that changed the spec right before, and what revision it applied."""
    if change.at is None or steps[0].action not in {Action.INSTALL, Action.UPGRADE}:
        return change
    near = [spec for spec in specs if change.at - CAUSED <= spec.time <= change.at + TOGETHER]
    if not near:
        return change
    last = max(near, key=lambda spec: (spec.time, bool(spec.revision)))
    return replace(change, cause=last.applier, revision=last.revision, origin=last.origin)
