"""Sentences about changes: one line each, and indented lines for the workloads that changed with it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Final

from flux_mcp.api.ref import ObjectRef
from flux_mcp.changes.change import Action, Change, ChangeType, HelmRun, WorkloadChange
from flux_mcp.changes.failures import Known, Regression
from flux_mcp.changes.history import Content, digest_of
from flux_mcp.changes.revisions import SOURCE_KINDS
from flux_mcp.render.text import moment, revision
from flux_mcp.sanitize.quote import abbreviated, message, name_of, value

NAMES: Final = 4
"""Objects of one kind and namespace that are named."""
GROUPS: Final = 6
"""Kinds and namespaces of objects that are named."""
WORKLOADS: Final = 5
FIELDS: Final = 4
SUBJECT: Final = 80
"""Characters of a commit's subject; source-controller cuts it at about fifty."""


def names(refs: Iterable[ObjectRef], most: int = NAMES, groups_most: int = GROUPS) -> str:
    """`Kustomization flux-system/apps, infra and 3 more; HelmRelease apps/web`."""
    parts = []
    ordered = sorted(set(refs))
    groups = [(key, [*group]) for key, group in groupby(ordered, key=lambda ref: (ref.kind, ref.namespace))]
    for (kind, namespace), group in groups[:groups_most]:
        some = [value(ref.name) for ref in group]
        more = f" and {len(some) - most} more" if len(some) > most else ""
        parts.append(f"{name_of(ObjectRef(kind, namespace, ''))[:-2]}{', '.join(some[:most])}{more}")
    if rest := sum(len(group) for _, group in groups[groups_most:]):
        parts.append(f"{rest} more objects")
    return "; ".join(parts)


def clock(time: datetime | None) -> str:
    """`08:39:02`."""
    return f"{time:%H:%M:%S}" if time is not None else "time not recorded"


def at_revision(text: str, subject: str = "", origin: str = "") -> str:
    """`main@63f6a77 "subject" (origin main@9d41c2e)`."""
    said = f" {message(subject, SUBJECT)}" if subject else ""
    return f"{revision(text)}{said}{f' (origin {revision(origin)})' if origin else ''}"


_REPEATED: Final = {
    ChangeType.APPLIED: "runs changed these objects",
    **dict.fromkeys((ChangeType.FAILED, ChangeType.RECOVERED), "failures and recoveries"),
}


def change_lines(change: Change) -> str:
    """A change as it reads: the time, what changed and how, and what that did to workloads."""
    first = f"{clock(change.at)}{'' if change.at else ':'} {_SENTENCES[change.type](change)}"
    if change.recovered:
        first += f"; it failed until then ({value(change.recovered)})"
    if change.times > 1:
        first += f"; {change.times} {_REPEATED.get(change.type, 'times')} since {clock(change.since)}"
    return "\n".join((first, *(f"  {line}" for line in _workloads(change))))


def _workloads(change: Change) -> Iterator[str]:
    if change.type is ChangeType.SCALED:
        return
    for one in change.workloads[:WORKLOADS]:
        if one.ref != change.ref:
            yield f"{name_of(one.ref)}: {_workload(one)}"
    if len(change.workloads) > WORKLOADS:
        yield f"and {len(change.workloads) - WORKLOADS} more workloads"


def _workload(one: WorkloadChange) -> str:
    """`image ghcr.io/acme/web 2.3.0 → 2.4.0`."""
    if one.created:
        return ", ".join(("created", *(abbreviated(image) for _, _, image in one.images)))
    return "; ".join(_parts(one))


def _parts(one: WorkloadChange) -> Iterator[str]:
    for container, before, now in one.images:
        yield container_change(container, before, now)
    if one.replicas is not None:
        yield "replicas {} → {}".format(*one.replicas)
    removed, added = one.args
    if added:
        yield f"argument added: {' '.join(map(value, added))}"
    if removed:
        yield f"argument removed: {' '.join(map(value, removed))}"
    if one.template and not (one.images or added or removed):
        yield "Pod template changed, same images"
    if one.replaced:
        yield f"runs {value(one.replaced)} again"


def container_change(container: str, before: str, now: str) -> str:
    """`image ghcr.io/acme/web 2.3.0 → 2.4.0`, or `container proxy added, image envoy:1.31`."""
    if not before or not now:
        return f"container {value(container)} {'removed' if before else 'added'}, image {abbreviated(before or now)}"
    return f"image {_image_change(before, now)}"


