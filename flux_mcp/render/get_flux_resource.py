"""The answer of get_flux_resource: one Flux object whole."""

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
from flux_mcp.flux.status import ObjectStatus
from flux_mcp.kubernetes.conditions import Condition
from flux_mcp.kubernetes.events import WARNING, EventSeries
from flux_mcp.kubernetes.workloads import Workload
from flux_mcp.render.answer import Answer
from flux_mcp.render.findings import finding_lines
from flux_mcp.render.objects import counts
from flux_mcp.render.settings import setting_lines
from flux_mcp.render.spec_fields import references, remote_by
from flux_mcp.render.text import age, revision
from flux_mcp.sanitize.quote import MESSAGE, message, name_of, value

NEIGHBOURS: Final = 25
"""Neighbours of one sort that are named."""
EVENTS: Final = 5
HISTORY: Final = 3
UNREADY: Final = 8
KINDS: Final = 40
"""Kinds of an inventory that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxResource(Answer):
    """One object with its neighbours.

    Attributes:
        item: what may be shown of it.
        workloads: those of its inventory, as far as they could be read.
        events: about it, newest first.
        audit: what is configured badly, as far as this tool reads.
    """

    title = "get_flux_resource"

    entry: ObjectStatus
    node: FluxNode
    item: Mapping[str, Any]
    graph: Graph
    statuses: Mapping[ObjectRef, ObjectStatus]
    read: frozenset[str]
    workloads: Mapping[ObjectRef, Workload]
    events: tuple[EventSeries, ...]
    audit: Audit

    def lines(self) -> Iterator[str]:
        yield self._title()
        yield from self._conditions()
        yield from self._revisions()
        yield from self._neighbours()
        yield from setting_lines(at(self.item, "spec"))
        yield from self._references()
        yield from finding_lines(self.audit)
        yield from self._inventory()
        yield from self._history()
        yield from self._events()

    def _title(self) -> str:
        one, entry = self.node.object, self.entry
        flags = f" ({' '.join(flag.value for flag in entry.flags)})" if entry.flags else ""
        parts = [f"{name_of(one.ref)}, {entry.health.value}{flags}"]
        parts += [value(entry.reason)] if entry.reason else []
        parts += [f"told {age(entry.since, self.request.now)} ago"] if entry.since else []
        parts += [f"suspended by {value(one.suspended_by)}"] if one.disabled and one.suspended_by else []
        parts += [f"finalizers {' '.join(map(value, one.finalizers[:3]))}"] if one.deleted else []
        return ", ".join(parts)

    def _conditions(self) -> Iterator[str]:
        said: set[str] = set()
        for condition in sorted(self.node.object.conditions, key=lambda one: one.type != "Ready"):
            told = "" if condition.message in said or not condition.message else f": {self._message(condition)}"
            said.add(condition.message)
            changed = age(condition.changed, self.request.now)
            yield f"condition {value(condition.type)} {condition.status}, {value(condition.reason)}, {changed}{told}"
        one = self.node.object
        if self.entry.health.value == "Stale":
            yield f"generation {one.generation} is wanted, the status is of an older one"

    def _message(self, condition: Condition) -> str:
        return message(condition.message, MESSAGE if condition.type == "Ready" else 300)

    def _revisions(self) -> Iterator[str]:
        one = self.node.object
        told = [
            f"{what} {revision(found)}"
            for what, found in (
                ("latest" if one.kind.kind == "HelmRelease" else "in force", one.revision),
                ("applied", one.applied_revision if one.applied_revision != one.revision else ""),
                ("last attempted", one.attempted_revision if one.attempted_revision != one.revision else ""),
                ("built from", one.origin[1]),
            )
            if found
        ]
        fetched = (self.graph.nodes[ref].object.artifact_revision for ref in one.sources if ref in self.graph.nodes)
        told += [f"source has {revision(found)}" for found in fetched if found]
        if told:
            yield f"revision: {', '.join(told)}"
        if one.url:
            key, wanted = one.wanted_ref
            yield f"url: {value(one.url)}" + (f", ref {key} {value(wanted)}" if wanted else "")

    def _neighbours(self) -> Iterator[str]:
        ref = self.node.ref
        yield from self._named("source", self.graph.source_chain(ref))
        yield from self._named("depends on", self.node.depends_on)
        yield from self._named("depended on by", self.graph.dependents(ref))
        yield from self._named("used by", self.graph.users(ref))
        yield from self._named("applied by", self.graph.owners(ref))
        if remote := remote_by(at(self.item, "spec")):
            told = " ".join(map(value, remote.split(" ")))
            yield f"applies to another cluster (by {told}): nothing of its inventory is looked up, there or here"

    def _named(self, how: str, refs: Sequence[ObjectRef]) -> Iterator[str]:
        if refs:
            more = f" and {len(refs) - NEIGHBOURS} more" if len(refs) > NEIGHBOURS else ""
            yield f"{how}: {'; '.join(self._neighbour(ref) for ref in refs[:NEIGHBOURS])}{more}"

    def _neighbour(self, ref: ObjectRef) -> str:
        entry = self.statuses.get(ref)
        if entry is None:
            return f"{name_of(ref)} {'missing' if ref.kind in self.read else 'not read'}"
        shown = f" {revision(entry.object.revision)}" if entry.object.revision else ""
        return f"{name_of(ref)} {entry.health.value}{shown}"

    def _references(self) -> Iterator[str]:
        said = " ".join(condition.message for condition in self.node.object.conditions).lower()
        told = []
        for kind, name in references(at(self.item, "spec")):
            missing = re.search(rf'\b{kind.lower()}s? "{re.escape(name.lower())}" not found', said) is not None
            told.append(f"{kind} {value(name)}{' missing' if missing else ''}")
        if told:
            yield f"refers to: {', '.join(told)} (Secrets are never read)"

    def _inventory(self) -> Iterator[str]:
        applied = self.node.applied
        if applied is None:
            return
        if self.node.remote:
            yield f"inventory: {len(applied)} objects on another cluster"
            return
        by_kinds: dict[str, list[InventoryEntry]] = defaultdict(list)
        for managed in applied:
            by_kinds[managed.kind].append(managed)
        told = [f"{value(kind)} {len(found)}{self._health(found)}" for kind, found in sorted(by_kinds.items())]
        more = f"; and {len(told) - KINDS} more kinds" if len(told) > KINDS else ""
        yield f"inventory: {len(applied)} objects" + (f": {'; '.join(told[:KINDS])}{more}" if told else "")
        unready = [one for one in map(self._workload, applied) if one is not None and one.ready < one.wanted]
        for one in unready[:UNREADY]:
            yield f"  {name_of(one.ref)} {one.ready}/{one.wanted} ready"
        if len(unready) > UNREADY:
            yield f"  and {len(unready) - UNREADY} more that are not ready"

    def _workload(self, managed: InventoryEntry) -> Workload | None:
        return self.workloads.get(managed.ref) if managed.workload is not None else None

    def _health(self, found: Iterable[InventoryEntry]) -> str:
        refs = [one.ref for one in found if one.is_flux]
        if entries := [self.statuses[ref] for ref in refs if ref in self.statuses]:
            return f" ({counts(sorted(entries, key=lambda entry: entry.order))})"
        workloads = [one for one in map(self._workload, found) if one is not None and one.ref.kind != CRON_JOB.kind]
        if workloads:
            ready = sum(one.ready >= one.wanted for one in workloads)
            return f" ({ready} ready)" if ready == len(workloads) else f" ({ready} ready, {len(workloads) - ready} not)"
        return ""

    def _history(self) -> Iterator[str]:
        for run in items(self.item, "status", "history")[:HISTORY]:
            told = ", ".join(filter(None, _release(run) if text(run, "chartVersion") else _run(run)))
            when = text(run, "lastReconciled") or text(run, "lastDeployed")
            yield f"history: {told}" + (f", last {value(when)}" if when else "")

    def _events(self) -> Iterator[str]:
        for folded in self.events[:EVENTS]:
            one = folded.last
            often = f" x{folded.count}" if folded.count > 1 else ""
            kind = "Warning " if one.type == WARNING else ""
            yield f"event: {age(one.seen, self.request.now)} {kind}{value(one.reason)}{often}: {message(one.message)}"
        if len(self.events) > EVENTS:
            yield f"event: {len(self.events) - EVENTS} more (get_kubernetes_events)"


def _release(run: object) -> Iterator[str]:
    yield f"release {number(run, 'version')}"
    yield f"{value(text(run, 'chartName'))} {value(text(run, 'chartVersion'))}"
    yield value(text(run, "status"))


def _run(run: object) -> Iterator[str]:
    shown = text(run, "metadata", "revision") or text(run, "metadata", "flux") or text(run, "digest")
    yield revision(shown) if shown else ""
    yield value(text(run, "lastReconciledStatus"))
    yield f"runs {number(run, 'totalReconciliations')}"
