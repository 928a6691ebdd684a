"""The answer of get_flux_resource: one Flux object in detail."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flux_mcp.api.kubernetes_kinds import CRON_JOB
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at, items, number, text
from flux_mcp.audit.run import Audit
from flux_mcp.flux.graph import FluxNode, Graph
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.kubernetes.events import WARNING, EventSeries
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.render.answer import Answer
from flux_mcp.render.findings import finding_lines
from flux_mcp.render.objects import FINALIZERS, counts, health_and_flags
from flux_mcp.render.settings import setting_lines
from flux_mcp.render.spec_fields import references, remote_by
from flux_mcp.render.text import age, revision, whole_revision
from flux_mcp.sanitize.quote import message, name_of, value

RELATED: Final = 25
"""Related objects that are named under one heading."""
EVENTS: Final = 5
HISTORY: Final = 3
UNREADY: Final = 8
KINDS: Final = 40
"""Kinds of an inventory that are named."""
_APPLIERS: Final = frozenset({"Kustomization", "HelmRelease"})
"""Kinds whose controllers leave what they applied where the object was suspended when it was deleted."""
_EVENTS_TOOL: Final = "get_kubernetes_events"


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxResource(Answer):
    """One object and what is related to it.

    Attributes:
        item: what may be shown of it.
        read: the kinds of which all objects were read.
        workloads: those of its inventory, as far as they could be read.
        workload_kinds: the kinds of them of which all were read.
        events: about it, newest first.
        audit: the findings about it, as far as the Flux objects alone show them.
    """

    title = "get_flux_resource"

    status: ObjectStatus
    node: FluxNode
    item: Mapping[str, Any]
    graph: Graph
    statuses: Mapping[ObjectRef, ObjectStatus]
    read: frozenset[str]
    workloads: Mapping[ObjectRef, Workload]
    workload_kinds: frozenset[str]
    events: tuple[EventSeries, ...]
    audit: Audit

    def lines(self) -> Iterator[str]:
        yield self._title()
        yield from _section("conditions:", self._conditions())
        yield from _section("revisions:", self._revisions())
        yield from self._related()
        yield from setting_lines(at(self.item, "spec"))
        yield from _section("refers to (Secrets are never read):", self._references())
        yield from finding_lines(self.audit)
        yield from self._inventory()
        yield from _section("history:", self._history())
        yield from _section("events:", self._events())

    def _title(self) -> str:
        flux, status = self.node.object, self.status
        parts = [name_of(flux.ref), health_and_flags(status)]
        parts += [value(status.reason)] if status.reason else []
        parts += [self._since(status)] if status.since else []
        if status.health is Health.STALE:
            parts.append(f"generation {flux.generation} is not yet observed")
        parts += [f"suspended by {value(flux.suspended_by)}"] if flux.disabled and flux.suspended_by else []
        parts += [f"finalizers {' '.join(map(value, flux.finalizers[:FINALIZERS]))}"] if flux.deleted else []
        return ", ".join(parts)

    def _since(self, status: ObjectStatus) -> str:
        since = f"{age(status.since, self.request.now)} ago"
        return f"last transition {since}" if status.object.ready is not None else f"created {since}"

    def _conditions(self) -> Iterator[str]:
        shown: dict[str, str] = {"": ""}
        for condition in sorted(self.node.object.conditions, key=lambda condition: condition.type != "Ready"):
            parts = [f"{value(condition.type)} is {condition.status}"]
            parts += [value(condition.reason)] if condition.reason else []
            if condition.changed is not None:
                parts.append(f"last transition {age(condition.changed, self.request.now)} ago")
            if condition.message in shown:
                parts += [f"same message as {shown[condition.message]}"] if condition.message else []
                yield ", ".join(parts)
            else:
                shown[condition.message] = value(condition.type)
                yield f"{', '.join(parts)}: {message(condition.message)}"

    def _revisions(self) -> Iterator[str]:
        flux = self.node.object
        fetched = (self.graph.nodes[ref].object.artifact_revision for ref in flux.sources if ref in self.graph.nodes)
        found = [
            ("latest release" if flux.kind.kind == "HelmRelease" else "current", flux.revision),
            ("applied", flux.applied_revision if flux.applied_revision != flux.revision else ""),
            ("last attempted", flux.attempted_revision if flux.attempted_revision != flux.revision else ""),
            ("built from", flux.origin[1]),
            *(("in its source", artifact) for artifact in fetched),
        ]
        shown: dict[str, str] = {}
        for which, full in found:
            if full:
                yield f"{which}: " + (f"same as {shown[full]}" if full in shown else whole_revision(full))
                shown.setdefault(full, which)

    def _related(self) -> Iterator[str]:
        ref = self.node.ref
        yield from self._named("sources:", self.graph.source_chain(ref))
        yield from self._named("depends on:", self.node.depends_on)
        yield from self._named("dependents:", self.graph.dependents(ref))
        yield from self._named("used by:", self.graph.users(ref))
        yield from self._named("applied by:", self.graph.owners(ref))
        if remote := remote_by(at(self.item, "spec")):
            named = " ".join(map(value, remote.split(" ")))
            yield f"applies to another cluster, named by {named}: nothing of its inventory is looked up"

    def _named(self, heading: str, refs: Sequence[ObjectRef]) -> Iterator[str]:
        more = (f"and {len(refs) - RELATED} more",) if len(refs) > RELATED else ()
        yield from _section(heading, (*map(self._related_line, refs[:RELATED]), *more))

    def _related_line(self, ref: ObjectRef) -> str:
        status = self.statuses.get(ref)
        if status is None:
            return f"{name_of(ref)}: {'missing' if ref.kind in self.read else 'could not be read'}"
        shown = f", {revision(status.object.revision)}" if status.object.revision else ""
        return f"{name_of(ref)}, {health_and_flags(status)}{shown}"

    def _references(self) -> Iterator[str]:
        messages = " ".join(condition.message for condition in self.node.object.conditions).lower()
        for kind, name in references(at(self.item, "spec")):
            missing = re.search(rf'\b{kind.lower()}s? "{re.escape(name.lower())}" not found', messages) is not None
            yield f"{kind} {value(name)}{': missing' if missing else ''}"

    def _inventory(self) -> Iterator[str]:
        entries = self.node.applied
        if entries is None:
            return
        yield f"inventory: {len(entries)} object{'' if len(entries) == 1 else 's'}" + (
            " on another cluster" if self.node.remote else ""
        )
        if self.node.remote:
            return
        if self.status.health is Health.SUSPENDED and self.node.ref.kind in _APPLIERS:
            yield f"  suspended: deleting the {self.node.ref.kind} now leaves these objects in place"
        by_kind: dict[str, list[InventoryEntry]] = defaultdict(list)
        for entry in entries:
            by_kind[entry.kind].append(entry)
        for kind, of_kind in sorted(by_kind.items())[:KINDS]:
            yield f"  {value(kind)}: {len(of_kind)}{self._health(of_kind)}"
        if len(by_kind) > KINDS:
            yield f"  and {len(by_kind) - KINDS} more kinds"
        found = (self._workload(entry) for entry in entries)
        unready = [workload for workload in found if workload is not None and workload.ready < workload.wanted]
        for entry in [entry for entry in entries if self._missing(entry)][:UNREADY]:
            yield f"  {name_of(entry.ref)}: does not exist"
        for workload in unready[:UNREADY]:
            yield f"  {name_of(workload.ref)}: {workload.ready} of {workload.wanted} ready"
        if len(unready) > UNREADY:
            yield f"  and {len(unready) - UNREADY} more that are not ready"

    def _workload(self, entry: InventoryEntry) -> Workload | None:
        return self.workloads.get(entry.ref) if entry.workload is not None else None

    def _missing(self, entry: InventoryEntry) -> bool:
        """Whether it is a workload that does not exist."""
        return entry.stays and entry.kind in self.workload_kinds and entry.ref not in self.workloads

    def _health(self, entries: Sequence[InventoryEntry]) -> str:
        refs = [entry.ref for entry in entries if entry.is_flux]
        if statuses := [self.statuses[ref] for ref in refs if ref in self.statuses]:
            return f" ({counts(statuses)})"
        found = (self._workload(entry) for entry in entries)
        workloads = [workload for workload in found if workload is not None and workload.ref.kind != CRON_JOB.kind]
        ready = sum(workload.ready >= workload.wanted for workload in workloads)
        missing = sum(map(self._missing, entries))
        parts = [f"{ready} ready"] if workloads else []
        parts += [f"{len(workloads) - ready} not ready"] if ready < len(workloads) else []
        parts += [f"{missing} missing"] if missing else []
        return f" ({', '.join(parts)})" if parts else ""

    def _history(self) -> Iterator[str]:
        for run in items(self.item, "status", "history")[:HISTORY]:
            yield ", ".join(filter(None, _release(run) if text(run, "chartVersion") else _run(run)))

    def _events(self) -> Iterator[str]:
        for folded in self.events[:EVENTS]:
            event = folded.last
            often = f", {folded.count} times" if folded.count > 1 else ""
            reason = f"{'Warning ' if event.type == WARNING else ''}{value(event.reason)}"
            yield f"{age(event.seen, self.request.now)} ago{often}, {reason}: {message(event.message)}"
        if len(self.events) > EVENTS:
            how = f": {_EVENTS_TOOL} lists them" if self.request.offers(_EVENTS_TOOL) else ""
            yield f"and {len(self.events) - EVENTS} more{how}"


def _section(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """The lines below their heading; nothing without lines."""
    if below := [f"  {line}" for line in lines]:
        yield from (heading, *below)


def _release(run: object) -> Iterator[str]:
    yield f"release {number(run, 'version')}: chart {value(text(run, 'chartName'))} {value(text(run, 'chartVersion'))}"
    yield value(text(run, "status"))
    yield _when("last deployed", text(run, "lastDeployed"))


def _run(run: object) -> Iterator[str]:
    shown = text(run, "metadata", "revision") or text(run, "metadata", "flux") or text(run, "digest")
    yield revision(shown) if shown else ""
    yield value(text(run, "lastReconciledStatus"))
    times = number(run, "totalReconciliations")
    yield f"{times} run{'' if times == 1 else 's'}"
    yield _when("last run", text(run, "lastReconciled"))


def _when(what: str, time: str) -> str:
    return f"{what} at {value(time)}" if time else ""