def _image_change(before: str, now: str) -> str:
    old, new = before.rpartition(":"), now.rpartition(":")
    if old[0] and old[0] == new[0] and "/" not in old[2] + new[2] and "@" not in before + now:
        return f"{value(old[0])} {value(old[2])} → {value(new[2])}"
    return f"{abbreviated(before)} → {abbreviated(now)}"


def _by(change: Change) -> str:
    """Who did it."""
    if change.client:
        return f" by {value(change.client)}"
    if change.cause is not None:
        shown = f" at {at_revision(change.revision, origin=change.origin)}" if change.revision else ""
        return f" by {name_of(change.cause)}{shown}"
    return "" if change.client is None else ", client not recorded"


def _own(change: Change) -> str:
    """What became of a workload that changed itself."""
    own = [one for one in change.workloads if one.ref == change.ref]
    images = [abbreviated(image) for one in own if one.created for _, _, image in one.images]
    parts = [", ".join(images), *(_workload(one) for one in own if not one.created)]
    return f": {'; '.join(filter(None, parts))}" if any(parts) else ""


def _fields(change: Change) -> str:
    fields = [value(path) for path in change.fields]
    more = f" and {len(fields) - FIELDS} more fields" if len(fields) > FIELDS else ""
    return f": {', '.join(fields[:FIELDS])}{more}" if fields else ""


def _all(change: Change) -> str:
    return names((change.ref, *change.alike))


def _applied(change: Change) -> str:
    known = at_revision(change.revision, origin=change.origin) if change.revision else ""
    ended = f"; the run ended with {value(change.ended)}" if change.ended else ""
    # Of a run whose health check failed the objects were applied.
    done = "tried to apply" if ended and not change.objects and change.ended != "HealthCheckFailed" else "applied"
    if not change.objects:
        earlier = f", of {revision(change.last_revision)} or an earlier revision" if change.last_revision else ""
        which = f" of {known}" if known else earlier
        unknown = "; which objects it changed is not recorded" if done == "applied" else ""
        return f"{_all(change)} {done} new content{which}{unknown}{ended}"
    parts = [f"{action} {names(refs)}" for action, refs in change.objects.items()]
    if change.content is Content.NEW and change.again:
        parts.append("the revision is the same as before, its manifests are not")
    elif change.content is Content.SAME:
        parts += ("with the same manifests as before", *_reverted(change))
    return f"{_all(change)} {done} {known or 'a revision that is not recorded'}: {'; '.join(parts)}{ended}"


def _reverted(change: Change) -> Iterator[str]:
    """What an applier found changed though its manifests were the same."""
    if created := change.objects.get("created"):
        yield f"{names(created)} had been deleted"
    for edit in change.reverted:
        yield f"this reverted the change of {_all(edit)} at {clock(edit.at)}{_by(edit)}"
    every = len(change.requests_removed) == len(change.objects.get("configured", ()))
    if change.requests_removed:
        of = "" if every else f" of {names(change.requests_removed)}"
        yield f"this removed the annotations of requested reconciliations{of}"
    if change.unexplained:
        alone = not change.reverted and not change.requests_removed
        which = ("it" if len(change.unexplained) == 1 else "they") if alone else names(change.unexplained)
        yield f"{which} had been changed in the cluster, how and by whom is not recorded"


def _released(change: Change) -> str:
    run = change.helm or HelmRun(action=Action.UPGRADE)
    forced = f"forced{_by(replace(change, cause=None))}" if run.forced else ""
    gone = "it no longer exists" if change.gone else ""
    said = filter(None, (_ran(run, change.at), *_results(run), forced, _caused(change), gone))
    return f"{name_of(change.ref)} {'; '.join(said)}"


_DONE: Final = {
    Action.INSTALL: "installed",
    Action.UPGRADE: "upgraded to",
    Action.ROLLBACK: "rolled back to",
    Action.UNINSTALL: "uninstalled",
}
_TRIED: Final = {
    Action.INSTALL: "install",
    Action.UPGRADE: "upgrade to",
    Action.ROLLBACK: "roll back to",
    Action.UNINSTALL: "uninstall",
}


def _times(times: Sequence[datetime]) -> str:
    return " and ".join(map(clock, times[:NAMES])) + (f" ({len(times)} times)" if len(times) > NAMES else "")


