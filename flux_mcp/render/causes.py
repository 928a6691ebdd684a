"""Lines about the causes of a diagnosis, in full for one object, shorter for a whole cluster."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flux_mcp.api.kubernetes_kinds import EVENT, POD
from flux_mcp.api.ref import ObjectRef
from flux_mcp.api.unstructured import at
from flux_mcp.diagnosis.blockers import Cause, CauseType
from flux_mcp.diagnosis.catalog.failure import Advice, Upstream
from flux_mcp.diagnosis.evidence import HealthEvidence
from flux_mcp.diagnosis.root_causes import Diagnosis
from flux_mcp.diagnosis.snapshot import SnapshotObject
from flux_mcp.diagnosis.workload_health import WorkloadFailure, workload_failures
from flux_mcp.flux.inventory import InventoryEntry
from flux_mcp.flux.status import Health, ObjectStatus
from flux_mcp.render.objects import object_line
from flux_mcp.render.spec_fields import setting_at
from flux_mcp.request import RequestContext
from flux_mcp.sanitize.project import project
from flux_mcp.sanitize.quote import MESSAGE, abbreviated, message, name_of, value

_INDENT: Final = "   "
_TITLES: Final = {CauseType.MISSING: "not found", CauseType.UNREAD: "NOT READ", CauseType.CONTROLLER: "down, see above"}
FIELDS: Final = 8
"""Fields below one that the catalog names that are shown."""
VALUES: Final = 5
STEPS: Final = 10
"""Objects between the one asked for and a cause that are named."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is said of a cause.

    Attributes:
        message: characters of a message.
        named: objects of one sort that are named.
        pods: Pods of one symptom that are named.
        advice: whether causes and fixes are shown.
        look: whether the fields to look at are told, with the ways that lead to the cause.
    """

    message: int
    named: int
    pods: int
    advice: bool = True
    look: bool = False


BRIEF: Final = Detail(message=MESSAGE, named=10, pods=1)
SHORT: Final = Detail(message=100, named=5, pods=1, advice=False)
FULL: Final = Detail(message=MESSAGE, named=20, pods=5, look=True)


def stalled_line(entry: ObjectStatus) -> str:
    """The Stalled condition, where it says another thing than Ready does; else nothing."""
    stalled = entry.object.condition("Stalled")
    if stalled is None or stalled.status != "True" or stalled.reason == entry.reason:
        return ""
    return f"condition Stalled, {value(stalled.reason)}: {message(stalled.message)}"


def advice_lines(advice: Advice) -> Iterator[str]:
    """What causes a failure and how to fix it."""
    yield f"cause: {advice.cause}"
    yield f"fix: {advice.fix}"


@dataclass(frozen=True, slots=True)
class Causes:
    """The causes of a diagnosis, as text.

    Attributes:
        objects: every Flux object, for the fields of its spec.
        health: what runs where health checks failed.
    """

    diagnosis: Diagnosis
    objects: Mapping[ObjectRef, SnapshotObject]
    health: HealthEvidence
    request: RequestContext

    def lines(self, position: int, number: int, detail: Detail, asked: ObjectRef | None = None) -> Iterator[str]:
        """The lines of one cause, numbered.

        Args:
            position: of the cause in the diagnosis.
            number: what stands before it.
            detail: how much is said.
            asked: the object that the question is about, which is told elsewhere.
        """
        cause = self.diagnosis.causes[position]
        yield f"{number}. {self._title(cause, detail, asked)}"
        for line in self._more(cause, position, detail, asked):
            yield _INDENT + line

    def _title(self, cause: Cause, detail: Detail, asked: ObjectRef | None) -> str:
        first = cause.members[0]
        entry = self.diagnosis.statuses.get(first)
        if cause.sort is CauseType.LOOP:
            several = f"{self._named(cause.members, detail.named)} wait for each other"
            return f"loop of dependsOn: {several if len(cause.members) > 1 else f'{name_of(first)} waits for itself'}"
        if cause.sort in _TITLES:
            return f"{name_of(first)}: {_TITLES[cause.sort]}"
        if first == asked:
            return f"{name_of(first)} itself"
        return object_line(entry, self.request, detail.message) if entry is not None else name_of(first)

    def _more(self, cause: Cause, position: int, detail: Detail, asked: ObjectRef | None) -> Iterator[str]:
        first = cause.members[0]
        if cause.sort is CauseType.FAILURE:
            if alike := cause.members[1:]:
                yield f"alike: {self._named(alike, detail.named)}"
            if first != asked and (stalled := stalled_line(self.diagnosis.statuses[first])):
                yield stalled
        found = self._symptoms(cause.members)
        for ref, several in found:
            yield from self._workload(ref, several, detail)
        if detail.advice:
            yield from self._advice(cause, [one for _, several in found for one in several])
        if detail.look:
            yield from self._look(cause, position, asked)
        behind = self.diagnosis.behind[position]
        if behind:
            yield f"behind it: {self._named(behind, detail.named)}"

    def _named(self, refs: Sequence[ObjectRef], most: int) -> str:
        more = f" and {len(refs) - most} more" if len(refs) > most else ""
        return "; ".join(self._brief(ref) for ref in refs[:most]) + more

    def _brief(self, ref: ObjectRef) -> str:
        """An object and its reason; of one that still looks Ready, that it does."""
        entry = self.diagnosis.statuses[ref]
        if entry.health is Health.READY:
            flags = " ".join(flag.value for flag in entry.flags)
            return f"{name_of(ref)} still Ready ({flags})"
        return f"{name_of(ref)} {value(entry.reason) if entry.reason else entry.health.value}"

    def _symptoms(self, members: Iterable[ObjectRef]) -> list[tuple[InventoryEntry, tuple[WorkloadFailure, ...]]]:
        """The workloads of these objects that are not ready, with what is wrong with each."""
        told: list[tuple[InventoryEntry, tuple[WorkloadFailure, ...]]] = []
        for one in self.diagnosis.workloads(members):
            if one in self.health.looked:
                ref = one.ref
                found = workload_failures(ref, self.health.observed)
                workload = self.health.observed.workloads.get(ref)
                calm = workload is not None and workload.ready >= workload.wanted and not found
                if not calm or len(told) == 0:
                    told.append((one, found))
        return told

    def _workload(self, one: InventoryEntry, found: Sequence[WorkloadFailure], detail: Detail) -> Iterator[str]:
        ref = one.ref
        if not found:
            yield f"{name_of(ref)}: {self._why_nothing(one)}"
        for symptom in found:
            yield failure_line(symptom, detail)

    def _why_nothing(self, one: InventoryEntry) -> str:
        ref = one.ref
        workload = self.health.observed.workloads.get(ref)
        if workload is None:
            return "not found" if (one.namespace, one.kind) in self.health.read else "was not looked at"
        unread = [kind for kind in (POD.kind, EVENT.kind) if (one.namespace, kind) not in self.health.read]
        told = f"{' and '.join(unread)} not read" if unread else "its Pods and events tell no more"
        progress = next((each for each in workload.conditions if each.status == "False"), None)
        why = f", {value(progress.reason)}" if progress is not None and workload.ready < workload.wanted else ""
        return f"{workload.ready}/{workload.wanted} ready now{why}; {told}"

    def _advice(self, cause: Cause, found: Iterable[WorkloadFailure]) -> Iterator[str]:
        advice: dict[Advice, None] = {one.advice: None for one in found if one.advice is not None}
        explained = bool(advice)
        failures = self.diagnosis.blocked[cause.members[0]].failures if cause.sort is CauseType.FAILURE else ()
        waiting = {each.advice for each in failures if each.upstream is Upstream.HEALTH}
        # Where the Pods tell why, that something was not ready in time is no news.
        advice |= dict.fromkeys(one for one in cause.advice if not (explained and one in waiting))
        if not cause.known and not explained:
            yield "cause: not in the catalog of known failures; only the message is known"
        for one in advice:
            yield from advice_lines(one)

    def _look(self, cause: Cause, position: int, asked: ObjectRef | None) -> Iterator[str]:
        if cause.sort is CauseType.FAILURE and (told := self._fields(cause.members[0])):
            yield f"look at: {', '.join(told)}"
        if asked is not None:
            way = self.diagnosis.way(asked, position)
            if len(way) > 1:
                between = [self._step(ref) for ref in way[1:-1][:STEPS]]
                between += [f"… {len(way) - 2 - STEPS} more"] if len(way) - 2 > STEPS else []
                yield f"way: {' → '.join((name_of(way[0]), *between, name_of(way[-1])))}"

    def _step(self, ref: ObjectRef) -> str:
        entry = self.diagnosis.statuses[ref]
        return f"{name_of(ref)} {entry.health.value} {value(entry.reason) if entry.reason else ''}".rstrip()

    def _fields(self, ref: ObjectRef) -> tuple[str, ...]:
        """The fields that the catalog names, with what is in them."""
        item = self.objects[ref].item if ref in self.objects else None
        if item is None:
            return ()
        spec = at(project(item), "spec")
        paths = dict.fromkeys(path for each in self.diagnosis.blocked[ref].failures for path in each.look)
        return tuple(told for path in paths for told in _fields(spec, path))


def _fields(spec: object, path: str) -> Iterator[str]:
    found = setting_at(spec, path)
    if not found:
        yield f"spec.{path} not set"
    for one in found[:FIELDS]:
        yield f"spec.{value(one.path)} {' '.join(map(value, one.values[:VALUES])) or '(not shown)'}"


def failure_line(one: WorkloadFailure, detail: Detail) -> str:
    """`Pod apps/web-1, main ImagePullBackOff, image ghcr.io/acme/web:1: "…"`."""
    more = f" and {len(one.about) - detail.pods} more" if len(one.about) > detail.pods else ""
    names = ", ".join(f"{value(ref.namespace)}/{value(ref.name)}" for ref in one.about[: detail.pods])
    container = f"{value(one.container)} " if one.container else ""
    parts = [
        f"{value(one.about[0].kind)} {names}{more}",
        f"{container}{value(one.reason)}",
        f"image {abbreviated(one.image)}" if one.image else "",
        f"last {value(one.last)}" if one.last and one.last.partition(" ")[0] != one.reason else one.last,
        f"restarts {one.restarts}" if one.restarts else "",
    ]
    # What is known by its reason needs no message where there is little room.
    told = message(one.message, detail.message) if one.message and (detail.look or not one.image) else ""
    return ", ".join(filter(None, parts)) + (f": {told}" if told else "")