def _ran(run: HelmRun, start: datetime | None) -> str:
    chart = f"chart {value(run.chart)} {value(run.chart_version)}" if run.chart else "a chart that is not recorded"
    version = f", v{run.version}" if run.version else ""
    came = f" from {value(run.before)}" if run.before and run.before != run.chart_version else ""
    if run.failed:
        times = _times([time for time in run.failed if time not in run.upgrades])
        times += f", as an upgrade at {_times(run.upgrades)}" if run.upgrades else ""
        began = "tried" if start == run.failed[0] else "began"
        return f"{began} to {_TRIED[run.action]} {chart}{came}{version}; failed at {times}"
    if run.action is Action.UPGRADE and run.before and not came:
        kept = {Content.SAME: "same chart and values", Content.NEW: "same chart, other values"}.get(
            run.content, "same chart"
        )
        return f"upgraded{version}: {kept}, {chart}"
    values = "; values changed too" if run.action is Action.UPGRADE and run.content is Content.NEW else ""
    return f"{_DONE[run.action]} {chart}{came}{version}{values}"


def _results(run: HelmRun) -> Iterator[str]:
    if run.rolled_back:
        yield f"rolled back to {value(run.target)} at {' and '.join(map(clock, run.rolled_back[:NAMES]))}"


def _caused(change: Change) -> str:
    if change.cause is None:
        return (
            "its spec did not change"
            if change.helm is not None
            and change.helm.action is Action.UPGRADE
            and change.helm.before
            and not (change.helm.forced or change.helm.failed)
            else ""
        )
    return f"spec changed{_by(change)}"


def _scaled(change: Change) -> str:
    replicas = next((one.replicas for one in change.workloads if one.replicas), None)
    shown = f" {replicas[0]} → {replicas[1]}" if replicas is not None else ""
    return f"{_all(change)} scaled{shown}{_by(change)}"


def _requested(change: Change) -> str:
    what = {"forceAt": "forced run", "resetAt": "reset of failure counters"}
    kinds = [what[key] for key in change.requests if key in what] or ["reconciliation"]
    return f"{_all(change)}: {' and '.join(kinds)} requested{_by(change)}"


def _fetched(change: Change) -> str:
    known = at_revision(change.revision, change.subject, change.origin)
    parts = []
    for source, appliers in sorted(change.unchanged.items()):
        many = len(appliers) > NAMES // 2
        by = f"{len(appliers)} Kustomizations" if many else names(appliers)
        parts.append(f"{by} from {value(source.name)}" if change.alike else by)
    took = f"applied without a change by {', '.join(parts)}" if parts else ""
    if change.ref.kind not in SOURCE_KINDS:
        return f"{known} {took}"
    verb = "had fetched" if change.by_appliers else "fetched"
    return "; ".join(filter(None, (f"{_all(change)} {verb} {known}", took)))


def _failed(change: Change) -> str:
    known = f" at {at_revision(change.revision, change.subject, change.origin)}" if change.revision else ""
    if change.last_good is not None:
        success = (
            f"{clock(change.last_good)}"
            if change.at and change.last_good.date() == change.at.date()
            else (moment(change.last_good))
        )
        return f"{_all(change)} seen failing{known}: {value(change.reason)}; its last recorded success is of {success}"
    return f"{_all(change)} began to fail{known}: {value(change.reason)}"


def _deleted(change: Change) -> str:
    if change.reason:
        return f"{_all(change)} no longer exists; this is the time of its last Event"
    objects = [ref for some in change.objects.values() for ref in some]
    return f"{_all(change)} deleted{f', and with it {names(objects)}' if objects else ''}"


def _missing(change: Change) -> str:
    objects = [ref for some in change.objects.values() for ref in some]
    inventories = f"the inventor{'ies' if len(change.appliers) > 1 else 'y'} of {names(change.appliers)}"
    and_with = f", and with it {names(objects)}" if objects else ""
    return f"{_all(change)} missing{and_with}: in {inventories}, not in the cluster"


def _drift(change: Change) -> str:
    objects = names(each for some in change.objects.values() for each in some)
    return f"{_all(change)}: drift detected in {objects}, {'corrected' if change.corrected else 'not corrected'}"


_SENTENCES: Final[Mapping[ChangeType, Callable[[Change], str]]] = {
    ChangeType.FAILED: _failed,
    ChangeType.RECOVERED: lambda change: f"{_all(change)} recovered from {value(change.reason)}",
    ChangeType.SUSPENDED: lambda change: f"{_all(change)} suspended{_by(change)}{_fields(change)}",
    ChangeType.RESUMED: lambda change: f"{_all(change)} resumed{_by(change)}",
    ChangeType.EDITED: lambda change: f"{_all(change)} edited{_by(change)}{_fields(change)}",
    ChangeType.DELETED: _deleted,
    ChangeType.DELETING: lambda change: f"{_all(change)}: deletion requested, client not recorded; it has not ended",
    ChangeType.MISSING: _missing,
    ChangeType.CREATED: lambda change: f"{_all(change)} created{_by(change)}{_own(change)}",
    ChangeType.SCALED: _scaled,
    ChangeType.DRIFT: _drift,
    ChangeType.APPLIED: _applied,
    ChangeType.CONFIGURED: lambda change: f"{_all(change)} changed{_by(change)}{_fields(change)}{_own(change)}",
    ChangeType.RELEASED: _released,
    ChangeType.PUSHED: lambda change: f"{_all(change)} pushed {revision(change.revision)}",
    ChangeType.REQUESTED: _requested,
    ChangeType.FETCHED: _fetched,
}


def _known(known: Known, now: datetime) -> str:
    chart = f"chart {value(known.revision)}, v{known.version}" if known.version else ""
    shown = chart or (
        at_revision(known.revision, known.subject, known.origin)
        if known.revision
        else "a revision that is not recorded"
    )
    return f"{shown}{f' at {when(known.time, now)}' if known.time is not None else ''}"


def when(time: datetime | None, now: datetime) -> str:
    """The time, with its date where that is not today."""
    return clock(time) if time is None or time.date() == now.date() else moment(time)


def regression_lines(one: Regression, now: datetime) -> str:
    """What is known of an object that fails now and was Ready before."""
    status = one.status
    good, bad = one.good, one.bad
    head = f"{name_of(status.object.ref)}, {status.health.value}, {value(status.reason)}"
    lines = []
    if good is not None:
        since = f", with the content of {revision(good.content)}" if good.content else ""
        again = f"; v{one.running} runs it again" if one.running else ""
        lines.append(f"last good: {_known(good, now)}{since}{again}")
    if bad is None:
        lines.append("first bad: not recorded")
    elif bad.applied_by is not None or bad.version or status.object.kind.kind == "HelmRelease":
        after = ""
        if bad.applied_by is not None:
            shown = (
                f" applied {at_revision(bad.applied_revision, bad.subject, bad.origin)}"
                if bad.applied_revision
                else " changed its spec"
            )
            after = f", after {name_of(bad.applied_by)}{shown}"
        lines.append(f"first seen failing: chart {value(bad.revision)} at {when(bad.time, now)}{after}")
    else:
        lines.append(f"first seen failing: {_known(bad, now)}")
    if one.earlier is not None:
        lines.append(
            f"it had failed before with another chart or other values, last seen at {when(one.earlier, now)}; when "
            "it recovered from that is not recorded"
        )
    if good is not None and good.time is not None and bad is not None:
        timed = [replace(change, unchanged={}) for change in one.between if change.at is not None]
        near = "; ".join(_SENTENCES[change.type](change) for change in timed[:NAMES])
        rest = len(timed) - NAMES
        more = f"; {rest} more change{'s' * (rest > 1)}" if rest > 0 else ""
        if one.elsewhere:
            more += f"; {one.elsewhere} object{'s' * (one.elsewhere > 1)} changed elsewhere"
        revisions = (bad.revision, bad.applied_revision)
        other = any(revision and digest_of(revision) != digest_of(good.revision) for revision in revisions)
        besides = "besides this revision, " if other else ""
        near = near or "no change to it, its sources, its dependencies or what it applies"
        lines.append(f"in between: {besides}{near}{more}")
    if missing := [ref for change in one.between if change.at is None for ref in (change.ref, *change.alike)]:
        lines.append(f"missing now, since when is not recorded: {names(missing)}")
    return "\n".join((head, *(f"  {line}" for line in lines)))


def unknown_lines(some: Sequence[Regression], now: datetime) -> Iterator[str]:
    """Those that were never seen Ready, by the minute in which each was first seen failing."""
    yield "Never Ready, as far as is recorded; first seen failing at:"
    times = {one.status.object.ref: one.bad.time if one.bad is not None else None for one in some}
    minutes = {ref: time.replace(second=0) if time is not None else None for ref, time in times.items()}
    for minute in sorted({*minutes.values()}, key=lambda one: (one is None, one or now)):
        refs = (ref for ref, time in minutes.items() if time == minute)
        shown = "a time that is not recorded" if minute is None else f"{minute:%H:%M}"
        if minute is not None and minute.date() != now.date():
            shown = f"{minute:%Y-%m-%d %H:%M}"
        yield f"  {shown}: {names(refs, most=20, groups_most=20)}"
